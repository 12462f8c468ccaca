"""Rows as the stores give them, without a fault in them."""

import hashlib

import pytest

from albumart.dataset.build import build_manifest
from albumart.validation.suites import Expected

CLASSES = ("jazz", "metal", "folk")


def made_row(number, **changes):
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    url = f"https://f1.bcbits.com/img/a{number}_2.jpg"
    return {
        "album": f"bandcamp:{number}",
        "source": "bandcamp",
        "genres": (CLASSES[number % 3],),
        "title": f"Title {number}",
        "artist": f"Artist {number % 3}-{number // 6}",
        "year": None if number % 2 else 1970 + number % 50,
        "url": url,
        "cover_urls": (url,),
        "cover_sha256": sha256,
        "pixel_sha256": sha256[::-1],
        "phash": sha256[:16],
        "width": 350,
        "height": 348,
        "format": "JPEG",
        "blank": False,
    } | changes


@pytest.fixture
def make_row():
    """number, changes → one row."""
    return made_row


@pytest.fixture
def rows():
    """240 rows in three classes, two by each artist."""
    return [made_row(number) for number in range(240)]


@pytest.fixture
def frame(rows):
    """The frame of their manifest."""
    return build_manifest(rows, study="s", classes=CLASSES, seed=0).frame


@pytest.fixture
def expected():
    """What holds of them."""
    return Expected(sources=("bandcamp", "itunes"), classes=CLASSES)
