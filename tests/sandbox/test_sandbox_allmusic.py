"""The sandbox as AllMusic: its shapes, its manners, what it says of the made albums."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from albumart.sandbox.allmusic import MOST_ALBUMS, Guide
from albumart.sandbox.allmusic_pages import NAVIGATION, MadeEntry
from albumart.sandbox.catalogue import make_catalogue
from albumart.sandbox.covers import CoverShelf
from albumart.sandbox.site import MadeSite

HOST, COVERS = "www.allmusic.com", "rovimusic.rovicorp.com"


@pytest.fixture(scope="module")
def large() -> MadeSite:
    return MadeSite(seed=3, scale=1.0)


def text(site: MadeSite, path: str) -> str:
    return site.answer(HOST, path).body.decode()


def links(page: str, kind: str) -> list[str]:
    return re.findall(rf'href="(?:https://www\.allmusic\.com)?(/{kind}/[^"]+)"', page)


def of_layout(site: MadeSite, *, new: bool) -> MadeEntry:
    return next(e for e in site.guide.entries if e.is_new_layout is new and e.reviewer and e.cover)


def test_the_pages_of_the_listing_name_every_album_once(large: MadeSite) -> None:
    path, found, pages = "/newreleases/all", [], 0
    while path:
        page = text(large, path)
        rows = links(page, "album")
        assert len(rows) <= 100
        assert len(links(page, "mood")) == len(NAVIGATION) == 14
        found, pages = [*found, *rows], pages + 1
        after = re.search(r'rel="next" href="([^"]+)"', page)
        path = after[1] if after else ""
    assert found == [entry.path for entry in large.guide.entries]
    assert len(set(found)) == MOST_ALBUMS
    assert pages == 10
    assert large.answer(HOST, "/newreleases/all?page=11") is None
    assert text(large, "/newreleases/all?page=x") == text(large, "/newreleases/all")


def test_it_never_has_more_than_a_thousand_albums() -> None:
    catalogue = make_catalogue(seed=3, scale=8.34)
    guide = Guide(catalogue, CoverShelf(catalogue))
    assert len(guide.entries) == MOST_ALBUMS
    assert len({entry.album.genre for entry in guide.entries}) == 10
    new = sum(entry.is_new_layout for entry in guide.entries)
    assert 150 < new < 250


def test_dates_covers_and_reviews_differ(large: MadeSite) -> None:
    entries = large.guide.entries
    assert 300 < sum(entry.released.isdigit() for entry in entries) < 500
    assert 20 < sum(not entry.cover for entry in entries) < 70
    assert 60 < sum(not entry.reviewer for entry in entries) < 140


def test_an_album_s_page_has_no_moods_of_its_own(site: MadeSite) -> None:
    for new in (False, True):
        entry = of_layout(site, new=new)
        page = text(site, entry.path)
        assert len(links(page, "mood")) == 14
        assert "moodsGrid" not in page
        moods = text(site, f"{entry.path}/moodsThemesAjax")
        shown = re.findall(r"/mood/[^>]+>([^<]+)<", moods)
        assert tuple(map(unescape, shown)) == entry.album.moods


def test_the_rating_s_class_is_not_its_text(site: MadeSite) -> None:
    entry = of_layout(site, new=False)
    told = re.search(r"rating-allmusic-(\d)\">\s+(\d+)\s+<", text(site, entry.path))
    assert (int(told[1]), int(told[2])) == (entry.album.rating - 1, entry.album.rating)


def test_the_list_of_images_has_escaped_slashes(site: MadeSite) -> None:
    told = re.search(r"imageGallery = (.*?);</script>", text(site, of_layout(site, new=True).path))
    assert '"https:\\/\\/' in told[1]
    assert json.loads(told[1])[0]["zoomURL"].endswith("&f=5")


def test_an_album_without_a_cover(large: MadeSite) -> None:
    entry = next(entry for entry in large.guide.entries if not entry.cover)
    page = text(large, entry.path)
    assert "imageGallery = false;" in page
    assert "no_image/album_300x300.png" in page


def test_reviews_of_the_new_layout_are_loaded_beside_it(large: MadeSite) -> None:
    entry = of_layout(large, new=True)
    assert entry.reviewer not in unescape(text(large, entry.path))
    review = unescape(text(large, f"{entry.path}/reviewAjax"))
    assert f"{entry.album.title} Review by {entry.reviewer}</h3>" in review
    silent = next(e for e in large.guide.entries if e.is_new_layout and not e.reviewer)
    assert not text(large, f"{silent.path}/reviewAjax").strip()
    assert large.answer(HOST, f"{of_layout(large, new=False).path}/reviewAjax") is None


@pytest.mark.parametrize("path", ["/album/none-mw0000000000", "/album/none", "/album/"])
def test_a_missing_album_is_the_home_page_with_status_200(site: MadeSite, path: str) -> None:
    answer = site.answer(HOST, path)
    assert answer == site.answer(HOST, "/")
    assert answer.status == 200
    assert '<link rel="canonical" href="https://www.allmusic.com">' in answer.body.decode()


@pytest.mark.parametrize("path", ["/album/x-mw0000000000/moodsThemesAjax", "/none", "/mood/x"])
def test_other_pages_are_missing(site: MadeSite, path: str) -> None:
    assert site.answer(HOST, path) is None


def test_an_album_is_found_by_its_number(site: MadeSite) -> None:
    entry = site.guide.entries[0]
    assert text(site, f"/album/{entry.album_id}?from=x") == text(site, entry.path)


def test_covers_are_those_of_the_shelf(site: MadeSite) -> None:
    entry = of_layout(site, new=False)
    answer = site.answer(COVERS, f"/image.jpg?c={entry.cover}&f=4")
    wanted = site.shelf.get(entry.album.album_id)
    assert (answer.body if answer else None) == wanted


@pytest.mark.parametrize("path", ["/", "//[", "/image.jpg", "/image.jpg?c=x&f=4", "/other?c=x&f=5"])
def test_unknown_covers(site: MadeSite, path: str) -> None:
    assert site.answer(COVERS, path) is None
    entry = of_layout(site, new=False)
    assert site.answer(COVERS, f"/image.jpg?c={entry.cover}&f=9") is None


def test_two_sites_answer_the_same_bytes(site: MadeSite) -> None:
    twin = MadeSite(seed=3, scale=0.1)
    for entry in twin.guide.entries[::7]:
        for path in (entry.path, f"{entry.path}/moodsThemesAjax"):
            assert site.answer(HOST, path) == twin.answer(HOST, path)


def test_a_copy_is_told_to_be_the_current_one(ask: Callable[..., Any], site: MadeSite) -> None:
    path = f"/{HOST}{site.guide.entries[0].path}"
    told = ask(path)
    again = ask(path, headers={"If-None-Match": told.headers["ETag"]})
    assert (told.status, again.status) == (200, 304)
    assert ask(f"/{HOST}/robots.txt").body.startswith(b"User-agent: *\nDisallow: /search\n")
