"""What the stores hold → the next version of a study's dataset; and the versions there are."""

import dataclasses
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from albumart.dataset.build import build_manifest
from albumart.dataset.card import Card, Circumstances, describe_dataset, read_card, write_card
from albumart.dataset.corrections import apply_corrections
from albumart.dataset.labels import find_classes, without_small_classes
from albumart.dataset.manifest import Manifest, read_manifest, write_manifest
from albumart.errors import NotFound, UnsafeInput, ValidationFailed
from albumart.stores.labels import Correction
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study

logger = logging.getLogger(__name__)

_FOLDER: Final = "datasets/"
_MANIFEST: Final = re.compile(rf"{_FOLDER}([0-9a-f]{{64}})\.parquet")
_CARD: Final = re.compile(rf"{_FOLDER}([0-9a-f]{{64}})/([^/]+)\.json")
_DIGEST: Final = re.compile("[0-9a-f]{1,64}")
FIRST: Final = 20  # classes that a message names
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One line of a list of dataset versions; ``built`` is None where it has no card."""

    digest: str
    study: str
    built: datetime | None
    albums: int
    classes: int
    by_split: Mapping[str, int]


def build_version(
    study: Study,
    workspace: Workspace,
    *,
    limit: int | None = None,
    corrections: Iterable[Correction] = (),
) -> Manifest:
    """Build and store the manifest of the study's stored covers, and its card. Safe to repeat.

    The same stored covers and corrections give the same digest; see ``label_and_split``.

    Raises:
        ValidationFailed: fewer than two classes are left.
    """
    stored = workspace.albums.rows(*study.scopes, limit=limit)
    manifest = label_and_split(study, list(apply_corrections(stored, corrections)))
    write_manifest(workspace.objects, manifest)
    how = Circumstances(workspace.origin, datetime.now(UTC), limit)
    write_card(workspace.objects, describe_dataset(manifest, study, how))
    _tell(manifest)
    return manifest


def label_and_split(study: Study, rows: Sequence[Mapping[str, object]]) -> Manifest:
    """The manifest that a study makes of rows.

    A class with fewer than ``labels.min_covers`` covers is left out: nothing could be learnt of
    it, and nothing said. Where a study lists no classes, every label that is not left out is one.

    Raises:
        ValidationFailed: fewer than two classes are left.
    """
    classes = study.labels.classes or find_classes(rows, study.labels.scheme)
    manifest = _build(rows, study, classes)
    found = manifest.label_counts()
    small = {name: count for name, count in found.items() if count < study.labels.min_covers}
    large = [name for name in classes if name not in small]
    if len(large) < 2:
        raise ValidationFailed(
            f"expected two classes or more with {study.labels.min_covers} covers each; "
            f"got {_first(found)} from {len(rows)} covers; collect more, or lower "
            "labels.min_covers"
        )
    if small:
        kept = list(without_small_classes(rows, study.labels.scheme, classes, small))
        manifest = dataclasses.replace(_build(kept, study, large), rare_labels=small)
    return manifest


def list_datasets(objects: ObjectStore) -> list[DatasetVersion]:
    """Every dataset version, once for each study that has it, the last built first."""
    keys = list(objects.keys(_FOLDER))
    cards = list(_cards(objects, keys))
    described = {card.digest for card in cards}
    manifests = (match[1] for match in map(_MANIFEST.fullmatch, keys) if match)
    bare = [read_manifest(objects, digest) for digest in manifests if digest not in described]
    versions = [_version_of_card(card) for card in cards] + [_version(each) for each in bare]
    return sorted(versions, key=lambda each: (each.built or _NEVER, each.digest), reverse=True)


def find_dataset(objects: ObjectStore, digest: str) -> Manifest:
    """The dataset version whose digest begins so.

    Raises:
        NotFound: there is none, or more than one.
    """
    found: list[str] = []
    if _DIGEST.fullmatch(digest):
        matches = map(_MANIFEST.fullmatch, objects.keys(_FOLDER + digest))
        found = [match[1] for match in matches if match]
    if len(found) != 1:
        there = f"{len(found)} begin so" if found else "none begins so"
        raise NotFound(
            f"expected the beginning of one dataset's digest; got {digest!r}: {there}; "
            "`albumart data datasets list` shows them"
        )
    return read_manifest(objects, found[0])


def previous_version(objects: ObjectStore, study: str, digest: str) -> Manifest | None:
    """What the study's dataset was before it was ``digest``, to be looked at; None at first.

    It may be one that failed validation: see ``validation.record.find_previous``.
    """
    others = (card for card in study_cards(objects, study) if card.digest != digest)
    last = next(others, None)
    return read_manifest(objects, last.digest) if last else None


def study_cards(objects: ObjectStore, study: str) -> list[Card]:
    """The cards of every version of a study's dataset, the last built first."""
    keys = [key for key in objects.keys(_FOLDER) if key.endswith(f"/{study}.json")]
    return sorted(_cards(objects, keys), key=lambda card: card.built, reverse=True)


def count_new_covers(study: Study, workspace: Workspace) -> int:
    """Covers that were stored since the study's dataset was last built of all albums there are.

    A sample tells nothing of what it left out, nor another origin of this one.
    """
    whole = (
        card.built
        for card in study_cards(workspace.objects, study.name)
        if card.limit is None and card.origin is workspace.origin
    )
    return workspace.albums.stored_since(next(whole, _NEVER), *study.scopes)


def _cards(objects: ObjectStore, keys: Iterable[str]) -> Iterator[Card]:
    for match in map(_CARD.fullmatch, keys):
        if match is None:
            continue
        try:
            yield read_card(objects, *match.groups())
        except UnsafeInput as error:  # of another release: the manifest beside it says enough
            logger.warning("%s", error)


def _build(rows: Sequence[Mapping[str, object]], study: Study, classes: Sequence[str]) -> Manifest:
    return build_manifest(
        rows,
        study=study.name,
        classes=classes,
        seed=study.split.seed,
        fractions=study.split.fractions,
        scheme=study.labels.scheme,
    )


def _version_of_card(card: Card) -> DatasetVersion:
    return DatasetVersion(
        digest=card.digest,
        study=card.study,
        built=card.built,
        albums=card.albums,
        classes=len(card.by_class),
        by_split=card.by_split,
    )


def _version(manifest: Manifest) -> DatasetVersion:
    return DatasetVersion(
        digest=manifest.digest,
        study=manifest.study,
        built=None,
        albums=len(manifest.frame),
        classes=len(manifest.classes),
        by_split=manifest.split_counts(),
    )


def _first(counts: Mapping[str, int]) -> str:
    """Counts for a message: a vocabulary may have hundreds of words."""
    told = ", ".join(f"{count} {name}" for name, count in list(counts.items())[:FIRST])
    return told + (f" and {len(counts) - FIRST} more" if len(counts) > FIRST else "")


def _tell(manifest: Manifest) -> None:
    logger.info(
        "dataset    %s: %d albums of %d classes: %s; left out: %s",
        manifest.digest[:12],
        len(manifest.frame),
        len(manifest.classes),
        ", ".join(f"{count} {name}" for name, count in manifest.split_counts().items()),
        ", ".join(f"{count} {reason}" for reason, count in manifest.excluded.items()) or "none",
    )
