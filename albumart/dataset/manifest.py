"""A Manifest: the rows of one dataset version, under a digest of their content."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, Protocol, TypeAlias

import pandas as pd
from pydantic import BaseModel, JsonValue

from albumart.dataset.splits import SPLITS
from albumart.errors import UnsafeInput, ValidationFailed

JSON: TypeAlias = JsonValue

FORMAT: Final[Literal[1]] = 1
_METADATA: Final = b"albumart"
_AT_ONCE: Final = 10_000  # rows that are plain objects at once
# ``label`` is the first of ``labels``, a tuple of one word or more; ``genres`` are words beside the
# labels, where those are not made of genres; ``artist_id`` is the source's own; ``work`` is the
# smallest key of the albums here that are one album.
COLUMNS: Final[dict[str, str]] = {
    "album": "str",
    "label": "str",
    "labels": "object",
    "genres": "object",
    "title": "str",
    "artist": "str",
    "artist_id": "str",
    "year": "Int64",
    "url": "str",
    "cover_sha256": "str",
    "pixel_sha256": "str",
    "phash": "str",
    "width": "int64",
    "height": "int64",
    "blank": "bool",
    "work": "str",
    "cluster": "str",
    "group": "str",
    "split": "str",
}
# Each of their cells is a tuple of words.
WORDS: Final = ("labels", "genres")


class Objects(Protocol):
    """What a manifest needs of an object store."""

    def put(self, key: str, data: bytes) -> None:
        """Write ``data`` at ``key``."""

    def get(self, key: str) -> bytes:
        """Bytes at ``key``, or NotFound."""
        ...


class _About(BaseModel):
    """What a manifest's file says besides its rows."""

    format: Literal[1] = FORMAT
    digest: str
    study: str
    classes: tuple[str, ...]
    excluded: dict[str, int]
    parameters: dict[str, JsonValue]
    rare_labels: dict[str, int] = {}


@dataclass(frozen=True, eq=False)
class Manifest:
    """One immutable dataset version.

    Attributes:
        study: for whom it was built. Not part of the digest: two studies may share a dataset.
        classes: labels in the order of a model's outputs.
        frame: the rows, with COLUMNS, sorted by ``album``, index 0..n-1.
        excluded: albums left out, by reason. Not part of the digest: a link that died since
            changes the count, but not the data.
        parameters: everything besides the rows that shaped the data (seed, fractions, scheme).
        rare_labels: labels that are no class, for too few albums carry them, each with how many.
            Not part of the digest.
    """

    study: str
    classes: tuple[str, ...]
    frame: pd.DataFrame
    excluded: Mapping[str, int]
    parameters: Mapping[str, JSON]
    rare_labels: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (got := list(self.frame.columns)) != list(COLUMNS):
            raise ValidationFailed(f"manifest: expected columns {list(COLUMNS)}; got {got}")
        album = self.frame["album"]
        if not (album.is_monotonic_increasing and album.is_unique):
            raise ValidationFailed("manifest: expected each album once, in order of their keys")

    @cached_property
    def digest(self) -> str:
        """sha256 of classes, parameters and every row in order, as canonical text.

        ``labels`` is told only where an album has several, ``genres`` and ``artist_id`` where one
        is known, and ``work`` where it joins two albums, so that a dataset to which these say
        nothing has the digest that it had before there were such columns.
        """
        digest = hashlib.sha256()
        head = {"format": FORMAT, "classes": self.classes, "parameters": dict(self.parameters)}
        digest.update(_canonical(head))
        silent = {name for name, tells in self._tells.items() if not tells}
        told = [name for name in COLUMNS if name not in silent]
        digest.update(_canonical(told))
        for start in range(0, len(self.frame), _AT_ONCE):
            some = self.frame.iloc[start : start + _AT_ONCE]
            for row in zip(*(_plain(some[name]) for name in told), strict=True):
                digest.update(_canonical(row))
        return digest.hexdigest()

    @property
    def key(self) -> str:
        """Where the manifest lies in the object store."""
        return manifest_key(self.digest)

    @property
    def _tells(self) -> dict[str, bool]:
        """Whether the later columns say anything."""
        return {
            "labels": self.has_several,
            "genres": any(self.frame["genres"]),
            "artist_id": bool(self.frame["artist_id"].notna().any()),
            "work": bool(self.frame["work"].duplicated().any()),
        }

    @cached_property
    def has_several(self) -> bool:
        """Whether an album carries other labels than its ``label`` alone."""
        pairs = zip(self.frame["label"], self.frame["labels"], strict=True)
        return any(labels != (label,) for label, labels in pairs)

    def label_counts(self) -> dict[str, int]:
        """Number of albums that carry each class, in the order of the classes."""
        found = count_labels(self.frame)
        return {name: found.get(name, 0) for name in self.classes}

    def split_counts(self) -> dict[str, int]:
        """Number of albums in each split."""
        found = Counter(self.frame["split"])
        return {name: found.get(name, 0) for name in SPLITS}

    def summary(self) -> dict[str, JSON]:
        """Counts for people and for ``--json``."""
        by_split: dict[str, JSON] = {**self.split_counts()}
        by_class: dict[str, JSON] = {**self.label_counts()}
        return {
            "digest": self.digest,
            "albums": len(self.frame),
            "covers": int(self.frame["cover_sha256"].nunique()),
            "by_split": by_split,
            "by_class": by_class,
            "excluded": dict(self.excluded),
        }

    def to_parquet(self) -> bytes:
        """The manifest as one Parquet file; all but the rows is in the schema's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        about = _About(
            digest=self.digest,
            study=self.study,
            classes=self.classes,
            excluded=dict(self.excluded),
            parameters=dict(self.parameters),
            rare_labels=dict(self.rare_labels),
        )
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        for name in WORDS:
            words = pa.array(self.frame[name].tolist(), pa.list_(pa.string()))
            table = table.set_column(list(COLUMNS).index(name), name, words)
        table = table.replace_schema_metadata({_METADATA: about.model_dump_json()})
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        return buffer.getvalue()

    @classmethod
    def from_parquet(cls, data: bytes) -> "Manifest":
        """The manifest that ``to_parquet`` wrote.

        Raises:
            UnsafeInput: with code ``manifest`` if it is none, ``digest`` if its rows were altered.
        """
        about, frame = _read_parquet(data)
        try:
            manifest = cls(
                study=about.study,
                classes=about.classes,
                frame=as_manifest_frame(frame),
                excluded=about.excluded,
                parameters=about.parameters,
                rare_labels=about.rare_labels,
            )
        except (KeyError, TypeError, ValueError, ValidationFailed) as error:
            raise UnsafeInput("manifest", f"expected a manifest; got: {error}") from error
        _check_digest(manifest, about.digest)
        return manifest


def as_manifest_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """COLUMNS alone with their types, sorted by ``album``, index 0..n-1.

    Older files lack columns: without ``labels``, an album's ``label`` is the only one that it has,
    without ``work``, it is like no other, and without ``genres`` or ``artist_id``, none is known.
    """
    told: dict[str, Iterable[Iterable[object]]] = {
        "labels": frame.get("labels", ([label] for label in frame["label"])),
        "genres": frame.get("genres", ((),) * len(frame)),
    }
    words = {name: _as_words(column, frame.index) for name, column in told.items()}
    absent = {"artist_id": None, "work": frame["album"]}
    given = {name: value for name, value in absent.items() if name not in frame}
    typed = frame.assign(**words, **given)[list(COLUMNS)].astype(COLUMNS)
    return typed.sort_values("album", ignore_index=True)


def _as_words(column: Iterable[Iterable[object]], index: pd.Index) -> pd.Series:
    return pd.Series([tuple(map(str, words)) for words in column], index=index, dtype="object")


def count_labels(frame: pd.DataFrame) -> Counter[str]:
    """Number of albums that carry each label."""
    return Counter(name for labels in frame["labels"] for name in labels)


def manifest_key(digest: str) -> str:
    """Object key of the manifest with this digest."""
    return f"datasets/{digest}.parquet"


def write_manifest(objects: Objects, manifest: Manifest) -> str:
    """Store the manifest under its digest, which is returned. Safe to repeat.

    The rows under a digest never change; ``study`` and ``excluded`` are those of the last writer.
    """
    objects.put(manifest.key, manifest.to_parquet())
    return manifest.digest


def read_manifest(objects: Objects, digest: str) -> Manifest:
    """The manifest with this digest.

    Raises:
        NotFound: there is none.
        UnsafeInput: what lies there is not it.
    """
    manifest = Manifest.from_parquet(objects.get(manifest_key(digest)))
    _check_digest(manifest, digest)
    return manifest


def _check_digest(manifest: Manifest, expected: str) -> None:
    if manifest.digest != expected:
        raise UnsafeInput(
            "digest",
            f"manifest of study {manifest.study!r}: expected digest {expected}; "
            f"got {manifest.digest}: it was altered; build the dataset again",
        )


def _read_parquet(data: bytes) -> tuple[_About, pd.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
        about = _About.model_validate_json((table.schema.metadata or {})[_METADATA])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise UnsafeInput("manifest", f"expected a manifest in Parquet; got: {error}") from error
    return about, table.to_pandas()


def _canonical(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def _plain(column: pd.Series) -> list[object]:
    values = column.astype(object)
    return values.where(column.notna(), None).tolist()
