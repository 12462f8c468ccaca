"""The report in a real browser: offline, in light and dark, on a desk and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from in_chromium import DESKTOP, PATIENCE, PHONE, fits, grave_faults, needs_chromium, open_browser
from playwright.sync_api import Browser, Page

from albumart.reports.report import render_report

pytestmark = needs_chromium

REPORTS = ("full_report", "multi_report", "minimal_report")
# Section → its height, how much it says, and what of it stands out of the page to the right.
LOOK = """() => [...document.querySelectorAll("main > section")].map(section => ({
    id: section.id,
    words: section.querySelector(".body").innerText.split(/\\s+/).length,
    height: section.getBoundingClientRect().height,
    out: [...section.querySelectorAll("p, figure, .scroll, ul, dl, h2, h3")].filter(
        each => each.getBoundingClientRect().right > innerWidth + 1).length,
}))"""
# Pairs of texts in one drawing that lie on each other; of slanted ones the boxes say nothing.
OVERLAPS = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
    const texts = [...svg.querySelectorAll("text")].filter(
        text => !/rotate\\(-?(?!0|90|180|270)\\d/.test(text.outerHTML)).map(
        text => [text.textContent.trim(), text.getBoundingClientRect()]);
    const lie = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    return texts.flatMap(([name, box], at) => texts.slice(at + 1)
        .filter(([other, its]) => name && other && lie(box, its))
        .map(([other]) => `${name} / ${other}`));
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {
        name: render_report(request.getfixturevalue(name), folder / f"{name}.html")
        for name in REPORTS
    }


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Offline, and in whose console nothing is said."""
    context = browser.new_context(viewport=DESKTOP, offline=True)
    context.set_default_timeout(PATIENCE)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


@pytest.mark.parametrize("name", REPORTS)
def test_it_opens_alone_and_nothing_of_it_is_blank_or_cut_off(
    page: Page, pages: dict[str, Path], name: str
) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [pages[name].as_uri()]
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert fits(page)
        looked = page.evaluate(LOOK)
        assert len(looked) > 5
        assert [each for each in looked if each["words"] < 5 or each["height"] < 40] == []
        assert [each["id"] for each in looked if each["out"]] == []


@pytest.mark.parametrize("name", REPORTS)
def test_no_text_of_a_drawing_lies_on_another(
    page: Page, pages: dict[str, Path], name: str
) -> None:
    page.goto(pages[name].as_uri())
    assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_grave_fault(browser: Browser, pages: dict[str, Path], scheme: str) -> None:
    # axe is a script, which the report's own policy forbids: here alone it does not hold.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page, faults = context.new_page(), []
    for name, path in pages.items():
        page.goto(path.as_uri())
        faults += [f"{name}: {fault}" for fault in grave_faults(page)]
    context.close()
    assert faults == []


def test_the_keyboard_reaches_the_results_and_what_scrolls(
    page: Page, pages: dict[str, Path]
) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(pages["full_report"].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#results"
    stuck = """() => [...document.querySelectorAll(".scroll")].filter(
        box => box.scrollWidth > box.clientWidth + 1 && box.tabIndex < 0).length"""
    assert page.evaluate(stuck) == 0


def test_on_paper_everything_is_unfolded(page: Page, pages: dict[str, Path]) -> None:
    page.goto(pages["full_report"].as_uri())
    folded = page.locator("details table").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.pdf()[:5] == b"%PDF-"
