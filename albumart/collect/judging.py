"""Albums that may not be stored: found by the thousand, and set aside before anything is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from albumart.album import Album
from albumart.stores.changes import Told
from albumart.stores.workspace import Workspace

JUDGED_AT_ONCE: Final = 5_000  # albums; a validation costs a tenth of a second however few they are

# Albums of one source → {key: reason} of those that may not be stored.
Judge = Callable[[Sequence[Album]], Mapping[str, str]]


def everything_passes(_: Sequence[Album]) -> Mapping[str, str]:
    """The judge of those who want none."""
    return {}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read on one page."""

    told: Told
    albums: Sequence[Album]


def set_failing_aside(
    workspace: Workspace, judge: Judge, readings: Sequence[Reading]
) -> Mapping[str, str]:
    """Judge what some pages tell; returns ``{key: reason}`` of what is set aside.

    What a page told badly before, in the same scrape, and tells well now is set free again.
    """
    quarantine = workspace.albums.quarantine
    albums = [album for reading in readings for album in reading.albums]
    failing = judge(albums) if albums else {}
    keys = {album.key for album in albums} - failing.keys()
    scrapes = {reading.told.scrape for reading in readings}
    aside = {scrape: quarantine.keys(keys, scrape=scrape) for scrape in scrapes}
    for reading in readings:
        quarantine.put(reading.albums, failing, reading.told)
        if mended := {album.key for album in reading.albums} & aside[reading.told.scrape]:
            quarantine.release(mended, reading.told)
    return failing
