"""One album's document read as a whole: what was told, by whom, and what became of its cover."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from albumart.album import Album, Cover, CoverStatus
from albumart.stores.schema import album_from_fields


@dataclass(frozen=True, slots=True)
class AlbumRecord:
    """An album with its provenance.

    Attributes:
        scopes: parts of sources that tell of it now.
        page: address of the page that told it last.
        told: when that page came; None where it is not known.
        first_seen: when it was stored first.
        status: how far its cover has come.
        code: why, in one word.
        cover_url: the candidate that decided it.
        cover: what is stored; None where nothing is.
        tried: when the cover was asked for last.
    """

    album: Album
    scopes: tuple[str, ...]
    page: str
    told: datetime | None
    first_seen: datetime | None
    status: CoverStatus
    code: str
    cover_url: str
    cover: Cover | None
    tried: datetime | None


def album_record(found: Mapping[str, Any]) -> AlbumRecord:
    """The record in a document of the albums' collection."""
    told = found["cover"]
    status = CoverStatus(told["status"])
    stored = {name: told[name] for name in _COVER} if status is CoverStatus.STORED else None
    return AlbumRecord(
        album=album_from_fields(found["album"]),
        scopes=tuple(found["scopes"]),
        page=found.get("page", ""),
        told=found.get("told"),
        first_seen=found.get("first_seen"),
        status=status,
        code=told.get("code", ""),
        cover_url=told.get("url", ""),
        cover=None if stored is None else Cover(**stored),
        tried=told.get("tried"),
    )


_COVER: Final = tuple(field.name for field in fields(Cover))
