"""iTunes's charts: the shapes a feed may have, and those that are none."""

import json
import logging
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.album import Album, Listing
from albumart.errors import BadStudy, ParseError, UnsafeInput
from albumart.http.client import PoliteClient
from albumart.images import inspect_cover
from albumart.sandbox.catalogue import Plant
from albumart.sandbox.itunes import has_size
from albumart.sandbox.site import MadeSite
from albumart.sources import Page, Query, find_source
from albumart.sources.itunes import CHART_POLICY, COVER_POLICY, SOURCE, fetch, parse
from albumart.sources.itunes_genres import GENRES, UMBRELLAS
from albumart.sources.text import LONGEST

FIXTURES = Path(__file__).parents[1] / "fixtures" / "itunes"
URL = "https://itunes.apple.com/us/rss/topalbums/genre=20/limit=200/json"
ART = "https://is1-ssl.mzstatic.com/image/thumb/Music116/v4/aa/bb/cc/aabbcc00-0000-0000-0000-00000000000"


def page(content: object, url: str = URL) -> Page:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Page("itunes", url, body)


def saved(name: str, url: str = URL) -> Page:
    return page((FIXTURES / f"{name}.json").read_bytes(), url)


@pytest.fixture
def feed() -> dict:
    return json.loads((FIXTURES / "several.json").read_bytes())


def one(content: object) -> Album:
    (album,) = parse(page(content))
    return album


# What is in a feed


def test_an_album_with_all_that_is_told_of_it() -> None:
    album = next(parse(saved("several")))
    assert album == Album(
        source="itunes",
        source_id="9001",
        cover_urls=tuple(
            f"{ART}1/9001.jpg/{size}"
            for size in ("1000x1000bb.jpg", "600x600bb.jpg", "170x170bb.png")
        ),
        genres=("Alternative",),
        genre_ids=("20",),
        title="Paper Lanterns",
        artist="The Made Ups",
        artist_id="501",
        released="2023-06-16",
        year=2023,
        page_url="https://music.apple.com/us/album/paper-lanterns/9001",
        listings=(Listing("us/20", 1, "2024-02-03"),),
    )


def test_an_album_that_is_listed_twice_has_its_better_place() -> None:
    albums = list(parse(saved("several")))
    assert [album.source_id for album in albums] == ["9001", "9002", "9003", "9004", "9005"]
    assert [album.listings[0].position for album in albums] == [1, 2, 3, 4, 5]


def test_a_place_after_a_repeated_album_is_the_true_one(feed: dict) -> None:
    entries = feed["feed"]["entry"]
    feed["feed"]["entry"] = [entries[0], entries[0], entries[1]]
    assert [album.listings[0].position for album in parse(page(feed))] == [1, 3]


def test_titles_hold_dashes_and_are_never_split() -> None:
    album = list(parse(saved("several")))[1]
    assert (album.title, album.artist) == ("- (Deluxe) - Live", "Nobody - Real")


def test_the_own_genre_is_kept_beside_its_umbrella_and_the_requested_one() -> None:
    album = list(parse(saved("several")))[1]
    assert album.genres == ("Metal", "Rock")  # the tree's names, not the term "Heavy Metal"
    assert album.genre_ids == ("1153", "21")
    assert album.listings[0].chart == "us/20"


def test_a_genre_called_like_its_umbrella_is_told_once() -> None:
    album = list(parse(saved("several")))[2]
    assert (album.genres, album.genre_ids) == (("Soundtrack",), ("1169",))


def test_an_artist_without_attributes_has_no_number() -> None:
    album = list(parse(saved("several")))[2]
    assert (album.artist, album.artist_id) == ("Various Artists", None)


def test_an_unknown_genre_keeps_its_term_and_is_said_once(
    feed: dict, caplog: pytest.LogCaptureFixture
) -> None:
    entry = feed["feed"]["entry"][3]
    entry["category"]["attributes"] |= {"im:id": "88888", "term": "Fjord\n\x1b[31mJazz"}
    feed["feed"]["entry"] = entry
    with caplog.at_level(logging.WARNING):
        albums = [one(feed), one(feed)]
    assert {album.genres for album in albums} == {("Fjord [31mJazz",)}
    assert {album.genre_ids for album in albums} == {("88888",)}
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]


@pytest.mark.parametrize(
    ("href", "number"),
    [
        ("https://music.apple.com/us/artist/some-band/70936?uo=2", "70936"),
        ("https://music.apple.com/us/artist/70936", "70936"),
        ("https://itunes.apple.com/us/artist/some-band/id70936?uo=2", "70936"),
        ("https://music.apple.com/us/artist/sigur-r%C3%B3s/73720797", "73720797"),
        ("https://music.apple.com/us/album/70936", None),
        ("https://music.apple.com/us/artist/some-band", None),
    ],
)
def test_the_artists_number(feed: dict, href: str, number: str | None) -> None:
    feed["feed"]["entry"] = feed["feed"]["entry"][0]
    feed["feed"]["entry"]["im:artist"]["attributes"]["href"] = href
    assert one(feed).artist_id == number


def test_an_artist_whose_attributes_hold_no_address(feed: dict) -> None:
    feed["feed"]["entry"] = feed["feed"]["entry"][0]
    feed["feed"]["entry"]["im:artist"]["attributes"] = {}
    assert one(feed).artist_id is None


# A list, an object, nothing


def test_a_single_album_is_an_object() -> None:
    url = "https://itunes.apple.com/gb/rss/topalbums/limit=200/genre=1153/json"
    (album,) = parse(saved("single", url))
    assert album.listings == (Listing("gb/1153", 1, "2024-02-03"),)


def test_an_absent_entry_is_an_empty_chart() -> None:
    assert list(parse(saved("empty"))) == []


@pytest.mark.parametrize(
    ("url", "chart"),
    [
        ("https://itunes.apple.com/jp/rss/topalbums/genre=27/limit=200/json", "jp/27"),
        ("https://itunes.apple.com/us/rss/topalbums/limit=100/json", "us/34"),
        ("https://itunes.apple.com/us/rss/topalbums/json", "us/34"),
        ("http://127.0.0.1:1/itunes.apple.com/de/rss/topalbums/genre=7/json?x=1", "de/7"),
        ("saved/feed.json", "gb/1153"),  # the address that the feed gives itself
    ],
)
def test_the_chart_is_the_requested_one(url: str, chart: str) -> None:
    (album,) = parse(saved("single", url))
    assert album.listings[0].chart == chart


# Covers


@pytest.mark.parametrize(
    "images",
    [None, [], [{"attributes": {"height": "170"}}], {"label": "", "attributes": {"height": "55"}}],
    ids=repr,
)
def test_an_album_without_images_has_no_candidates(feed: dict, images: object) -> None:
    feed["feed"]["entry"] = feed["feed"]["entry"][0] | {"im:image": images}
    assert one(feed).cover_urls == ()


def test_an_album_without_the_field_of_images_has_no_candidates() -> None:
    assert list(parse(saved("several")))[4].cover_urls == ()


def image(path: str, height: str = "170", host: str = "is1-ssl.mzstatic.com") -> dict:
    return {"label": f"https://{host}/{path}", "attributes": {"height": height}}


@pytest.mark.parametrize(
    ("images", "names"),
    [
        pytest.param(
            image("a.jpg/170x170bb.png"),
            ["1000x1000bb.jpg", "600x600bb.jpg", "170x170bb.png"],
            id="one size is an object",
        ),
        pytest.param(
            [image("a.jpg/170x170bb.png"), image("a.jpg/60x60bb.png", "60")],
            ["1000x1000bb.jpg", "600x600bb.jpg", "170x170bb.png"],
            id="the largest, wherever it stands",
        ),
        pytest.param(
            image("a.jpg/600x600bb.jpg", "600"),
            ["1000x1000bb.jpg", "600x600bb.jpg"],
            id="a large one is not listed twice",
        ),
        pytest.param(
            image("a.jpg/170x170-75.jpg"), ["170x170-75.jpg"], id="an ending that is not known"
        ),
    ],
)
def test_the_ladder_of_sizes(feed: dict, images: object, names: list[str]) -> None:
    feed["feed"]["entry"] = feed["feed"]["entry"][0] | {"im:image": images}
    assert one(feed).cover_urls == tuple(f"https://is1-ssl.mzstatic.com/a.jpg/{n}" for n in names)


@pytest.mark.parametrize("host", ["is1-ssl.mzstatic.com", "is5-ssl.mzstatic.com"])
def test_the_server_that_a_feed_draws_changes_no_album(feed: dict, host: str) -> None:
    images = image("a.jpg/170x170bb.png", host=host)
    feed["feed"]["entry"] = feed["feed"]["entry"][0] | {"im:image": images}
    assert one(feed).cover_urls[2] == "https://is1-ssl.mzstatic.com/a.jpg/170x170bb.png"


def test_another_host_is_left_as_it_is(feed: dict) -> None:
    images = image("a.jpg/170x170bb.png", host="a1.mzstatic.com")
    feed["feed"]["entry"] = feed["feed"]["entry"][0] | {"im:image": images}
    assert one(feed).cover_urls[0] == "https://a1.mzstatic.com/a.jpg/1000x1000bb.jpg"


# What is no feed


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (b"<!doctype html><title>Sorry</title>", "doctype"),
        (b"", ""),
        (b"\xff\xfe\x00\x01", "xff"),
        (b'{"feed": {', "feed"),
        (b"[" * 100_000, "recursion"),
        (b"[]", "a list of 0"),
        (b"{}", "an object"),
        (b'{"feed": null}', "feed"),
        (b'{"feed": "x"}', "'x'"),
        (b'{"feed": {"entry": []}}', "entry"),
        (b'{"feed": ' + b"[" * 500 + b"]" * 500 + b"}", "a list of 1"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_feed_is_a_parse_error_with_its_address(body: bytes, got: str) -> None:
    with pytest.raises(ParseError) as stopped:
        list(parse(page(body)))
    assert stopped.value.where.startswith(URL)
    assert got in stopped.value.got
    assert len(str(stopped.value)) < 700


@pytest.mark.parametrize(
    "place",
    [
        "im:name",
        "im:name/label",
        "im:artist",
        "im:artist/label",
        "id",
        "id/label",
        "id/attributes",
        "id/attributes/im:id",
        "category",
        "category/attributes/im:id",
        "im:releaseDate",
        "im:releaseDate/label",
        "im:image/0/attributes/height",
    ],
)
@pytest.mark.parametrize("value", ["absent", None, 7, "", "\x00", [], ["x"]], ids=repr)
def test_a_required_field_is_there_and_has_its_shape(feed: dict, place: str, value: object) -> None:
    *way, last = place.split("/")
    parent = feed["feed"]["entry"][1]
    for step in way:
        parent = parent[int(step) if step.isdigit() else step]
    if value == "absent":
        del parent[last]
    else:
        parent[last] = value
    with pytest.raises(ParseError, match="entry 2"):
        list(parse(page(feed)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("id/attributes/im:id", "12a"),
        ("id/attributes/im:id", "٣"),
        ("id/label", "javascript:alert(1)"),
        ("category/attributes/im:id", "Rock"),
        ("im:releaseDate/label", "June 2024"),
        ("im:releaseDate/label", "2023-02-30T00:00:00-07:00"),
        ("im:releaseDate/label", "0000-01-01T00:00:00-07:00"),
        ("im:image", "https://is1-ssl.mzstatic.com/a.jpg"),
        ("im:image", [None]),
        ("im:image", [image("a.jpg/170x170bb.png", "large")]),
        ("im:image", [{"label": "file:///etc/passwd", "attributes": {"height": "170"}}]),
        ("im:artist/attributes", "https://music.apple.com"),
        ("im:artist/attributes/href", ["x"]),
    ],
)
def test_a_field_of_another_shape_is_a_parse_error(feed: dict, place: str, value: object) -> None:
    *way, last = place.split("/")
    parent = feed["feed"]["entry"][1]
    for step in way:
        parent = parent[step]
    parent[last] = value
    with pytest.raises(ParseError, match="entry 2"):
        list(parse(page(feed)))


def test_an_unknown_genre_needs_its_term(feed: dict) -> None:
    feed["feed"]["entry"][3]["category"]["attributes"].pop("term")
    with pytest.raises(
        ParseError, match="entry 4, category, attributes: expected an object with 'term'"
    ):
        list(parse(page(feed)))


@pytest.mark.parametrize("updated", [None, {}, {"label": "today"}, {"label": "2024-13-01T00:00"}])
def test_a_feed_that_does_not_say_when_it_was_made(feed: dict, updated: object) -> None:
    feed["feed"]["updated"] = updated
    with pytest.raises(ParseError, match="updated"):
        list(parse(page(feed)))


def test_a_feed_whose_chart_nobody_knows(feed: dict) -> None:
    feed["feed"]["id"]["label"] = "https://example.test/us"
    with pytest.raises(ParseError, match="topalbums"):
        list(parse(page(feed, "saved/feed.json")))


# Whatever a stranger writes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def outcome(page: Page) -> list[Album]:
    try:
        return list(parse(page))
    except ParseError:
        return []


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_albums_or_a_parse_error(body: bytes) -> None:
    assert outcome(page(body)) == []


@settings(deadline=None)
@given(JSON)
def test_any_json_is_albums_or_a_parse_error(content: object) -> None:
    for whole in (content, {"feed": content}):
        assert outcome(page(whole)) == []


SINGLE = json.loads((FIXTURES / "single.json").read_bytes())
WAYS = [
    ("feed", "updated", "label"),
    ("feed", "entry"),
    *(("feed", "entry", name) for name in SINGLE["feed"]["entry"]),
    ("feed", "entry", "id", "label"),
    ("feed", "entry", "im:artist", "attributes", "href"),
    ("feed", "entry", "im:image", 2, "label"),
    ("feed", "entry", "category", "attributes", "term"),
    ("feed", "entry", "category", "attributes", "im:id"),
    ("feed", "entry", "im:releaseDate", "label"),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WAYS), JSON)
def test_a_feed_with_anything_in_one_place(way: tuple[str | int, ...], value: object) -> None:
    content = deepcopy(SINGLE)
    parent = content
    for step in way[:-1]:
        parent = parent[step]
    parent[way[-1]] = value
    for album in outcome(page(content)):
        assert album.source_id == "9002"
        assert album.title
        assert repr(album).isprintable()


TEXT = st.text(st.characters(exclude_categories=()), max_size=50)


@settings(deadline=None)
@given(TEXT, TEXT)
def test_any_title_and_artist_can_be_stored(title: str, artist: str) -> None:
    content = deepcopy(SINGLE)
    content["feed"]["entry"]["im:name"]["label"] = title
    content["feed"]["entry"]["im:artist"]["label"] = artist
    for album in outcome(page(content)):
        for text in (album.title, album.artist):
            assert text
            assert text == text.strip()
            assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("a\x00b", "ab"),
        ("\u202eevil\u202c title", "evil title"),
        ("שלום  עולם", "שלום עולם"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("x" * 10_000, "x" * LONGEST),
        ("=1+1 | <img onerror=x>", "=1+1 | <img onerror=x>"),
        ('{"$gt": ""}', '{"$gt": ""}'),
        ("\ud800 half", "? half"),
    ],
    ids=lambda text: repr(text)[:20],
)
def test_odd_titles(label: str, title: str) -> None:
    content = deepcopy(SINGLE)
    content["feed"]["entry"]["im:name"]["label"] = label
    assert one(content).title == title


# Asking


def test_it_asks_for_one_chart_of_each_genre(crawl_of: Callable) -> None:
    crawl = crawl_of("itunes")
    pages = list(fetch(crawl, Query(genres=("Alternative", "1153"))))
    urls = [
        f"https://itunes.apple.com/us/rss/topalbums/genre={genre}/limit=200/json"
        for genre in ("20", "1153")
    ]
    assert crawl.asked == [page.url for page in pages] == urls
    assert crawl.expected == 2


def test_another_country(crawl_of: Callable) -> None:
    (got,) = fetch(crawl_of("itunes"), Query(country="gb", genres=("20",)))
    assert {album.listings[0].chart for album in parse(got)} == {"gb/20"}


def test_a_chart_that_does_not_come_is_left_out(crawl_of: Callable) -> None:
    crawl = crawl_of("itunes")
    assert list(fetch(crawl, Query(country="zz", genres=("20", "21")))) == []
    assert (crawl.expected, len(crawl.asked)) == (2, 2)


@pytest.mark.parametrize(
    "query",
    [Query(country="USA"), Query(country="US"), Query(country="u/"), Query(genres=("Rok",))],
)
def test_a_query_that_cannot_be_meant_asks_nothing(crawl_of: Callable, query: Query) -> None:
    crawl = crawl_of("itunes")
    with pytest.raises(BadStudy):
        fetch(crawl, query)
    assert crawl.asked == []


def test_the_source_takes_a_country_and_genres() -> None:
    assert find_source("itunes", Query(country="gb", genres=("Rock",))) is SOURCE
    with pytest.raises(BadStudy, match="takes country, genres"):
        find_source("itunes", Query(url="https://example.test"))


def test_the_source_asks_only_apples_hosts() -> None:
    assert CHART_POLICY.hosts == {"itunes.apple.com"}
    assert CHART_POLICY.pace.interval >= 1.0
    assert COVER_POLICY.hosts == {"*.mzstatic.com"}
    assert COVER_POLICY.pace.group == "mzstatic.com"
    assert COVER_POLICY.pace.concurrency <= 2


@pytest.fixture
def all_albums(crawl_of: Callable) -> list[Album]:
    """Every album of every chart of the sandbox, as often as it is listed."""
    crawl = crawl_of("itunes")
    pages = list(fetch(crawl, Query()))
    assert crawl.expected == len(pages) == len(GENRES)
    return [album for page in pages for album in parse(page)]


def test_the_whole_made_tree_is_told(all_albums: list[Album], made_site: MadeSite) -> None:
    keys = {album.key for album in all_albums}
    assert keys == {f"itunes:{album.album_id}" for album in made_site.catalogue.albums}
    asked = {album.listings[0].chart for album in all_albums}
    assert asked >= {f"us/{genre}" for genre in UMBRELLAS} - {"us/30", "us/50000068"}


def test_an_album_of_several_charts_is_told_alike_in_each(all_albums: list[Album]) -> None:
    told: dict[str, Album] = {}
    for album in all_albums:
        plain = replace(album, listings=())
        assert told.setdefault(album.key, plain) == plain
    assert len(told) < len(all_albums)


def test_the_ladder_leads_to_a_cover(
    all_albums: list[Album], made_site: MadeSite, client: PoliteClient
) -> None:
    odd = {plant: min(places) for plant, places in made_site.catalogue.planted.items() if places}
    strange = {number for places in made_site.catalogue.planted.values() for number in places}
    plain = [album for album in made_site.catalogue.albums if album.album_id not in strange]
    told = {album.source_id: album.cover_urls for album in all_albums}

    def statuses(number: int) -> list[int]:
        return [SOURCE.fetch_cover(client, url).status for url in told[str(number)]]

    small = next(album.album_id for album in plain if not has_size(album, 1000))
    large = next(album.album_id for album in plain if has_size(album, 1000))
    assert statuses(small) == [400, 200, 200]
    assert statuses(large) == [200, 200, 200]
    assert set(statuses(odd[Plant.DEAD])) <= {400, 404}
    assert inspect_cover(SOURCE.fetch_cover(client, told[str(large)][0]).body).width > 100


def test_a_cover_elsewhere_is_not_asked_for(client: PoliteClient) -> None:
    with pytest.raises(UnsafeInput, match=r"\*\.mzstatic\.com"):
        SOURCE.fetch_cover(client, "https://mzstatic.com.example.test/a.jpg")


# What was recorded

RECORDED = {
    "topalbums_us_2021-05-03_1_entry.json": (1, "2021-05-03", 0),
    "topalbums_us_2023-06-24_60_entries.json": (60, "2023-06-24", 5),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_feeds_parse_whole(name: str) -> None:
    path = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "itunes", name)
    if not path.is_file():
        pytest.skip(f"the recorded feed is not here: {path}")
    count, day, nameless = RECORDED[name]
    albums = list(parse(page(path.read_bytes(), str(path))))
    assert [album.listings for album in albums] == [
        (Listing("us/34", position, day),) for position in range(1, count + 1)
    ]
    assert sum(album.artist_id is None for album in albums) == nameless
    for album in albums:
        assert len(album.cover_urls) == 3
        assert album.title
        assert set(album.genre_ids) <= GENRES.keys()
        assert album.page_url
        assert album.page_url.endswith(f"/{album.source_id}")
        assert album.released
        assert album.year == int(album.released[:4])


def test_every_recorded_response_is_in_the_table() -> None:
    folder = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "itunes")
    if not folder.is_dir():
        pytest.skip(f"the recorded feeds are not here: {folder}")
    assert {path.name for path in folder.glob("*.json")} == RECORDED.keys()
