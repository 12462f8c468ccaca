import re
from collections import Counter

import pytest

from albumart.sandbox.bandcamp import LIST_PATH
from albumart.sandbox.catalogue import Plant
from albumart.sandbox.site import HOSTS, MadeSite

LISTING = ("raw.githubusercontent.com", LIST_PATH)


def test_list_has_the_published_shape(site: MadeSite) -> None:
    text = site.answer(*LISTING).body.decode("ascii")
    assert text.endswith("\n")
    rows = text.removesuffix("\n").split("\n")
    shape = re.compile(r"http://f1\.bcbits\.com/img/a\d{10}_2\.jpg\t([a-z_]+)/a(\d+)\.jpg")
    matches = [shape.fullmatch(row) for row in rows]
    assert Counter(match[1] for match in matches) == Counter(a.genre for a in site.catalogue.albums)
    assert [int(match[2]) for match in matches] == [a.album_id for a in site.catalogue.albums]


def test_every_row_leads_to_a_cover_but_for_the_dead_ones(site: MadeSite) -> None:
    dead, missing = site.catalogue.planted[Plant.DEAD], set()
    for row in site.answer(*LISTING).body.decode().splitlines():
        url, label = row.split("\t")
        host, _, path = url.removeprefix("http://").partition("/")
        if site.answer(host, f"/{path}") is None:
            missing.add(int(re.search(r"a(\d+)\.jpg", label)[1]))
    assert missing == dead.keys()


def test_two_instances_answer_the_same_bytes(site: MadeSite) -> None:
    twin = MadeSite(seed=3, scale=0.1)
    addresses = [
        LISTING,
        *(("f1.bcbits.com", f"/img/a{a.image_id:010}_2.jpg") for a in twin.catalogue.albums[::9]),
    ]
    assert [site.answer(*at) for at in addresses] == [twin.answer(*at) for at in addresses]


def test_another_seed_shares_no_cover(site: MadeSite) -> None:
    other = MadeSite(seed=4, scale=0.1)
    assert other.answer(*LISTING).body != site.answer(*LISTING).body
    assert not site.by_image.keys() & other.by_image.keys()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/img/",
        "/img/a1_2.jpg",
        "/img/a0000000000_2.jpg",
        "/img/../../etc/passwd",
        "/img/a٣_2.jpg",
    ],
)
def test_unknown_covers(site: MadeSite, path: str) -> None:
    assert site.answer("f1.bcbits.com", path) is None


def test_unknown_host_and_unknown_list(site: MadeSite) -> None:
    assert site.answer("example.org", LIST_PATH) is None
    assert site.answer("raw.githubusercontent.com", "/other.tsv") is None
    assert site.hosts == HOSTS.keys()
