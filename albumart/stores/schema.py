"""What MongoDB's validator holds every album document to, and how an Album is written as one."""

import hashlib
import json
from dataclasses import MISSING, asdict, fields
from typing import Final

from albumart.album import Album, CoverStatus
from albumart.stores.collections import Document

_TEXT: Final = {"bsonType": "string", "maxLength": 1_000}
_LONG_TEXT: Final = {"bsonType": "string", "maxLength": 20_000}
_WORDS: Final = {"bsonType": "array", "items": {"bsonType": "string", "maxLength": 200}}
_COUNTS: Final = {"bsonType": "array", "items": {"bsonType": "int", "minimum": 0}}
_LISTINGS: Final = {
    "bsonType": "array",
    "items": {"bsonType": "object", "required": ["chart", "position", "day"]},
}

ALBUM_SCHEMA: Final[Document] = {
    "bsonType": "object",
    "required": ["_id", "album", "digest", "order", "cover", "first_seen", "scopes"],
    "properties": {
        "_id": {"bsonType": "string", "pattern": "^[a-z0-9]+:.+$", "maxLength": 200},
        "digest": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
        "order": {"bsonType": "string"},
        "first_seen": {"bsonType": "date"},
        "scopes": {"bsonType": "array", "items": {"bsonType": "string"}},
        "listings": _LISTINGS,
        "album": {
            "bsonType": "object",
            "required": ["source", "source_id", "cover_urls"],
            "additionalProperties": False,
            "properties": {
                "source": {"bsonType": "string"},
                "source_id": {"bsonType": "string", "minLength": 1},
                "cover_urls": {
                    "bsonType": "array",
                    "items": {"bsonType": "string", "maxLength": 2_000},
                },
                **dict.fromkeys(("genres", "tags", "moods", "styles", "themes"), _WORDS),
                "genre_ids": _WORDS,
                **dict.fromkeys(("genre_votes", "tag_votes"), _COUNTS),
                **dict.fromkeys(("title", "artist", "artist_id", "released"), _TEXT),
                **dict.fromkeys(("page_url", "reviewer"), _TEXT),
                "review": _LONG_TEXT,
                "year": {"bsonType": "int", "minimum": 1000, "maximum": 2100},
                "rating": {"bsonType": "int", "minimum": 1, "maximum": 10},
            },
        },
        "cover": {
            "bsonType": "object",
            "required": ["status", "attempts"],
            "properties": {
                "status": {"enum": [status.value for status in CoverStatus]},
                "attempts": {"bsonType": "int", "minimum": 0},
                "next_try": {"bsonType": ["date", "null"]},
            },
        },
    },
}

# What is empty is not written: most sources fill in less than half of an Album.
_DEFAULTS: Final = {f.name: None if f.default is MISSING else f.default for f in fields(Album)}
_TUPLES: Final = frozenset(name for name, default in _DEFAULTS.items() if default == ()) | {
    "cover_urls"
}


def album_fields(album: Album) -> Document:
    """What the source told, without what is empty and without what changes daily."""
    told = asdict(album)
    del told["listings"]
    return {name: value for name, value in told.items() if value != _DEFAULTS[name]}


def fields_digest(told: Document) -> str:
    """sha256 over everything that makes an album what it is, of its ``album_fields``.

    Its page's address is no part of that: stores in two countries have one each for an album.
    """
    kept = {name: value for name, value in told.items() if name != "page_url"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def album_from_fields(found: Document) -> Album:
    """The Album that ``album_fields`` wrote."""
    lists = {name: tuple(value) for name, value in found.items() if name in _TUPLES}
    return Album(**(found | lists))


def changed_fields(old: Document, new: Document) -> list[Document]:
    """``{field, old, new}`` for each field of two ``album_fields`` that differs."""
    names = sorted(old.keys() | new.keys())
    pairs = [(name, old.get(name), new.get(name)) for name in names]
    return [{"field": name, "old": a, "new": b} for name, a, b in pairs if _plain(a) != _plain(b)]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
