"""The Cover Art Archive: which image of a list is the cover, and how it comes."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import FetchError, ParseError, Refused, UnsafeInput
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.images import inspect_cover
from albumart.sandbox.breakage import Fault
from albumart.sandbox.catalogue import Plant
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sandbox.wire import Answer, status_page
from albumart.sources import cover_art_archive
from albumart.sources.cover_art_archive import POLICY, fetch_cover, front_addresses

FIXTURES = Path(__file__).parents[1] / "fixtures" / "musicbrainz"
RECORDED = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"), "musicbrainz")
ARCHIVE = "https://coverartarchive.org"
INDEX = f"{ARCHIVE}/release-group/m"


def image(front: bool = True, number: object = 1, **fields: object) -> dict[str, object]:
    address = f"{ARCHIVE}/release/r/{number}"
    thumbnails = {"small": f"{address}-250.jpg", "large": f"{address}-500.jpg"}
    return {
        "front": front,
        "types": ["Front"],
        "id": number,
        "image": f"{address}.jpg",
        "thumbnails": thumbnails,
        **fields,
    }


def addresses(*images: object) -> tuple[str, ...]:
    return front_addresses(json.dumps({"images": images}).encode(), INDEX)


def saved(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def recorded(name: str) -> bytes:
    path = RECORDED / name
    if not path.is_file():
        pytest.skip(f"the recorded answers are not here: {path}")
    return path.read_bytes()


def test_the_front_is_chosen_by_its_flag_not_by_its_types() -> None:
    found = addresses(image(front=False, types=["Front", "Back", "Spine"]), image(number=2))
    assert found[0] == f"{ARCHIVE}/release/r/2-500.jpg"
    assert addresses(image(front=False)) == ()
    assert addresses(image(types=[])) != ()


@pytest.mark.parametrize("number", [11, "11"])
def test_ids_are_text_or_numbers(number: object) -> None:
    assert addresses(image(number=number))[0].endswith("/11-500.jpg")


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (("small", "large"), "large"),
        (("250", "500", "1200", "small", "large"), "500"),
        (("1200", "small"), "1200"),
        (("250",), "250"),
        (("small",), "small"),
        ((), "image"),
    ],
)
def test_the_thumbnail_nearest_to_500_pixels_comes_first(names: tuple[str, ...], best: str) -> None:
    thumbnails = {name: f"{ARCHIVE}/{name}.jpg" for name in names}
    found = addresses(image(thumbnails=thumbnails, image=f"{ARCHIVE}/image.png"))
    assert found[0].startswith(f"{ARCHIVE}/{best}.")
    assert found[-1] == f"{ARCHIVE}/image.png"
    assert len(found) == len(names) + 1


def test_http_becomes_https_and_equal_addresses_are_one() -> None:
    old = f"{ARCHIVE}/a-500.jpg".replace("https:", "http:")
    found = addresses(image(thumbnails={"500": old, "large": f"{ARCHIVE}/a-500.jpg"}, image=old))
    assert found == (f"{ARCHIVE}/a-500.jpg",)


@pytest.mark.parametrize("body", [b"{}", saved("dark.json"), b'{"images": []}'])
def test_no_list_a_dark_item_and_no_image_are_no_cover(body: bytes) -> None:
    assert front_addresses(body, INDEX) == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "expected JSON"),
        (b"", "expected JSON"),
        (b"[]", "'images'"),
        (b'{"files": []}', "'images'; got an object with files"),
        (b'{"is_dark": false}', "'images'"),
        (b'{"images": {}}', "images: expected a list"),
        (b'{"images": [{}]}', "images 1: expected an object with 'front'"),
        (b'{"images": [{"front": "yes"}]}', "images 1, front: expected true or false"),
        (b'{"images": [{"front": true}]}', "images 1: expected an object with 'thumbnails'"),
        (b'{"images": [{"front": true, "thumbnails": {}}]}', "images 1: expected .*'image'"),
        (b'{"images": [{"front": true, "thumbnails": {"500": 1}}]}', "500: expected text"),
    ],
)
def test_another_shape_is_an_error(body: bytes, problem: str) -> None:
    with pytest.raises(ParseError, match=rf"^{INDEX}.*{problem}"):
        front_addresses(body, INDEX)


@given(st.lists(st.booleans(), max_size=5))
def test_there_is_a_cover_where_something_is_the_front(flags: list[bool]) -> None:
    found = addresses(*(image(front, number) for number, front in enumerate(flags)))
    assert bool(found) == any(flags)
    assert all(f"/r/{flags.index(True)}" in address for address in found)


@given(st.binary(max_size=200))
def test_any_bytes_are_addresses_or_a_parse_error(body: bytes) -> None:
    try:
        found = front_addresses(body, INDEX)
    except ParseError:
        return
    assert found == ()


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("release_8dd38d9f-eae6-47a7-baa8-eaa467042687.json", "8dd38d9f"),
        ("release_02cd52d7-2d0c-41a4-bf9c-59894bebab8c.json", "02cd52d7"),
    ],
)
def test_recorded_lists_have_a_front(name: str, release: str) -> None:
    best, *others = front_addresses(recorded(f"coverartarchive/{name}"), INDEX)
    assert best.startswith(f"https://coverartarchive.org/release/{release}")
    assert best.endswith("-500.jpg")
    assert all(other.startswith("https://coverartarchive.org/release/") for other in others)


@pytest.mark.parametrize(
    "item", ["3c556c47-110d-4782-a607-c93e486bccf8", "8dd38d9f-eae6-47a7-baa8-eaa46687"]
)
def test_recorded_items_that_are_dark_or_missing_are_no_cover(item: str) -> None:
    assert front_addresses(recorded(f"archive-org-metadata/mbid-{item}.json"), INDEX) == ()


@pytest.mark.parametrize(
    "item",
    [
        "02cd52d7-2d0c-41a4-bf9c-59894bebab8c",
        "32fc99ce-a5b5-48f9-88d3-5e59ac4cb747",
        "8dd38d9f-eae6-47a7-baa8-eaa467042687",
        "e276296d-0e1a-40bb-ac14-7a95f1ca7ff0",
    ],
)
def test_recorded_items_that_are_no_lists_are_errors(item: str) -> None:
    with pytest.raises(ParseError, match="'images'"):
        front_addresses(recorded(f"archive-org-metadata/mbid-{item}.json"), INDEX)


@dataclass
class Shelf:
    """A site of a few addresses."""

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset({"coverartarchive.org", "archive.org", "evil.test"})

    def answer(self, host: str, path: str) -> Answer | None:
        return self.answers.get((host, path))

    def put(self, path: str, body: bytes, status: int = 200) -> None:
        self.answers["coverartarchive.org", path] = Answer(body, "image/jpeg", status=status)

    def list(self, *images: object) -> None:
        self.put("/release-group/m", json.dumps({"images": images}).encode())


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def archive(shelf: Shelf) -> Iterator[Sandbox]:
    with running_sandbox(shelf) as running:
        yield running


@pytest.fixture
def client(archive: Sandbox, tmp_path: Path) -> Iterator[PoliteClient]:
    with PoliteClient("", pacer=Pacer(tmp_path / "pace"), mirror=archive.url) as opened:
        yield opened


@pytest.mark.parametrize("name", ["index_old.json", "index_today.json"])
def test_the_front_s_thumbnail_comes(shelf: Shelf, client: PoliteClient, name: str) -> None:
    shelf.put("/release-group/m", saved(name))
    for release, number in (("1", "101"), ("3", "301")):
        path = f"/release/22222222-aaaa-4bbb-8ccc-00000000000{release}/{number}-500.jpg"
        shelf.put(path, number.encode())
    answer = fetch_cover(client, INDEX)
    assert (answer.status, answer.body) == (200, b"101" if "old" in name else b"301")


@pytest.mark.parametrize("body", [b"{}", b'{"is_dark": true}', b'{"images": []}'])
def test_where_there_is_no_front_the_answer_says_404(
    shelf: Shelf, client: PoliteClient, body: bytes
) -> None:
    shelf.put("/release-group/m", body)
    answer = fetch_cover(client, INDEX)
    assert (answer.url, answer.status, answer.body) == (INDEX, 404, b"")


@pytest.mark.parametrize("status", [404, 410, 400])
def test_what_is_said_of_the_list_is_the_answer(
    shelf: Shelf, client: PoliteClient, status: int
) -> None:
    shelf.put("/release-group/m", b"", status)
    assert fetch_cover(client, INDEX).status == status


def test_where_a_thumbnail_is_gone_the_next_and_at_last_the_original_comes(
    shelf: Shelf, client: PoliteClient
) -> None:
    shelf.list(image())
    assert fetch_cover(client, INDEX).status == 404
    shelf.put("/release/r/1.jpg", b"original")
    assert fetch_cover(client, INDEX).body == b"original"
    shelf.put("/release/r/1-250.jpg", b"small")
    assert fetch_cover(client, INDEX).body == b"small"


def test_a_busy_archive_is_not_one_without_a_cover(
    shelf: Shelf, archive: Sandbox, client: PoliteClient
) -> None:
    shelf.list(image())
    shelf.put("/release/r/1-500.jpg", b"large")
    for place in ("/release-group/", "/release/"):
        archive.faults.add(Fault("status:503", f"/coverartarchive.org{place}", retry_after=0))
    assert fetch_cover(client, INDEX).body == b"large"  # after two attempts each
    archive.faults.add(
        Fault("status:503", "/coverartarchive.org/release/", times=None, retry_after=0)
    )
    with pytest.raises(FetchError, match="503") as busy:
        fetch_cover(client, INDEX)
    assert busy.value.code == "http_503"


def test_the_list_and_the_image_share_one_deadline(
    shelf: Shelf, archive: Sandbox, client: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cover_art_archive, "POLICY", replace(POLICY, deadline=0.5, robots=False))
    shelf.list(image())
    shelf.put("/release/r/1-500.jpg", b"x" * 100)
    archive.faults.add(Fault("slow:0.05", "/coverartarchive.org/release/", times=None))
    with pytest.raises(FetchError) as late:
        fetch_cover(client, INDEX)
    assert late.value.code == "timeout"


def test_other_hosts_are_not_asked(shelf: Shelf, archive: Sandbox, client: PoliteClient) -> None:
    shelf.list(image(thumbnails={"500": "https://evil.test/a.jpg"}))
    with pytest.raises(UnsafeInput) as refused:
        fetch_cover(client, INDEX)
    assert refused.value.code == "host_not_allowed"
    shelf.list(image())
    away = status_page(307, ("Location", "https://evil.test/a.jpg"))
    shelf.answers["coverartarchive.org", "/release/r/1-500.jpg"] = away
    with pytest.raises(UnsafeInput):
        fetch_cover(client, INDEX)
    assert archive.requests.count("/evil.test/") == 0


def test_robots_txt_is_obeyed(shelf: Shelf, client: PoliteClient) -> None:
    shelf.put("/robots.txt", b"User-agent: *\nDisallow: /release-group/\n")
    with pytest.raises(Refused):
        fetch_cover(client, INDEX)


def test_a_list_that_is_none_is_an_error(shelf: Shelf, client: PoliteClient) -> None:
    shelf.put("/release-group/m", b"<html>")
    with pytest.raises(ParseError, match=INDEX):
        fetch_cover(client, INDEX)


def test_manners() -> None:
    assert (POLICY.pace.concurrency, POLICY.pace.group) == (2, "archive.org")
    assert (POLICY.deadline, POLICY.robots) == (30.0, True)


def test_every_made_release_group_is_accounted_for(tmp_path: Path) -> None:
    site = MadeSite(seed=3, scale=0.2)
    outcomes: Counter[str] = Counter()
    with (
        running_sandbox(site) as sandbox,
        PoliteClient("", pacer=Pacer(tmp_path), mirror=sandbox.url) as client,
    ):
        for mbid, group in site.library.groups.items():
            answer = fetch_cover(client, f"{ARCHIVE}/release-group/{mbid}")
            is_dead = group.album.album_id in site.catalogue.planted[Plant.DEAD]
            assert answer.status == 404 if is_dead else answer.status in (200, 404)
            shown = site.shelf.get(group.album.album_id)
            outcomes[f"{answer.status} {answer.body == shown}"] += 1
        hops = sandbox.requests.counts()
    assert outcomes["200 True"] > 0.85 * sum(outcomes.values())
    assert outcomes["404 False"] >= len(site.catalogue.planted[Plant.DEAD])
    assert {"coverartarchive.org", "archive.org", "ia800000.us.archive.org"} <= hops.keys()


def test_a_made_cover_is_an_image_at_the_end_of_the_redirects(tmp_path: Path) -> None:
    site = MadeSite(seed=3, scale=0.1)
    odd = {album for places in site.catalogue.planted.values() for album in places}
    plain = (m for m, g in site.library.groups.items() if g.album.album_id not in odd)
    with (
        running_sandbox(site) as sandbox,
        PoliteClient("", pacer=Pacer(tmp_path), mirror=sandbox.url) as client,
    ):
        answers = (fetch_cover(client, f"{ARCHIVE}/release-group/{mbid}") for mbid in plain)
        answer = next(answer for answer in answers if answer.status == 200)
    assert answer.url.startswith("https://ia800000.us.archive.org/0/items/mbid-")
    assert inspect_cover(answer.body).format == "JPEG"
