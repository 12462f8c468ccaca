"""One album as it is shown: its record, its words, and where each of them came from."""

from dataclasses import dataclass

import pandas as pd

from albumart.dataset.manifest import Manifest
from albumart.stores.labels import Correction
from albumart.stores.pages import PageState
from albumart.stores.records import AlbumRecord
from albumart.web.champions import Live


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """What an album is in the dataset of the champion."""

    labels: tuple[str, ...]
    split: str
    group: str


@dataclass(frozen=True, slots=True)
class AlbumPage:
    """All that is known of an album.

    Attributes:
        row: None where it was left out of the dataset.
        pages: versions of the page that told of it, as they are stored.
        corrections: that hold.
        changes: what its source told otherwise before.
    """

    record: AlbumRecord
    row: DatasetRow | None
    pages: tuple[PageState, ...]
    corrections: tuple[Correction, ...]
    changes: tuple[dict[str, object], ...]

    @property
    def name(self) -> str:
        """Its title, or its key."""
        return self.record.album.title or self.record.album.key

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The source's own words, by what it calls them."""
        album = self.record.album
        named = {
            "genres": album.genres,
            "styles": album.styles,
            "tags": album.tags,
            "moods": album.moods,
            "themes": album.themes,
        }
        return {name: told for name, told in named.items() if told}


def album_page(live: Live, key: str) -> AlbumPage:
    """Gather what the stores know of the album called ``key``, or NotFound."""
    workspace, record = live.workspace, live.workspace.albums.record(key)
    states = [workspace.pages.find(scope, record.page) for scope in record.scopes if record.page]
    return AlbumPage(
        record=record,
        row=_row(live.manifest, key),
        pages=tuple(state for state in states if state.version is not None),
        corrections=tuple(workspace.corrections.in_force(key)),
        changes=tuple(workspace.albums.history(key)),
    )


def _row(manifest: Manifest, key: str) -> DatasetRow | None:
    place = int(manifest.frame["album"].searchsorted(key))
    if place >= len(manifest.frame):
        return None
    found: pd.Series[str] = manifest.frame.iloc[place]
    if found["album"] != key:
        return None
    return DatasetRow(tuple(found["labels"]), found["split"], found["group"])
