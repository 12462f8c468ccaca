"""Rows as the stores give them, without a fault in them."""

import dataclasses
import hashlib

import pytest

from albumart.album import Album, Cover, CoverResult, CoverStatus
from albumart.dataset.build import build_manifest
from albumart.study import load_study
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


@pytest.fixture
def three_genres():
    """A study of these rows' classes."""
    study = load_study("bandcamp-genre")
    labels = study.labels.model_copy(update={"classes": CLASSES, "min_covers": 10})
    return study.model_copy(update={"labels": labels})


@pytest.fixture
def store(workspace):
    """rows, changes of their covers → their albums and covers in the stores."""

    def put(rows, **changes):
        workspace.albums.upsert_albums([album_of(row) for row in rows])
        workspace.albums.record_covers(
            CoverResult(
                row["album"],
                CoverStatus.STORED,
                url=row["url"],
                cover=dataclasses.replace(cover_of(row), **changes),
            )
            for row in rows
        )

    return put


def album_of(row):
    given = {name: row.get(name) for name in ("title", "artist", "artist_id", "year")}
    source, _, source_id = row["album"].partition(":")
    return Album(source, source_id, row["cover_urls"], row["genres"], **given)


def cover_of(row):
    names = ("pixel_sha256", "phash", "width", "height", "format")
    return Cover(row["cover_sha256"], **{name: row[name] for name in names}, size=1000)
