"""MusicBrainz and the Cover Art Archive as the sandbox speaks them."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest

from albumart.sandbox import cover_art_archive, musicbrainz
from albumart.sandbox.catalogue import Plant
from albumart.sandbox.cover_art_archive import DOWNLOAD_HOST, NODE_HOST
from albumart.sandbox.musicbrainz import MOST_GROUPS
from albumart.sandbox.site import MadeSite
from albumart.sandbox.wire import Answer

MBID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
STUDY = ("classical", "country", "electronic", "experimental", "folk", "jazz", "metal", "pop")
STUDY += ("rap", "hip hop", "rock")


@pytest.fixture(scope="module")
def large() -> MadeSite:
    """The catalogue of the acceptance scenario."""
    return MadeSite(seed=3, scale=8.34)


def search(site: MadeSite, query: str, limit: int = 100, offset: int = 0) -> dict[str, object]:
    answer = ask_for(site, query=query, limit=limit, offset=offset, fmt="json")
    assert answer.status == 200
    return json.loads(answer.body)


def ask_for(site: MadeSite, **asked: object) -> Answer:
    return site.answer(musicbrainz.HOST, f"{musicbrainz.PATH}?{urlencode(asked)}")


def look_up(site: MadeSite, mbid: str, inc: str = "") -> dict[str, object]:
    path = f"{musicbrainz.PATH}/{mbid}?inc={inc}&fmt=json"
    return json.loads(site.answer(musicbrainz.HOST, path).body)


def found(site: MadeSite, query: str) -> list[dict[str, object]]:
    pages = (search(site, query, offset=offset) for offset in range(0, 500, 100))
    return [group for page in pages for group in page["release-groups"]]


def test_a_search_answer_has_the_true_shape(site: MadeSite) -> None:
    page = search(site, 'tag:"jazz"', limit=5)
    assert list(page) == ["created", "count", "offset", "release-groups"]
    assert len(page["release-groups"]) == 5 <= page["count"]
    for group in page["release-groups"]:
        assert MBID.fullmatch(group["id"])
        assert (group["primary-type"], group["type-id"]) == ("Album", group["primary-type-id"])
        assert 0 <= group["score"] <= 100
        assert all(tag.keys() == {"count", "name"} for tag in group["tags"])
        assert any("jazz" in tag["name"] for tag in group["tags"])
        assert "genres" not in group
        assert "joinphrase" not in group["artist-credit"][-1]
        assert group["artist-credit"][0]["artist"].keys() == {"id", "name", "sort-name"}


def test_pages_follow_each_other(site: MadeSite) -> None:
    whole = found(site, 'tag:"rock"')
    assert (
        len({group["id"] for group in whole}) == len(whole) == search(site, 'tag:"rock"')["count"]
    )
    assert search(site, 'tag:"rock"', 3, 2)["release-groups"] == whole[2:5]
    assert search(site, 'tag:"rock"', 100, 400)["release-groups"] == []
    assert len(search(site, 'tag:"rock"', 300)["release-groups"]) == min(100, len(whole))
    assert [group["score"] for group in whole] == sorted((g["score"] for g in whole), reverse=True)


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("tag:rap", 'tag:"rap"'),
        ('tag:"RAP"', 'tag:"rap"'),
        ('tag:"hip-hop"', 'tag:"hip hop"'),
        ('(tag:"rap" OR tag:"jazz")', 'tag:"jazz" OR tag:"rap"'),
        (r'tag:"r\&b"', 'tag:"r&b"'),
    ],
)
def test_search_goes_by_whole_words(site: MadeSite, query: str, same: str) -> None:
    ids = [{group["id"] for group in found(site, terms)} for terms in (query, same)]
    assert ids[0] == ids[1] != set()


@pytest.mark.parametrize("query", ['tag:"met"', "metal", 'tag:"no such"'])
def test_nothing_is_found_by_part_of_a_word_or_without_a_tag(site: MadeSite, query: str) -> None:
    assert search(site, query)["count"] == 0


def test_years_part_a_search_into_all_of_it(site: MadeSite) -> None:
    whole = {group["id"] for group in found(site, 'tag:"pop"')}
    spans = ("[* TO 1999]", "[2000 TO 2015]", "[2016 TO *]")
    clauses = [*(f"firstreleasedate:{span}" for span in spans)]
    parts = [found(site, f'(tag:"pop") AND {clause}') for clause in clauses]
    parts.append(found(site, '(tag:"pop") AND NOT firstreleasedate:[* TO *]'))
    assert sorted(group["id"] for part in parts for group in part) == sorted(whole)
    assert all("2000" <= g["first-release-date"][:4] <= "2015" for g in parts[1])
    assert all("first-release-date" not in group for group in parts[3])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "Must specify a query"),
        ({"query": ""}, "Must specify a query"),
        ({"query": "tag:rock", "limit": "many"}, "Must specify a query"),
        (
            {"query": "tag:rock", "limit": 100, "offset": 401},
            "at most 500 search results, not 501.",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_bad_request(
    site: MadeSite, asked: dict[str, object], message: str
) -> None:
    answer = ask_for(site, **asked)
    assert (answer.status, answer.content_type) == (400, musicbrainz.TYPE)
    assert message in json.loads(answer.body)["error"]


def test_a_look_up_tells_what_was_asked_for(site: MadeSite) -> None:
    mbid, group = next(iter(site.library.groups.items()))
    assert {"tags", "genres", "artist-credit"}.isdisjoint(look_up(site, mbid))
    whole = look_up(site, mbid, "genres+tags+artist-credits")
    assert (whole["id"], whole["title"]) == (mbid, group.album.title)
    assert whole["artist-credit"][0]["name"] == group.album.artist
    assert [(tag["name"], tag["count"]) for tag in whole["tags"]] == list(group.tags)
    assert {genre["name"] for genre in whole["genres"]} <= {tag["name"] for tag in whole["tags"]}


def test_a_merged_id_leads_to_the_one_that_stayed(site: MadeSite) -> None:
    old, new = next(iter(site.library.merged.items()))
    assert old not in site.library.groups
    assert look_up(site, old)["id"] == new
    index = site.answer(cover_art_archive.HOST, f"/release-group/{old}")
    assert index == site.answer(cover_art_archive.HOST, f"/release-group/{new}")


@pytest.mark.parametrize("path", ["/ws/2/release-group/x", "/ws/2/artist", "/", f"/{'0' * 36}"])
def test_what_is_not_there(site: MadeSite, path: str) -> None:
    answer = site.answer(musicbrainz.HOST, path)
    assert (answer.status, json.loads(answer.body)["error"]) == (404, "Not Found")


def test_robots_keeps_crawlers_out_of_the_service(site: MadeSite) -> None:
    assert b"\nDisallow: /ws\n" in site.answer(musicbrainz.HOST, "/robots.txt").body
    assert b"/control/" in site.answer(DOWNLOAD_HOST, "/robots.txt").body


def test_two_sandboxes_answer_alike_and_pages_have_tags(site: MadeSite) -> None:
    twin = MadeSite(seed=3, scale=0.1)
    for query in ("tag:pop", "tag:jazz"):
        answers = [ask_for(one, query=query, fmt="json") for one in (site, twin)]
        assert answers[0] == answers[1]
        assert answers[0].etag.startswith('"')
    for mbid in site.library.groups:
        path = f"/release-group/{mbid}"
        assert site.answer("coverartarchive.org", path) == twin.answer("coverartarchive.org", path)


def test_an_album_is_the_same_release_group_in_a_larger_catalogue(site: MadeSite) -> None:
    larger = MadeSite(seed=3, scale=0.2)
    assert site.library.groups.items() <= larger.library.groups.items()


def test_the_acceptance_scenario_has_2000_of_which_many_have_two_genres(large: MadeSite) -> None:
    groups = large.library.groups
    assert len(groups) == MOST_GROUPS == 2_000
    genres = [
        {word for word in STUDY if group.votes([word]) is not None} for group in groups.values()
    ]
    assert all(genres)
    assert 0.25 < sum(len(words) > 1 for words in genres) / len(genres) < 0.8
    assert min(Counter(word for words in genres for word in words).values()) > 20
    dates = Counter(len(group.released) for group in groups.values())
    assert dates.keys() == {0, 4, 7, 10}
    assert sum(bool(group.partner) for group in groups.values()) > 100
    assert sum(group.tags[-1] == ("seen live", 0) for group in groups.values()) > 50


def test_a_page_of_a_hundred_is_cheap(large: MadeSite) -> None:
    search(large, "tag:rock")
    started = time.perf_counter()
    for offset in range(0, 500, 100):
        search(large, "tag:rock", offset=offset)
    assert (time.perf_counter() - started) / 5 < 0.05  # 2 ms where nothing else runs


def test_lists_have_all_the_odd_shapes(large: MadeSite) -> None:
    seen: Counter[str] = Counter()
    for group in large.library.groups.values():
        path = f"/0/items/mbid-{group.release_mbid}/index.json"
        answer = large.answer(NODE_HOST, path)
        seen.update(shapes(answer and json.loads(answer.body)))
    assert seen.keys() == {
        *("missing", "empty", "dark", "no front", "pdf", "original", "png", "spread first"),
        *("id str", "id int", "http", "https", "5 thumbnails", "2 thumbnails", "0 thumbnails"),
    }
    assert seen["missing"] < 0.08 * MOST_GROUPS


def shapes(index: dict[str, object] | None) -> list[str]:
    if not index or "images" not in index:
        return ["missing" if index is None else "dark" if index else "empty"]
    front = next((image for image in index["images"] if image["front"]), None)
    if front is None:
        return ["no front"]
    address = front["image"]
    told = [f"id {type(front['id']).__name__}", address.partition(":")[0]]
    told.append(f"{len(front['thumbnails'])} thumbnails")
    told += [name for name in ("pdf", "png") if address.endswith(name)]
    told += ["original"] if not front["thumbnails"] and address.endswith("jpg") else []
    told += ["spread first"] if index["images"][0] is not front else []
    return told


def test_some_lists_lie_on_the_machines_of_archive_org(large: MadeSite) -> None:
    for group in large.library.groups.values():
        answer = large.answer("coverartarchive.org", f"/release-group/{group.mbid}")
        if answer and answer.status == 307:
            break
    first = follow(large, answer)
    assert first.status == 302
    node = large.answer(NODE_HOST, f"/0/items/mbid-{group.release_mbid}/index.json")
    assert follow(large, first) == node


def follow(site: MadeSite, answer: Answer) -> Answer | None:
    host, _, path = dict(answer.headers)["Location"].removeprefix("https://").partition("/")
    return site.answer(host, f"/{path}")


@pytest.mark.parametrize("name", ["1-500.jpg", "1-250.jpg", "1.png", "1.jpg"])
def test_an_image_is_two_redirects_away(site: MadeSite, name: str) -> None:
    odd = {album for places in site.catalogue.planted.values() for album in places}
    group = next(g for g in site.library.groups.values() if g.album.album_id not in odd)
    path = f"/release/{group.release_mbid}/{group.album.image_id}{name}"
    first = site.answer("coverartarchive.org", path)
    second = follow(site, first)
    assert (first.status, second.status) == (307, 302)
    assert dict(second.headers)["Location"].startswith(f"https://{NODE_HOST}/0/items/mbid-")
    assert follow(site, second).body == site.shelf.get(group.album.album_id)


def test_a_booklet_is_a_pdf(site: MadeSite) -> None:
    release = next(iter(site.library.by_release))
    answer = site.answer(NODE_HOST, f"/0/items/mbid-{release}/mbid-{release}-11.pdf")
    assert answer.body.startswith(b"%PDF")


def test_dead_albums_have_no_list(site: MadeSite) -> None:
    dead = site.catalogue.planted[Plant.DEAD]
    mbids = [mbid for mbid, g in site.library.groups.items() if g.album.album_id in dead]
    assert mbids
    for mbid in mbids:
        assert site.answer("coverartarchive.org", f"/release-group/{mbid}") is None


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("coverartarchive.org", "/release-group/none"),
        ("coverartarchive.org", f"/release-group/{'0' * 36}"),
        ("coverartarchive.org", f"/release/{'0' * 36}/1-500.jpg"),
        ("archive.org", "/download/mbid-x/index.json"),
        ("archive.org", "/mbid-x"),
        (NODE_HOST, "/0/items/mbid-x/index.json"),
        (NODE_HOST, f"/0/items/mbid-{'0' * 36}/index.json"),
    ],
)
def test_what_the_archive_has_not(site: MadeSite, host: str, path: str) -> None:
    assert site.answer(host, path) is None


def test_other_images_than_the_front_are_not_kept(site: MadeSite) -> None:
    group = next(iter(site.library.groups.values()))
    release = group.release_mbid
    path = f"/0/items/mbid-{release}/mbid-{release}-{group.album.image_id}2.jpg"
    assert site.answer(NODE_HOST, path) is None


def test_over_the_wire(ask: Callable[..., object]) -> None:
    path = f"/musicbrainz.org/ws/2/release-group?query={quote('tag:jazz')}&fmt=json"
    first = ask(path)
    assert (first.status, first.headers["Content-Type"]) == (200, musicbrainz.TYPE)
    again = ask(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
