"""The facts of a dataset version that its card tells."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from albumart import __version__
from albumart.album import Origin
from albumart.dataset.duplicates import DuplicateCounts, count_duplicates
from albumart.dataset.manifest import JSON, Manifest, count_labels
from albumart.dataset.splits import SPLITS
from albumart.study import Study

FEW: Final = 10  # albums in test, below which the validation of a split warns as well
_OPTIONAL: Final = ("title", "artist", "year")


class Card(BaseModel):
    """What a card tells, as plain values.

    Attributes:
        built: when the version was built the last time.
        scopes: the parts of sources that were asked.
        limit: of albums, where only a sample was taken.
        asked: the study's tables that shape a dataset: collect (``collect 1``, ``collect 2``, …
            where it has several), labels, split.
        sources: albums by source.
        by_class: albums that carry each class, by split.
        excluded: albums left out, by reason.
        rare_labels: labels that are no class, and how many albums carry them.
        corrected: albums whose words a person corrected.
        groups: of albums that no split may part: their ``count``, the ``largest``, those of one
            album ``alone``, and those that are ``parted`` all the same.
        duplicates: what is the same picture or the same album; of an older card, not all of it.
        unknown: albums without a title, artist or year.
        years: of the oldest and the newest album.
        blank: covers of nearly one colour.
        several: whether an album may carry more than one class.
        reproduce: the command that builds it again.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    study: str
    title: str
    description: str
    built: datetime
    albumart: str
    origin: Origin
    scopes: tuple[str, ...]
    limit: int | None
    asked: dict[str, dict[str, JSON]]
    parameters: dict[str, JSON]
    sources: dict[str, int]
    albums: int
    covers: int
    by_split: dict[str, int]
    by_class: dict[str, dict[str, int]]
    excluded: dict[str, int]
    rare_labels: dict[str, int]
    corrected: int
    groups: dict[str, int]
    duplicates: DuplicateCounts
    unknown: dict[str, int]
    years: tuple[int, int] | None
    blank: int
    several: bool
    limits: tuple[str, ...]
    reproduce: str

    @model_validator(mode="before")
    @classmethod
    def _read_one_scope(cls, given: object) -> object:
        """A card of when a study had one source says ``scope``."""
        if isinstance(given, dict) and "scope" in given:
            return {**given, "scopes": (given["scope"],)}
        return given


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a version came about, as far as its manifest does not say it."""

    origin: Origin
    built: datetime
    limit: int | None = None


def describe_dataset(manifest: Manifest, study: Study, how: Circumstances) -> Card:
    """The card of ``manifest``, which ``study`` asked for."""
    frame = manifest.frame
    years = frame["year"].dropna()
    return Card(
        digest=manifest.digest,
        study=study.name,
        title=study.title,
        description=study.description.strip(),
        built=how.built,
        albumart=__version__,
        origin=how.origin,
        scopes=study.scopes,
        limit=how.limit,
        asked={name: table.model_dump(mode="json") for name, table in _tables(study).items()},
        parameters=dict(manifest.parameters),
        sources=_by_source(frame),
        albums=len(frame),
        covers=int(frame["cover_sha256"].nunique()),
        by_split=manifest.split_counts(),
        by_class=_by_class(manifest),
        excluded=dict(manifest.excluded),
        rare_labels=dict(manifest.rare_labels),
        corrected=_corrected(manifest),
        groups=_groups(frame),
        duplicates=count_duplicates(manifest),
        unknown={name: int(frame[name].isna().sum()) for name in _OPTIONAL},
        years=(int(years.min()), int(years.max())) if len(years) else None,
        blank=int(frame["blank"].sum()),
        several=manifest.has_several,
        limits=tuple(_limits(manifest, how)),
        reproduce=_command(study, how),
    )


def _tables(study: Study) -> Mapping[str, BaseModel]:
    collect: dict[str, BaseModel] = {"collect": study.collect[0]}
    if len(study.collect) > 1:
        collect = {f"collect {place}": part for place, part in enumerate(study.collect, start=1)}
    return collect | {"labels": study.labels, "split": study.split}


def _by_source(frame: pd.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(key.partition(":")[0] for key in frame["album"]).items()))


def _by_class(manifest: Manifest) -> dict[str, dict[str, int]]:
    frame = manifest.frame
    counts = {split: count_labels(frame[frame["split"] == split]) for split in SPLITS}
    return {name: {split: counts[split][name] for split in SPLITS} for name in manifest.classes}


def _corrected(manifest: Manifest) -> int:
    corrected = manifest.parameters.get("corrected", 0)
    return corrected if isinstance(corrected, int) else 0


def _groups(frame: pd.DataFrame) -> dict[str, int]:
    sizes = frame["group"].value_counts()
    largest = int(sizes.max()) if len(sizes) else 0
    alone = int((sizes == 1).sum())
    return {
        "count": len(sizes),
        "largest": largest,
        "alone": alone,
        "parted": int((frame.groupby("group")["split"].nunique() > 1).sum()),
    }


def _limits(manifest: Manifest, how: Circumstances) -> Iterator[str]:
    frame = manifest.frame
    if how.origin is not Origin.LIVE:
        yield _NOT_LIVE[how.origin]
    if how.limit:
        yield f"A sample of at most {how.limit} albums, drawn by a hash of their keys."
    if nobody := int(frame["artist"].isna().sum()):
        yield (
            f"Of {nobody} of {len(frame)} albums no artist is known: only their covers keep them "
            "together, and one artist's albums may lie in several splits."
        )
    if len(_by_source(frame)) == 1:
        yield "One source: what a model learns may be that source's habits."
    yield "Labels are words of artists, shops, editors or listeners; others would choose others."
    if manifest.has_several:
        yield "That an album lacks a label says little: sources name a few of those that fit."
    if few := [name for name, counts in _by_class(manifest).items() if counts["test"] < FEW]:
        yield f"Fewer than {FEW} albums in test, so that figures say little: {', '.join(few)}."
    if blank := int(frame["blank"].sum()):
        yield f"{blank} covers are of nearly one colour; they are compared by their pixels alone."
    yield "Crops, frames and new photographs of a cover are not recognised as duplicates."


_NOT_LIVE: Final = {
    Origin.RECORDED: "Albums and covers come from recorded files: the source tells others by now.",
    Origin.SANDBOX: "Albums and covers are made: figures say that the software works, no more.",
}


def _command(study: Study, how: Circumstances) -> str:
    words = ["albumart", "run", study.name]
    words += ["--sandbox"] if how.origin is Origin.SANDBOX and not study.sandbox else []
    words += ["--real", "DIR"] if how.origin is Origin.RECORDED else []
    words += ["--limit", str(how.limit)] if how.limit else []
    return " ".join(words)
