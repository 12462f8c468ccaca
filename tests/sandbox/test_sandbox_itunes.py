"""iTunes's charts and covers, as the sandbox makes them."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable

import pytest

from albumart.sandbox.catalogue import GENRE_NAMES, Plant
from albumart.sandbox.itunes import (
    COUNTRIES,
    COVER_HOSTS,
    FEED_HOST,
    LONGEST_CHART,
    UMBRELLAS,
    Charts,
    artwork_path,
    has_size,
)
from albumart.sandbox.site import MadeSite

ENTRY_FIELDS = [
    *("im:name", "im:image", "im:itemCount", "im:price", "im:contentType", "rights", "title"),
    *("link", "id", "im:artist", "category", "im:releaseDate"),
]
FEED_FIELDS = ["author", "entry", "updated", "rights", "title", "icon", "link", "id"]
UMBRELLA_IDS = [umbrella for umbrellas in UMBRELLAS.values() for umbrella in umbrellas]


@pytest.fixture(scope="module")
def large() -> MadeSite:
    """As large as the largest that anybody scrapes here."""
    return MadeSite(seed=5, scale=8.34)


def chart_path(genre: str, country: str = "us", limit: int = 200) -> str:
    return f"/{country}/rss/topalbums/genre={genre}/limit={limit}/json"


def feed_of(site: MadeSite, genre: str, country: str = "us") -> dict:
    return json.loads(site.answer(FEED_HOST, chart_path(genre, country)).body)["feed"]


def entries_of(site: MadeSite, genre: str) -> list[dict]:
    entry = feed_of(site, genre).get("entry", [])
    return entry if isinstance(entry, list) else [entry]


def test_a_feed_has_the_recorded_fields(site: MadeSite) -> None:
    feed = feed_of(site, "7")
    assert list(feed) == FEED_FIELDS
    for entry in feed["entry"]:
        assert list(entry) == ENTRY_FIELDS
        assert [image["attributes"]["height"] for image in entry["im:image"]] == ["55", "60", "170"]
        assert entry["id"]["label"] == entry["link"]["attributes"]["href"]
        assert entry["title"]["label"] == (
            f"{entry['im:name']['label']} - {entry['im:artist']['label']}"
        )
    assert "/us/rss/topalbums/genre=7/limit=200/json" in feed["id"]["label"]


def test_both_spellings_of_a_price_and_artists_without_a_page(large: MadeSite) -> None:
    entries = entries_of(large, "20")
    prices = Counter(entry["im:price"]["attributes"]["amount"] for entry in entries)
    assert prices.keys() == {"9.99", "14.99000"}
    assert 0 < sum("attributes" not in entry["im:artist"] for entry in entries) < 50


def test_every_umbrella_belongs_to_one_made_genre() -> None:
    assert UMBRELLAS.keys() == set(GENRE_NAMES)
    assert len(UMBRELLA_IDS) == len(set(UMBRELLA_IDS)) == 36


def test_a_made_genre_fills_the_umbrella_that_it_is_called_by() -> None:
    charts = Charts(())
    names = {made: [charts._names[genre] for genre in UMBRELLAS[made]] for made in UMBRELLAS}
    assert "Electronic" in names["ambient"]
    assert "Hip-Hop/Rap" in names["hiphop_rap"]
    assert "Children’s Music" in names["soul"]


@pytest.mark.parametrize("umbrella", UMBRELLA_IDS)
def test_the_largest_catalogue_fills_every_umbrella(large: MadeSite, umbrella: str) -> None:
    entries = entries_of(large, umbrella)
    assert len({entry["id"]["attributes"]["im:id"] for entry in entries}) == LONGEST_CHART
    own = Counter(entry["category"]["attributes"]["im:id"] for entry in entries)
    assert own[umbrella] in (LONGEST_CHART, LONGEST_CHART // 2)
    made = {album.album_id: album.genre for album in large.catalogue.albums}
    genres = {made[int(entry["id"]["attributes"]["im:id"])] for entry in entries}
    assert genres == {next(genre for genre in UMBRELLAS if umbrella in UMBRELLAS[genre])}


def test_a_subgenre_lists_those_whose_own_genre_it_is(large: MadeSite) -> None:
    entries = entries_of(large, "1153")
    assert {entry["category"]["attributes"]["im:id"] for entry in entries} == {"1153"}
    assert {entry["category"]["attributes"]["term"] for entry in entries} == {"Heavy Metal"}
    rock = {entry["id"]["attributes"]["im:id"] for entry in entries_of(large, "21")}
    assert rock & {entry["id"]["attributes"]["im:id"] for entry in entries}


def test_a_single_album_is_an_object_and_none_leaves_no_trace() -> None:
    site = MadeSite(seed=3, scale=0.1)
    shapes = {
        genre: type(feed_of(site, genre).get("entry")).__name__ for genre in Charts(())._names
    }
    assert shapes["30"] == shapes["50000068"] == "NoneType"
    assert shapes["7"] == "list"
    assert Counter(shapes.values())["dict"] > 10


def test_a_larger_catalogue_changes_no_album(site: MadeSite) -> None:
    larger = {entry["id"]["label"]: entry for entry in entries_of(MadeSite(3, 0.4), "7")}
    for entry in entries_of(site, "7"):
        assert larger[entry["id"]["label"]]["category"] == entry["category"]


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_each_country_has_the_same_charts_at_its_own_addresses(
    site: MadeSite, country: str
) -> None:
    feed = feed_of(site, "20", country)
    for entry in feed["entry"]:
        assert entry["id"]["label"].startswith(f"https://music.apple.com/{country}/album/")
    names = [entry["im:name"] for entry in feed["entry"]]
    assert names == [entry["im:name"] for entry in feed_of(site, "20")["entry"]]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        chart_path("20", "zz"),
        chart_path("12345"),
        "/us/rss/topalbums/limit=200/json",
        "/us/rss/topsongs/genre=20/json",
        "/us/rss/topalbums/genre=20/limit=200/xml",
        f"/us/rss/topalbums/genre=20/limit={'9' * 5000}/json",
    ],
)
def test_there_is_no_other_chart(site: MadeSite, path: str) -> None:
    assert site.answer(FEED_HOST, path) is None


@pytest.mark.parametrize(
    ("path", "length"),
    [
        (chart_path("20", limit=3), 3),
        (chart_path("20", limit=999), LONGEST_CHART),
        ("/us/rss/topalbums/genre=20/json", 10),
        ("/us/rss/topalbums/limit=5/genre=20/json", 5),
    ],
)
def test_a_chart_is_as_long_as_was_asked(large: MadeSite, path: str, length: int) -> None:
    assert len(json.loads(large.answer(FEED_HOST, path).body)["feed"]["entry"]) == length


def test_a_chart_is_sent_only_when_it_changed(ask: Callable) -> None:
    path = f"/{FEED_HOST}{chart_path('20')}"
    first = ask(path)
    assert (first.status, first.headers["Last-Modified"]) == (200, "Mon, 01 Jan 2024 00:00:00 GMT")
    assert first.headers["Content-Type"].startswith("text/javascript")
    assert ask(path, headers={"If-None-Match": first.headers["ETag"]}).status == 304
    assert ask(path).body == first.body == MadeSite(3, 0.1).answer(FEED_HOST, chart_path("20")).body


def test_a_whole_chart_is_rendered_quickly_and_once(large: MadeSite) -> None:
    charts = Charts(large.catalogue.albums)
    started = time.process_time()
    feeds = [charts.find(chart_path(umbrella)) for umbrella in UMBRELLA_IDS]
    spent = time.process_time() - started
    assert spent / len(feeds) < 0.05  # 0.008 s on an idle machine
    assert charts.find(chart_path(UMBRELLA_IDS[0])) is feeds[0]


# Covers


def art(site: MadeSite, path: str, host: str = COVER_HOSTS[0]) -> int | None:
    answer = site.answer(host, path)
    return answer.status if answer else None


def test_listed_images_lead_to_the_made_cover(site: MadeSite) -> None:
    dead = {str(number) for number in site.catalogue.planted[Plant.DEAD]}
    shape = re.compile(r"https://(is[1-5]-ssl\.mzstatic\.com)(/image/thumb/.+/\d+x\d+bb\.png)")
    hosts = set()
    for entry in entries_of(site, "20"):
        number = entry["id"]["attributes"]["im:id"]
        for image in entry["im:image"]:
            host, path = shape.fullmatch(image["label"]).groups()
            answer = site.answer(host, path)
            assert (answer.body if answer else None) == site.shelf.get(int(number))
            assert (answer is None) == (number in dead)
            hosts.add(host)
    assert hosts == set(COVER_HOSTS)


def test_an_album_lies_on_every_server_in_every_size(site: MadeSite) -> None:
    album = next(album for album in site.catalogue.albums if has_size(album, 1000))
    for host in COVER_HOSTS:
        for name in ("1000x1000bb.jpg", "600x600bb.jpg", "170x170bb.png"):
            answer = site.answer(host, f"{artwork_path(album)}/{name}")
            assert answer.body == site.shelf.get(album.album_id)
            assert (answer.etag, answer.last_modified) != ("", "")


def test_a_tenth_has_no_large_cover_in_every_genre(large: MadeSite) -> None:
    albums = large.catalogue.albums
    small = Counter(album.genre for album in albums if not has_size(album, 1000))
    assert small.keys() == set(GENRE_NAMES)
    assert sum(small.values()) / len(albums) == pytest.approx(0.1, abs=0.02)
    assert all(has_size(album, 600) for album in albums)


def test_a_size_that_there_is_not_is_a_bad_request(site: MadeSite) -> None:
    small = next(album for album in site.catalogue.albums if not has_size(album, 1000))
    answers = {
        name: art(site, f"{artwork_path(small)}/{name}")
        for name in ("1000x1000bb.jpg", "100000x100000-999.jpg", "0x0bb.jpg", "600x600bb.jpg")
    }
    assert list(answers.values()) == [400, 400, 400, 200]


def test_there_is_no_other_cover(site: MadeSite) -> None:
    path = artwork_path(site.catalogue.albums[0])
    for wrong in (
        f"{path}/170x160bb.png",
        f"{path}/170x170bb.gif",
        path,
        f"{path.replace('Music116', 'Music117')}/170x170bb.png",
        "/image/thumb/000000000000.jpg/170x170bb.png",
        "/image/thumb/../../etc/passwd",
    ):
        assert art(site, wrong) is None
