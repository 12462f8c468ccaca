"""AllMusic's pages as fixtures, and ways to read and to change them."""

from pathlib import Path

from albumart.album import Album
from albumart.sources import Page
from albumart.sources.allmusic import parse

FIXTURES = Path(__file__).parents[1] / "fixtures" / "allmusic"
SAVED = "file:///saved/page.html"
MOODS, REVIEW, HOME = ((FIXTURES / f"{n}.html").read_bytes() for n in ("moods", "review", "home"))
OF_2013, OF_2021, OF_2022 = (
    (FIXTURES / f"album_{year}.html").read_bytes() for year in (2013, 2021, 2022)
)


def page(body: bytes, *parts: bytes, url: str = SAVED) -> Page:
    also = tuple(Page("allmusic", f"{url}/part{n}", part) for n, part in enumerate(parts))
    return Page("allmusic", url, body, also)


def read(body: bytes, *parts: bytes, url: str = SAVED) -> Album:
    (album,) = parse(page(body, *parts, url=url))
    return album


def change(body: bytes, old: str, new: str) -> bytes:
    assert body.count(old.encode()) == 1
    return body.replace(old.encode(), new.encode())
