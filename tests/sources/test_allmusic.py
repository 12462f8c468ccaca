"""Asking AllMusic: listings, albums, what is loaded beside them; against the sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from albumart.errors import BadStudy, NotFound, ParseError
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.sandbox.allmusic import LISTED
from albumart.sandbox.allmusic_pages import MadeEntry
from albumart.sandbox.server import Sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES, Page, Query
from albumart.sources import allmusic as source
from albumart.sources.allmusic import COVER_POLICY, LISTING_PAGES, LISTING_URL, PAGE_POLICY

FIXTURES = Path(__file__).parents[1] / "fixtures" / "allmusic"
HOST = "www.allmusic.com"


@pytest.fixture
def entries(made_site: MadeSite) -> tuple[MadeEntry, ...]:
    return made_site.guide.entries


def of_layout(entries: tuple[MadeEntry, ...], *, new: bool) -> MadeEntry:
    return next(e for e in entries if e.is_new_layout is new and e.reviewer and e.album.rating > 1)


class ScriptedCrawl:
    """Answers from a table of pages; what is not in it did not come."""

    def __init__(self, pages: Mapping[str, bytes], old: frozenset[str] = frozenset()) -> None:
        self._pages, self._old = pages, old
        self.asked: list[str] = []
        self.fresh: dict[str, timedelta | None] = {}

    def get(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_for: timedelta | None = None,
    ) -> Page | None:
        assert policy is PAGE_POLICY
        self.asked.append(url)
        self.fresh[url] = fresh_for
        if url not in self._pages:
            return None
        return Page("allmusic", url, self._pages[url], is_new=url not in self._old)

    def keep(self, url: str, body: bytes) -> Page:
        raise AssertionError(url)

    def download(self, url: str, policy: FetchPolicy) -> Path:
        raise AssertionError(url)

    def expect(self, pages: int) -> None:
        pass


ALBUM = "https://www.allmusic.com/album/glass-harbour-mw0001234567"
NEW_ALBUM = "https://www.allmusic.com/album/salt-window-mw0007654321"
PAGES = {
    LISTING_URL: f'<a href="{ALBUM}">x</a><a href="{NEW_ALBUM}">x</a>'.encode(),
    ALBUM: (FIXTURES / "album_2021.html").read_bytes(),
    f"{ALBUM}/moodsThemesAjax": (FIXTURES / "moods.html").read_bytes(),
    NEW_ALBUM: (FIXTURES / "album_2022.html").read_bytes(),
    f"{NEW_ALBUM}/moodsThemesAjax": (FIXTURES / "moods.html").read_bytes(),
    f"{NEW_ALBUM}/reviewAjax": (FIXTURES / "review.html").read_bytes(),
}


def test_every_album_of_every_page_of_the_listing_comes_whole(
    crawl_of: Callable[..., object], entries: tuple[MadeEntry, ...], made_sources: Sandbox
) -> None:
    crawl = crawl_of("allmusic")
    made_sources.requests.clear()
    pages = list(source.fetch(crawl, Query()))
    assert [page.url for page in pages] == [entry.url for entry in entries]
    assert crawl.expected == len(crawl.asked) == len(set(crawl.asked))
    listings = -(-len(entries) // LISTED)
    parts = sum(1 + entry.is_new_layout for entry in entries)
    assert len(crawl.asked) == listings + len(entries) + parts
    albums = [album for page in pages for album in source.parse(page)]
    assert [album.moods for album in albums] == [entry.album.moods for entry in entries]
    assert [album.review for album in albums] == [
        entry.album.review if entry.reviewer else None for entry in entries
    ]


def test_moods_are_asked_for_with_the_album_as_the_referer(
    crawl_of: Callable[..., object], entries: tuple[MadeEntry, ...], made_sources: Sandbox
) -> None:
    entry = of_layout(entries, new=True)
    made_sources.requests.clear()
    (page,) = source.fetch(crawl_of("allmusic"), Query(url=entry.url))
    asked = {seen.path: seen.referer for seen in made_sources.requests.all(HOST)}
    asked.pop("/robots.txt", None)
    assert asked == {
        entry.path: "",
        f"{entry.path}/moodsThemesAjax": entry.url,
        f"{entry.path}/reviewAjax": entry.url,
    }
    (album,) = source.parse(page)
    assert (album.reviewer, album.review) == (entry.reviewer, entry.album.review)
    assert album.rating == entry.album.rating


def test_a_missing_album_is_the_home_page_and_stops_its_parser(
    crawl_of: Callable[..., object],
) -> None:
    crawl = crawl_of("allmusic")
    (page,) = source.fetch(crawl, Query(url="https://www.allmusic.com/album/none-mw0000000000"))
    assert len(crawl.asked) == 1
    with pytest.raises(ParseError, match="the page of mw0000000000"):
        list(source.parse(page))


def test_covers_come(client: PoliteClient, entries: tuple[MadeEntry, ...]) -> None:
    entry = next(entry for entry in entries if entry.cover)
    url = f"https://rovimusic.rovicorp.com/image.jpg?c={entry.cover}&f=5"
    assert SOURCES["allmusic"].fetch_cover(client, url).status in (200, 404)


def test_a_listing_is_asked_for_each_time_and_albums_seldom() -> None:
    crawl = ScriptedCrawl(PAGES)
    assert len(list(source.fetch(crawl, Query()))) == 2
    assert {url for url, fresh in crawl.fresh.items() if fresh is None} == {LISTING_URL}
    assert {fresh for fresh in crawl.fresh.values() if fresh} == {timedelta(days=180)}


def test_an_album_whose_moods_did_not_come_waits() -> None:
    crawl = ScriptedCrawl({u: b for u, b in PAGES.items() if u != f"{ALBUM}/moodsThemesAjax"})
    assert [page.url for page in source.fetch(crawl, Query())] == [NEW_ALBUM]


def test_an_album_whose_review_did_not_come_does_not() -> None:
    crawl = ScriptedCrawl({u: b for u, b in PAGES.items() if not u.endswith("reviewAjax")})
    page = list(source.fetch(crawl, Query()))[1]
    (album,) = source.parse(page)
    assert (album.title, album.review) == ("Salt Window", None)


def test_an_album_that_did_not_come_leaves_the_others() -> None:
    crawl = ScriptedCrawl({u: b for u, b in PAGES.items() if u != ALBUM})
    assert [page.url for page in source.fetch(crawl, Query())] == [NEW_ALBUM]
    assert f"{ALBUM}/moodsThemesAjax" not in crawl.asked


@pytest.mark.parametrize(
    ("old", "is_new"),
    [
        ((ALBUM, f"{ALBUM}/moodsThemesAjax"), False),
        ((ALBUM,), True),
        ((f"{ALBUM}/moodsThemesAjax",), True),
    ],
)
def test_an_album_is_new_where_its_page_or_its_moods_are(
    old: tuple[str, ...], is_new: bool
) -> None:
    crawl = ScriptedCrawl(PAGES, frozenset(old))
    (page,) = source.fetch(crawl, Query(url=ALBUM))
    assert page.is_new is is_new
    assert [part.url for part in page.also] == [f"{ALBUM}/moodsThemesAjax"]


def test_a_page_with_its_own_moods_needs_no_other() -> None:
    url = "https://www.allmusic.com/album/copper-choir-mw0000555666"
    crawl = ScriptedCrawl({url: (FIXTURES / "album_2013.html").read_bytes()})
    (page,) = source.fetch(crawl, Query(url=url))
    assert (crawl.asked, page.also) == ([url], ())


def test_a_listing_that_did_not_come_ends_it() -> None:
    assert list(source.fetch(ScriptedCrawl({}), Query())) == []


def test_a_listing_that_links_to_no_album_stops() -> None:
    with pytest.raises(ParseError, match="expected links to albums"):
        list(source.fetch(ScriptedCrawl({LISTING_URL: b"<p>Nothing</p>"}), Query()))


def test_listings_that_go_on_for_ever_are_left() -> None:
    urls = [LISTING_URL, *(f"{LISTING_URL}?page={n}" for n in range(2, LISTING_PAGES + 9))]
    link = f'<a href="{ALBUM}">x</a><a rel="next" href="?page={{}}">'
    pages = {url: link.format(n).encode() for n, url in enumerate(urls, start=2)}
    crawl = ScriptedCrawl(PAGES | pages)
    assert len(list(source.fetch(crawl, Query()))) == 1
    assert crawl.asked.count(ALBUM) == 1
    assert len([url for url in crawl.asked if url in pages]) == LISTING_PAGES


def test_a_listing_that_calls_itself_next_is_read_once() -> None:
    pages = PAGES | {LISTING_URL: f'<a href="{ALBUM}"><a rel="next" href="{LISTING_URL}">'.encode()}
    crawl = ScriptedCrawl(pages)
    assert len(list(source.fetch(crawl, Query()))) == 1
    assert crawl.asked.count(LISTING_URL) == 1


def test_a_file_names_listings_and_albums(tmp_path: Path) -> None:
    path = tmp_path / "albums.txt"
    path.write_text(f"\ufeff{NEW_ALBUM}\r\n\n  {LISTING_URL}\n{ALBUM}?x=1\n", encoding="utf-8")
    pages = list(source.fetch(ScriptedCrawl(PAGES), Query(url=str(path))))
    assert [page.url for page in pages] == [NEW_ALBUM, ALBUM]


def test_a_line_that_is_no_address_stops_before_anything_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "albums.txt"
    path.write_text(f"{ALBUM}\nhttps://elsewhere.test/album/x-mw0000000001\n")
    crawl = ScriptedCrawl(PAGES)
    with pytest.raises(
        ParseError, match=r"albums\.txt, line 2: expected an address at https://www"
    ):
        list(source.fetch(crawl, Query(url=str(path))))
    assert crawl.asked == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "albums.txt"
    if content:
        path.write_bytes(content)
    with pytest.raises(NotFound, match="expected a file with one address a line"):
        list(source.fetch(ScriptedCrawl(PAGES), Query(url=str(path))))


def test_addresses_of_others_are_not_asked() -> None:
    with pytest.raises(BadStudy, match="expected an address at https://www"):
        list(source.fetch(ScriptedCrawl(PAGES), Query(url="https://elsewhere.test/album/x")))


def test_manners() -> None:
    row = SOURCES["allmusic"]
    assert row.needs_permission
    for policy in (PAGE_POLICY, COVER_POLICY):
        assert policy.pace.interval >= 2
        assert policy.pace.concurrency == 1
        assert policy.robots
        assert replace(policy).hosts
