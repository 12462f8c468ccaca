import io

import imagehash
import pytest
from PIL import Image

from albumart.sandbox.catalogue import Plant, make_catalogue
from albumart.sandbox.covers import DRAWN, HTML_COVER, CoverShelf
from albumart.sandbox.site import MadeSite


def test_every_plant_is_drawn() -> None:
    assert DRAWN.keys() == set(Plant)


def test_plain_covers_decode(site: MadeSite) -> None:
    odd = {album for places in site.catalogue.planted.values() for album in places}
    plain = [album.album_id for album in site.catalogue.albums if album.album_id not in odd]
    drawn = [site.shelf.get(album) for album in plain[::5]]
    for jpeg in drawn:
        Image.open(io.BytesIO(jpeg)).load()
    assert len(set(drawn)) == len(drawn) > 15


@pytest.mark.parametrize("plant", [Plant.DUPLICATE, Plant.CONTRADICTION])
def test_copies_are_the_originals_bytes(site: MadeSite, plant: Plant) -> None:
    for copy, original in site.catalogue.planted[plant].items():
        assert site.shelf.get(copy) == site.shelf.get(original)


def test_near_duplicates_look_alike_in_other_bytes(site: MadeSite) -> None:
    for copy, original in site.catalogue.planted[Plant.NEAR_DUPLICATE].items():
        ours, theirs = (site.shelf.get(album) for album in (copy, original))
        assert ours != theirs
        hashes = [imagehash.phash(Image.open(io.BytesIO(jpeg))) for jpeg in (ours, theirs)]
        assert hashes[0] - hashes[1] <= 5


def test_unusable_covers(site: MadeSite) -> None:
    planted, get = site.catalogue.planted, site.shelf.get
    assert {get(album) for album in planted[Plant.DEAD]} == {None}
    assert {get(album) for album in planted[Plant.HTML]} == {HTML_COVER}
    for album in planted[Plant.TINY]:
        assert Image.open(io.BytesIO(get(album))).size == (1, 1)
    for album in planted[Plant.TRUNCATED]:
        with pytest.raises(OSError, match="truncated"):
            Image.open(io.BytesIO(get(album))).load()
    for album in planted[Plant.BLANK]:
        low_high = Image.open(io.BytesIO(get(album))).convert("L").getextrema()
        assert low_high[1] - low_high[0] <= 2


def test_accidental_near_duplicates_are_rare() -> None:
    catalogue = make_catalogue(seed=9, scale=0.15)
    shelf, odd = CoverShelf(catalogue), set().union(*catalogue.planted.values())
    hashes = [
        imagehash.phash(Image.open(io.BytesIO(shelf.get(album.album_id))))
        for album in catalogue.albums
        if album.album_id not in odd
    ]
    close = sum(
        one - other <= 5 for place, one in enumerate(hashes) for other in hashes[place + 1 :]
    )
    assert close == 0
