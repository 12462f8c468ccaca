"""The pages in a real browser: what a designer does, what a screen reader stumbles on."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from in_chromium import DESKTOP, PATIENCE, PHONE, fits, grave_faults, needs_chromium, open_browser
from made_site import STUDY, made_cover
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from albumart.stores.workspace import Workspace
from albumart.web.app import create_app
from albumart.web.options import WebOptions
from albumart.web.server import Server

pytestmark = needs_chromium

PAGES = (
    *("try", "explore", "explore?label=red&answer=wrong", "map", "map?label=blue", "models"),
    *("models/1", "guess", "guess/figures", "albums/bandcamp:red001", "../../api", "nowhere"),
)


@contextmanager
def serving(workspace: Workspace, options: WebOptions) -> Iterator[str]:
    """The address of a server in a thread of its own."""
    is_there, told = threading.Event(), []

    def announce(address: str) -> None:
        told.append(address)
        is_there.set()

    app = create_app(workspace, options)
    server = Server(app, host="127.0.0.1", port=0, announce=announce)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert is_there.wait(120)
    yield told[0]
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def address(filled: Workspace) -> Iterator[str]:
    """Of the study's pages."""
    with serving(filled, WebOptions()) as told:
        yield f"{told}/studies/{STUDY}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in whose console nothing is said of the content security policy."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE)
    page, said = context.new_page(), []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


@pytest.fixture
def covers(tmp_path: Path) -> dict[str, Path]:
    """Files to choose."""
    made = {name: made_cover(name, 77) for name in ("red", "blue")}
    made["text"] = b"Dear diary, this is no cover."
    paths = {name: tmp_path / f"{name}.jpg" for name in made}
    for name, path in paths.items():
        path.write_bytes(made[name])
    return paths


def test_a_cover_is_chosen_and_judged(page: Page, address: str, covers: dict[str, Path]) -> None:
    page.goto(f"{address}/map")
    expect(page.locator("svg.map")).to_be_visible()  # the collection was looked at
    page.goto(f"{address}/try")
    with page.expect_file_chooser() as chooser:
        page.locator("#covers").click()
    chooser.value.set_files(covers["red"])
    expect(page.locator(".verdict")).to_contain_text("Reads as red")
    expect(page.locator(".status")).to_contain_text("Reads as red")  # read out
    expect(page.locator(".near li")).to_have_count(6)
    heat = page.locator("img.heat")
    expect(heat).to_have_css("opacity", "0")
    page.get_by_label("Where it looked for red").check()
    expect(heat).to_have_css("opacity", "1")
    page.locator("#intended").select_option("blue")
    expect(page.locator(".verdict")).to_contain_text("it would be taken for red")


def test_two_covers_are_compared_and_one_is_taken_out(
    page: Page, address: str, covers: dict[str, Path]
) -> None:
    page.goto(f"{address}/try")
    page.locator("#covers").set_input_files([covers["red"], covers["blue"]])
    expect(page.locator(".comparison")).to_contain_text("Of these 2 covers")
    expect(page.locator(".result")).to_have_count(2)
    page.get_by_role("button", name="Take red.jpg out").click()
    expect(page.locator(".result")).to_have_count(1)
    expect(page.locator(".verdict")).to_contain_text("Reads as blue")


def test_covers_are_dropped_and_pasted(page: Page, address: str) -> None:
    page.goto(f"{address}/try")
    handing = """([kind, numbers]) => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(numbers)], `${kind}.jpg`, {type: "image/jpeg"}));
        const event = kind === "drop"
            ? new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: files, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);
    }"""
    page.evaluate(handing, ["drop", list(made_cover("green", 5))])
    expect(page.locator(".verdict")).to_contain_text("Reads as green")
    page.evaluate(handing, ["paste", list(made_cover("red", 5))])
    expect(page.locator(".result")).to_have_count(2)


def test_a_text_file_is_refused_with_a_sentence(
    page: Page, address: str, covers: dict[str, Path]
) -> None:
    page.goto(f"{address}/try")
    page.locator("#covers").set_input_files(covers["text"])
    expect(page.locator(".refused")).to_contain_text(
        "text.jpg is not an image: expected a JPEG, PNG, WebP or GIF; got text"
    )


def test_ten_covers_are_guessed(page: Page, address: str) -> None:
    page.goto(f"{address}/guess")
    page.get_by_label("What shall we call you?").fill("Grace")
    page.get_by_role("button", name="Begin").click()
    for number in range(10):
        expect(page.get_by_text(f"Cover {number + 1} of")).to_be_visible()
        page.wait_for_load_state("networkidle")
        page.keyboard.press(str(number % 3 + 1))
        expect(page.locator(".outcome")).to_contain_text("The model says")
        if number < 9:
            page.get_by_role("link", name="Next cover").click()
    page.get_by_role("link", name="See the figures").click()
    expect(page.get_by_role("heading", name="People and the model")).to_be_visible()
    expect(page.get_by_role("row", name="Grace")).to_contain_text("10")


def test_a_report_runs_no_script(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/models/1/report")
    assert page.title() == "r"
    assert "The report" in page.content()
    page.close()


@pytest.fixture(params=["light", "dark"])
def looked_at(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page that axe may look at: it evaluates text as code, which our policy forbids."""
    context = browser.new_context(color_scheme=request.param, bypass_csp=True)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def test_axe_finds_no_grave_fault(looked_at: Page, address: str, covers: dict[str, Path]) -> None:
    page, faults = looked_at, []
    for path in PAGES:
        page.goto(f"{address}/{path}")
        if page.title().startswith("One moment"):
            page.wait_for_selector(".tile, svg.map")
        faults += [f"{path}: {fault}" for fault in grave_faults(page)]
        assert fits(page), path
    page.goto(f"{address}/try")
    page.locator("#covers").set_input_files([covers["red"], covers["text"]])
    page.wait_for_selector(".verdict")
    faults += [f"answers: {fault}" for fault in grave_faults(page)]
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in PAGES:
        page.goto(f"{address}/{path}")
        assert fits(page), path
    assert faults == []


def test_axe_finds_no_grave_fault_in_the_game(looked_at: Page, address: str) -> None:
    page, faults = looked_at, []
    page.goto(f"{address}/guess")
    page.get_by_label("What shall we call you?").fill("Alan")
    page.get_by_role("button", name="Begin").click()
    page.get_by_text(re.compile(r"Cover \d+ of")).wait_for()
    faults += grave_faults(page)
    page.keyboard.press("1")
    page.locator(".outcome").wait_for()
    faults += grave_faults(page)
    assert fits(page)
    assert faults == []


def test_axe_finds_no_grave_fault_before_there_is_anything(
    looked_at: Page, workspace: Workspace
) -> None:
    page, faults = looked_at, []
    token = "a token of some length"
    with serving(workspace, WebOptions(token=token)) as address:
        page.goto(address)
        faults += grave_faults(page)
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("albumart run sandbox-genre").wait_for()
        faults += grave_faults(page)
    assert faults == []
