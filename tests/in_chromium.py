"""Debian's Chromium, driven by Playwright, and axe-core, which finds what a screen reader needs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM: Final = shutil.which("chromium")
# Root has no sandbox; and whatever a page may ask for, no name is looked up.
ARGUMENTS: Final = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PATIENCE: Final = 60_000  # milliseconds: two cores may have other tests to run
GRAVE: Final = ("serious", "critical")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: make chromium")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """One browser; each test opens a context of its own in it."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def grave_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical, with some of the elements."""
    response = Axe().run(page).response
    assert len(response["passes"]) > 5  # it did look
    return [
        f"{each['id']}: {each['help']} {[node['html'][:200] for node in each['nodes']][:3]}"
        for each in response["violations"]
        if each["impact"] in GRAVE
    ]


def fits(page: Page) -> bool:
    """Whether nothing makes the page wider than the window, nor stands out of its middle."""
    wider = """() => ["html", "main"].map(name => document.querySelector(name))
        .filter(each => each && each.scrollWidth > each.clientWidth + 4).length"""
    return page.evaluate(wider) == 0
