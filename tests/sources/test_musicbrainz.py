"""MusicBrainz: what a search asks, and the shapes of what comes."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.album import Album
from albumart.errors import ParseError
from albumart.http.client import FetchPolicy
from albumart.sandbox.breakage import Fault
from albumart.sandbox.faults import Faults
from albumart.sandbox.server import Sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import Crawl, Page, Query, find_source, musicbrainz
from albumart.sources.musicbrainz import API_POLICY, GENRES, fetch, parse

FIXTURES = Path(__file__).parents[1] / "fixtures" / "musicbrainz"
RECORDED = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "musicbrainz", "ws2-json")
MBID = "6b1a1d3e-4c0f-4c37-9f53-2f6f1c0a9d11"
GROUP = {"id": MBID, "title": "Iron Harbour", "primary-type": None}


def page(content: object) -> Page:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Page("musicbrainz", "https://musicbrainz.org/page", body)


def saved(name: str) -> Page:
    return page((FIXTURES / name).read_bytes())


def the_album(**fields: object) -> Album:
    (album,) = parse(page(GROUP | fields))
    return album


def credit(*names: tuple[str, str]) -> list[object]:
    return [
        {"name": name, "joinphrase": joined, "artist": {"id": MBID, "name": f"{name} himself"}}
        for name, joined in names
    ]


class Scripted:
    """A crawl that answers from a table of query → total, by pages of 100; None: no answer."""

    def __init__(self, totals: Mapping[str, int | None], *, missing: frozenset[str]) -> None:
        self._totals, self._missing = totals, missing
        self.asked: list[tuple[str, int]] = []
        self.policies: set[FetchPolicy] = set()
        self.expected = 0

    def get(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_for: timedelta | None = None,
    ) -> Page | None:
        query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
        assert url.startswith("https://musicbrainz.org/ws/2/release-group?query=")
        assert (query["limit"], query["fmt"]) == ("100", "json")
        self.asked.append((query["query"], int(query["offset"])))
        self.policies.add(policy)
        total = self._totals.get(query["query"], 0)
        if total is None or f"{query['query']}@{query['offset']}" in self._missing:
            return None
        return Page("musicbrainz", url, json.dumps({"count": total, "release-groups": []}).encode())

    def keep(self, url: str, body: bytes) -> Page:
        return Page("musicbrainz", url, body)

    def download(self, url: str, policy: FetchPolicy) -> Path:
        raise NotImplementedError

    def expect(self, pages: int) -> None:
        self.expected += pages


def asked_for(genres: tuple[str, ...], totals: Mapping[str, int | None], *missing: str) -> Scripted:
    crawl = Scripted(totals, missing=frozenset(missing))
    list(fetch(crawl, Query(genres=genres)))
    return crawl


def test_a_search_answer_is_albums() -> None:
    first, second, third = parse(saved("search.json"))
    assert first == Album(
        source="musicbrainz",
        source_id=MBID,
        cover_urls=(f"https://coverartarchive.org/release-group/{MBID}",),
        tags=("metal", "death metal", "doom metal", "hip-hop/rap"),
        tag_votes=(12, 4, 4, 1),
        title="Iron Harbour",
        artist="The Sunken Choir feat. Vél",
        artist_id="11111111-aaaa-4bbb-8ccc-000000000001",
        released="1988-11-05",
        year=1988,
        page_url=f"https://musicbrainz.org/release-group/{MBID}",
    )
    assert (second.artist, second.tags, second.released, second.year) == (
        "Various Artists",
        (),
        None,
        None,
    )
    assert (third.title, third.artist, third.released) == ("Nº 7: Salt", "Pale Engine", None)


def test_a_lookup_is_one_album_with_genres_and_tags() -> None:
    (album,) = parse(saved("lookup.json"))
    assert (album.genres, album.genre_votes) == (("country", "folk"), (5, 3))
    assert (album.tags, album.tag_votes) == (("country", "folk", "from the meadow"), (5, 3, 1))
    assert (album.artist, album.released, album.year) == ("Copper & Marble", "2001-05", 2001)


def test_lines_of_the_dump_are_albums() -> None:
    albums = list(parse(saved("dump.jsonl")))
    assert [album.year for album in albums] == [1971, 1972, 1973, 1974, 1975, 1976]
    assert albums[5].tags == ("nueva canción", "country")
    assert albums[1].genres == ("death metal",)


def test_of_a_merged_release_group_the_answer_says_the_id(
    made_site: MadeSite, crawl_of: Callable[[str], Crawl]
) -> None:
    old, new = next(iter(made_site.library.merged.items()))
    address = f"https://musicbrainz.org/ws/2/release-group/{old}?fmt=json&inc=tags+genres"
    answer = crawl_of("musicbrainz").get(address, API_POLICY)
    assert [album.source_id for album in parse(answer)] == [new]


@pytest.mark.parametrize(
    ("date", "released", "year"),
    [
        (None, None, None),
        ("", None, None),
        ("1988", "1988", 1988),
        ("1988-11", "1988-11", 1988),
        ("1988-11-05", "1988-11-05", 1988),
        ("????-11-05", None, None),
        ("1988-??-05", "1988", 1988),
    ],
)
def test_dates_are_as_exact_as_they_are_known(
    date: str | None, released: str | None, year: int | None
) -> None:
    album = the_album(**{"first-release-date": date})
    assert (album.released, album.year) == (released, year)


def test_artists_are_as_credited_and_optional() -> None:
    assert (the_album().artist, the_album().artist_id) == (None, None)
    album = the_album(**{"artist-credit": credit(("A", " & "), ("B", ""))})
    assert (album.artist, album.artist_id) == ("A & B", MBID)


def test_of_a_word_that_is_told_twice_the_larger_vote_counts() -> None:
    tags = [{"name": name, "count": count} for name, count in (("a", 1), (" a ", 3), ("b\0", 3))]
    album = the_album(tags=tags, genres=[])
    assert (album.tags, album.tag_votes, album.genres) == (("a", "b"), (3, 3), ())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({}, "a release group or a list"),
        ({"id": MBID, "title": "A release"}, "a release group or a list"),
        ({"primary-type": None}, "'id'"),
        ([], "release-groups"),
        (GROUP | {"id": None}, "'id'"),
        (GROUP | {"id": "../../etc"}, "id: expected an MBID"),
        (GROUP | {"id": MBID.upper()}, "id: expected an MBID"),
        ({"id": MBID, "primary-type": None}, "'title'"),
        (GROUP | {"title": 7}, "title: expected text"),
        (GROUP | {"first-release-date": "yesterday"}, "first-release-date: expected a date"),
        (GROUP | {"first-release-date": "1988-13"}, "first-release-date: expected a date"),
        (GROUP | {"first-release-date": 1988}, "first-release-date: expected text"),
        (GROUP | {"tags": {}}, "tags: expected a list"),
        (GROUP | {"tags": [{"name": None, "count": 1}]}, "tags 1: expected .*'name'"),
        (GROUP | {"genres": [{"name": "a", "count": "1"}]}, "genres 1, count: expected a whole"),
        (GROUP | {"artist-credit": []}, "artist-credit: expected at least one name"),
        (GROUP | {"artist-credit": [{"name": "A"}]}, "artist-credit 1: expected .*'artist'"),
        ({"release-groups": [GROUP, {"id": MBID}]}, "release-groups 2: expected .*'title'"),
        ({"error": "Not Found"}, "got an object with error"),
        (b"<html>", "expected JSON"),
        (b"", "expected JSON"),
    ],
)
def test_another_shape_stops_with_its_place(content: object, problem: str) -> None:
    with pytest.raises(ParseError, match=rf"^https://musicbrainz.org/page.*{problem}"):
        list(parse(page(content)))


@given(st.text(), st.text(min_size=1), st.integers())
def test_any_text_is_an_album(title: str, tag: str, count: int) -> None:
    album = the_album(title=title, tags=[{"name": tag, "count": count}])
    assert album.title != ""
    assert len(album.tags) == len(album.tag_votes) <= 1
    assert all(votes > 0 for votes in album.tag_votes)


@given(st.binary(max_size=200))
def test_any_bytes_are_albums_or_a_parse_error(body: bytes) -> None:
    try:
        albums = list(parse(page(body)))
    except ParseError:
        return
    assert all(album.source_id for album in albums)


@given(st.dictionaries(st.text(max_size=3), st.integers(-3, 9), max_size=6))
def test_votes_fall_and_stay_beside_their_words(votes: dict[str, int]) -> None:
    album = the_album(tags=[{"name": word, "count": count} for word, count in votes.items()])
    assert list(album.tag_votes) == sorted(album.tag_votes, reverse=True)
    assert len(album.tags) == len(set(album.tags)) == len(album.tag_votes)


def test_recorded_release_group_parses() -> None:
    (album,) = parse(page(recorded("release_group.json")))
    assert album.source_id == "f5093c06-23e3-404f-aeaa-40f72885ee3a"
    assert (album.released, album.tags, album.tag_votes) == (
        "1973-03-24",
        ("test", "test2"),
        (5, 3),
    )
    assert album.artist is None  # the look-up did not ask for it


@pytest.mark.parametrize(
    "name", ["release_group_null.json", "release_group_2.json", "release.json"]
)
def test_recorded_answers_that_are_no_release_groups_are_errors(name: str) -> None:
    with pytest.raises(ParseError):
        list(parse(page(recorded(name))))


def recorded(name: str) -> bytes:
    path = RECORDED / name
    if not path.is_file():
        pytest.skip(f"the recorded answers are not here: {path}")
    return path.read_bytes()


def test_a_genre_is_asked_for_by_hundreds() -> None:
    crawl = asked_for(("jazz",), {'tag:"jazz"': 201})
    assert crawl.asked == [('tag:"jazz"', 0), ('tag:"jazz"', 100), ('tag:"jazz"', 200)]
    assert crawl.expected == 3
    assert crawl.policies == {API_POLICY}


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (500, 5)])
def test_no_page_is_asked_for_in_vain(total: int, pages: int) -> None:
    crawl = asked_for(("jazz",), {'tag:"jazz"': total})
    assert len(crawl.asked) == pages == crawl.expected


def test_the_study_s_genres_are_asked_for_with_their_spellings() -> None:
    crawl = asked_for((), {})
    assert [query for query, _ in crawl.asked][-2:] == [
        'tag:"rap" OR tag:"hip hop" OR tag:"hiphop"',
        'tag:"rock"',
    ]
    assert len(crawl.asked) == len(GENRES) == 10


def test_a_word_cannot_leave_its_quotes() -> None:
    crawl = asked_for(('a" OR arid:1 \\',), {})
    assert crawl.asked == [('tag:"a\\" OR arid:1 \\\\"', 0)]


def test_without_its_first_page_a_genre_waits_for_the_next_scrape() -> None:
    crawl = asked_for(("jazz", "folk"), {'tag:"jazz"': None, 'tag:"folk"': 150})
    assert crawl.asked == [('tag:"jazz"', 0), ('tag:"folk"', 0), ('tag:"folk"', 100)]


def test_without_a_later_page_the_rest_comes() -> None:
    crawl = Scripted({'tag:"jazz"': 300}, missing=frozenset({'tag:"jazz"@100'}))
    pages = list(fetch(crawl, Query(genres=("jazz",))))
    assert [parse_qs(urlsplit(p.url).query)["offset"] for p in pages] == [["0"], ["200"]]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"count": "many"}', b"[" * 100_000])
def test_a_first_page_without_a_count_is_left_to_the_parser(body: bytes) -> None:
    class Odd(Scripted):
        def get(self, url: str, policy: FetchPolicy, **more: object) -> Page:
            return Page("musicbrainz", url, body)

    (came,) = fetch(Odd({}, missing=frozenset()), Query(genres=("jazz",)))
    with pytest.raises(ParseError):
        list(parse(came))


def test_a_genre_deeper_than_a_search_tells_is_asked_for_in_parts() -> None:
    early, late = (
        f'(tag:"jazz") AND firstreleasedate:[{span}]' for span in ("* TO 1994", "1995 TO *")
    )
    undated = '(tag:"jazz") AND NOT firstreleasedate:[* TO *]'
    crawl = asked_for(("jazz",), {'tag:"jazz"': 700, undated: 1, early: 101, late: 500})
    assert crawl.asked == [
        ('tag:"jazz"', 0),
        (undated, 0),
        (early, 0),
        (early, 100),
        *[(late, offset) for offset in range(0, 500, 100)],
    ]
    assert crawl.expected == len(crawl.asked)


def test_a_single_year_is_cut_where_the_service_ends_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Deep(dict[str, int]):
        def get(self, query: str, default: object = None) -> int:
            whole = "AND" not in query
            return 50_000 if whole or "[1995 TO" in query else 0

    crawl = asked_for(("jazz",), Deep())
    deepest = '(tag:"jazz") AND firstreleasedate:[1995 TO 1995]'
    assert [offset for query, offset in crawl.asked if query == deepest] == [0, 100, 200, 300, 400]
    assert max(offset for _, offset in crawl.asked) == 400
    assert "of which a search tells 500" in caplog.text


def test_everything_made_is_found_and_parsed(
    made_site: MadeSite, crawl_of: Callable[[str], Crawl]
) -> None:
    crawl = crawl_of("musicbrainz")
    albums = {a.key: a for p in fetch(crawl, Query()) for a in parse(p)}
    groups = made_site.library.groups
    assert {album.source_id for album in albums.values()} == groups.keys()
    assert crawl.expected == len(crawl.asked)
    for album in albums.values():
        group = groups[album.source_id]
        assert (album.title, album.released or "") == (group.album.title, group.released)
        assert list(zip(album.tags, album.tag_votes, strict=True)) == sorted(
            [tag for tag in group.tags if tag[1] > 0], key=lambda tag: (-tag[1], tag[0])
        )


def test_the_parts_of_a_deep_search_hold_all_of_it(
    made_site: MadeSite, crawl_of: Callable[[str], Crawl], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(musicbrainz, "DEPTH", 100)
    found = {}
    for depth in (100, 500):
        monkeypatch.setattr(musicbrainz, "DEPTH", depth)
        pages = fetch(crawl_of("musicbrainz"), Query(genres=("rock", "pop")))
        found[depth] = {album.source_id for p in pages for album in parse(p)}
    assert found[100] == found[500]
    assert len(found[500]) > 100


@pytest.fixture
def faults(made_sources: Sandbox) -> Iterator[Faults]:
    yield made_sources.faults
    made_sources.faults.clear()


def test_a_genre_that_fails_takes_no_other_with_it(
    faults: Faults, crawl_of: Callable[[str], Crawl]
) -> None:
    faults.add(Fault("status:404", "/musicbrainz.org/*jazz*", times=None))
    pages = list(fetch(crawl_of("musicbrainz"), Query(genres=("jazz", "metal"))))
    assert pages
    assert all("metal" in page.url for page in pages)


def test_the_web_service_is_asked_although_crawlers_are_not_welcome_there(
    made_sources: Sandbox, crawl_of: Callable[[str], Crawl]
) -> None:
    made_sources.requests.clear()
    assert list(fetch(crawl_of("musicbrainz"), Query(genres=("folk",))))
    seen = made_sources.requests.all("musicbrainz.org")
    assert {request.path.partition("?")[0] for request in seen} == {"/ws/2/release-group"}


def test_manners() -> None:
    assert (API_POLICY.pace.interval, API_POLICY.pace.concurrency) == (1.0, 1)
    assert API_POLICY.hosts == {"musicbrainz.org"}
    assert find_source("musicbrainz", Query(url="dump", genres=("jazz",))).name == "musicbrainz"
