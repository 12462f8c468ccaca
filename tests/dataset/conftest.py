"""Rows as the stores give them, and manifests of them."""

import hashlib

import pytest

from albumart.dataset.build import build_manifest

CLASSES = ("jazz", "metal", "folk")


def made_row(name, **changes):
    sha256 = hashlib.sha256(str(name).encode()).hexdigest()
    number = name if isinstance(name, int) else int(sha256[:4], 16)
    return {
        "album": f"bandcamp:{name}",
        "genres": (CLASSES[number % 3],),
        "title": None if number % 4 == 0 else f"Títle “{number}”",
        "artist": None,
        "year": None if number % 2 else 1970 + number % 50,
        "url": f"https://f1.bcbits.com/img/a{number}_2.jpg",
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
    """number or name, changes → one row."""
    return made_row


@pytest.fixture
def make_manifest():
    """rows, changes → their manifest."""

    def make(rows, **changes):
        return build_manifest(rows, **{"study": "s", "classes": CLASSES, "seed": 0} | changes)

    return make


@pytest.fixture
def manifest(make_manifest):
    """Sixty unlike covers in three classes."""
    return make_manifest(made_row(number) for number in range(60))


@pytest.fixture
def objects(workspace):
    """A bucket that no other test uses."""
    return workspace.objects
