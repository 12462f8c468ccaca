"""The station that scores: every stored cover → what a version says of it, kept to be asked for.

What a version has scored it does not score again, unless the cover is another one since; so a run
that was killed goes on where it was, and a new champion scores everything anew.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from albumart.album import Origin
from albumart.dataset.cache import decode_cover
from albumart.dataset.manifest import read_manifest
from albumart.errors import NotFound, UnsafeInput
from albumart.progress import progress_bar
from albumart.serving.ahead import batches, map_ahead
from albumart.serving.predictor import Predictor
from albumart.stores.metadata import BATCH
from albumart.stores.models import ModelVersion
from albumart.stores.objects import ObjectStore
from albumart.stores.predictions import Ranked, Score
from albumart.stores.workspace import Workspace
from albumart.training.candidate import read_candidate

KeyRange: TypeAlias = tuple[str, str]

RANGE: Final = 256  # covers of one batch; so many pixels may wait for the network
CHUNK: Final = 64  # covers that go through the network, and into the store, at once
THREADS: Final = 8


class Outcome(StrEnum):
    """What became of a cover that was due."""

    SCORED = "scored"
    MISSING = "missing"  # not in the object store
    UNREADABLE = "unreadable"  # there, but broken, or not the one that was stored


@dataclass(frozen=True, slots=True)
class RankedCover:
    """One line of "most metal".

    Attributes:
        asked: the label that was asked for.
        probability: of that label.
        top: the likeliest label.
        labels: its own, in the dataset of the version; empty where it is not in it.
        split: of that dataset; the version knows what it was trained on.
    """

    asked: str
    album: str
    title: str | None
    artist: str | None
    probability: float
    top: str
    not_sure: bool
    labels: tuple[str, ...]
    split: str


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A cover after the decoder; ``(s, s, 3)`` pixels, where it came through."""

    album: str
    sha256: str
    outcome: Outcome
    pixels: NDArray[np.uint8] | None = None


def origin_of(version: ModelVersion, workspace: Workspace) -> Origin:
    """Where the albums come from that ``version`` was trained on."""
    return read_candidate(workspace.objects, version.run).provenance.origin


def due_ranges(
    version: ModelVersion, workspace: Workspace, *, scopes: Sequence[str] = (), size: int = RANGE
) -> list[KeyRange]:
    """What ``version`` has yet to score, as ``(first key, last key)`` of up to ``size`` covers.

    Of these scopes, or of every album.
    """
    due = _due_covers(version, workspace, scopes, None)
    return [(batch[0][0], batch[-1][0]) for batch in batches(due, size)]


def score_batch(
    version: ModelVersion,
    keys: KeyRange,
    workspace: Workspace,
    *,
    scopes: Sequence[str] = (),
) -> dict[str, int]:
    """Score what is due between the two keys; every outcome with its number of covers.

    What was finished is kept whatever happens to the rest.
    """
    due = list(_due_covers(version, workspace, scopes, keys))
    counts: Counter[str] = Counter(dict.fromkeys(Outcome, 0))
    decode = partial(_decode, workspace.objects, version.image_size)
    with (
        progress_bar("scoring", len(due)) as advance,
        closing(map_ahead(decode, due, threads=THREADS, ahead=RANGE)) as decoded,
    ):
        for chunk in batches(decoded, CHUNK):
            _score(version, chunk, workspace)
            counts.update(seen.outcome for seen in chunk)
            advance(len(chunk))
    return {outcome.value: counts[outcome] for outcome in Outcome}


def count_scored(version: ModelVersion, workspace: Workspace) -> dict[str, int]:
    """Number of scored covers by their likeliest label; NotFound where there is none at all."""
    counts = workspace.predictions.top_counts(version)
    if not any(counts.values()):
        raise NotFound(
            f"version {version.version} of {version.study} has scored no cover of origin "
            f"{workspace.origin.value} yet; run: albumart models score {version.study}"
        )
    return counts


def rank_covers(
    version: ModelVersion, labels: Iterable[str], workspace: Workspace, *, limit: int
) -> list[RankedCover]:
    """For each of ``labels`` the ``limit`` covers that ``version`` holds most probably so.

    Raises:
        NotFound: the version knows no such label; the message names the choices.
    """
    frame = read_manifest(workspace.objects, version.dataset).frame
    rows = zip(frame["album"], frame["labels"], frame["split"], strict=True)
    known = {album: (tuple(own), split) for album, own, split in rows}
    return [
        _ranked(label, found, known.get(found.album, ((), "")), workspace)
        for label in labels
        for found in workspace.predictions.most(version, label, limit=limit)
    ]


def _ranked(
    label: str, found: Ranked, known: tuple[tuple[str, ...], str], workspace: Workspace
) -> RankedCover:
    album, (labels, split) = workspace.albums.find(found.album), known
    return RankedCover(
        asked=label,
        album=found.album,
        title=album.title,
        artist=album.artist,
        probability=found.probability,
        top=found.top,
        not_sure=found.not_sure,
        labels=labels,
        split=split,
    )


def _due_covers(
    version: ModelVersion, workspace: Workspace, scopes: Sequence[str], keys: KeyRange | None
) -> Iterator[tuple[str, str]]:
    """``(album key, sha256)`` of what is due, in key order."""
    stored = workspace.albums.stored_covers(*scopes, keys=keys)
    for batch in batches(stored, BATCH):
        done = workspace.predictions.scored(version, [album for album, _ in batch])
        yield from ((album, sha256) for album, sha256 in batch if done.get(album) != sha256)


def _decode(objects: ObjectStore, size: int, cover: tuple[str, str]) -> _Seen:
    album, sha256 = cover
    try:
        return _Seen(album, sha256, Outcome.SCORED, decode_cover(objects, sha256, size))
    except NotFound:
        return _Seen(album, sha256, Outcome.MISSING)
    except UnsafeInput:
        return _Seen(album, sha256, Outcome.UNREADABLE)


def _score(version: ModelVersion, chunk: Sequence[_Seen], workspace: Workspace) -> None:
    """Put what could be decoded through the network, and keep what it says."""
    pixels = [seen.pixels for seen in chunk if seen.pixels is not None]
    if not pixels:
        return
    predictor = _predictor(version, workspace)
    probabilities = predictor.probabilities(np.stack(pixels))
    readable = [seen for seen in chunk if seen.pixels is not None]
    scores = [
        Score(
            album=seen.album,
            sha256=seen.sha256,
            probabilities=tuple(map(float, row)),
            not_sure=not row.max() >= predictor.least_confidence,
        )
        for seen, row in zip(readable, probabilities, strict=True)
    ]
    workspace.predictions.upsert(version, scores)


# One at a time: of a process that lives long, the champion changes.
_loaded: dict[tuple[str, str], Predictor] = {}


def _predictor(version: ModelVersion, workspace: Workspace) -> Predictor:
    """The version's network; each process loads it once."""
    named = (version.run, version.sha256)
    if named not in _loaded:
        loaded = Predictor.of_version(version, workspace)
        _loaded.clear()
        _loaded[named] = loaded
    return _loaded[named]
