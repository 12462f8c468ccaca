"""The sandbox as Bandcamp: album pages."""

import json
import re
from html import unescape

import pytest

from albumart.sandbox.bandcamp import PAGE_COVER_HOST, PAGE_HOST, PAGES_PATH, page_url
from albumart.sandbox.site import MadeSite

PREFIX = f"https://{PAGE_HOST}"


def test_every_album_has_a_page_with_data_for_machines(site: MadeSite) -> None:
    urls = site.answer(PAGE_HOST, PAGES_PATH).body.decode().splitlines()
    assert urls == [page_url(album) for album in site.catalogue.albums]
    pictured = placed = 0
    for url, album in zip(urls, site.catalogue.albums, strict=True):
        page = site.answer(PAGE_HOST, url.removeprefix(PREFIX)).body.decode()
        told = json.loads(re.search(r'ld\+json">(.*?)</script>', page)[1])
        properties = json.loads(unescape(re.search(r'properties" content="([^"]+)"', page)[1]))
        assert properties == {"item_type": "a", "item_id": album.album_id}
        assert (told["@id"], told["name"], told["byArtist"]["name"]) == (
            url,
            album.title,
            album.artist,
        )
        assert told["keywords"][1 : 1 + len(album.tags)] == list(album.tags)
        pictured += "image" in told
        placed += "foundingLocation" in told["publisher"]
    assert 0 < placed < len(urls)
    assert len(urls) * 0.8 < pictured <= len(urls)


def test_covers_of_pages_are_those_of_the_list(site: MadeSite) -> None:
    album = site.catalogue.albums[0]
    large = site.answer(PAGE_COVER_HOST, f"/img/a{album.image_id:010}_10.jpg")
    assert large == site.answer("f1.bcbits.com", f"/img/a{album.image_id:010}_2.jpg")
    assert large.body == site.shelf.get(album.album_id)


@pytest.mark.parametrize("path", ["/", "/album/", "/album/x", "/album/x-1", "/track/x-1"])
def test_unknown_pages(site: MadeSite, path: str) -> None:
    assert site.answer(PAGE_HOST, path) is None
