"""What the stores hold → the next version of a study's dataset."""

import logging
from collections.abc import Mapping, Sequence

from albumart.dataset.build import build_manifest
from albumart.dataset.labels import without_small_classes
from albumart.dataset.manifest import Manifest, write_manifest
from albumart.dataset.splits import SPLITS
from albumart.errors import ValidationFailed
from albumart.stores.workspace import Workspace
from albumart.study import Study

logger = logging.getLogger(__name__)


def build_version(study: Study, workspace: Workspace, *, limit: int | None = None) -> Manifest:
    """Build and store the manifest of the study's stored covers. Safe to repeat.

    A class with fewer than ``labels.min_covers`` covers is left out: nothing could be learnt of
    it, and nothing said. The same stored covers give the same digest.

    Raises:
        ValidationFailed: fewer than two classes are left.
    """
    rows: list[Mapping[str, object]]
    rows = list(workspace.albums.rows(study.collect.scope, limit=limit))
    manifest = _build(rows, study, study.labels.classes)
    found = manifest.frame["label"].value_counts()
    large = [name for name in manifest.classes if found.get(name, 0) >= study.labels.min_covers]
    if len(large) < 2:
        raise ValidationFailed(
            f"expected two classes or more with {study.labels.min_covers} covers each; "
            f"got {found.to_dict()} from {len(rows)} covers; collect more, or lower "
            "labels.min_covers"
        )
    if len(large) < len(manifest.classes):
        small = set(manifest.classes) - set(large)
        rows = list(without_small_classes(rows, study.labels.scheme, manifest.classes, small))
        manifest = _build(rows, study, large)
    write_manifest(workspace.objects, manifest)
    _tell(manifest)
    return manifest


def _build(rows: Sequence[Mapping[str, object]], study: Study, classes: Sequence[str]) -> Manifest:
    return build_manifest(
        rows,
        study=study.name,
        classes=classes,
        seed=study.split.seed,
        fractions=study.split.fractions,
        scheme=study.labels.scheme,
    )


def _tell(manifest: Manifest) -> None:
    splits = manifest.frame["split"].value_counts()
    logger.info(
        "dataset    %s: %d albums of %d classes: %s; left out: %s",
        manifest.digest[:12],
        len(manifest.frame),
        len(manifest.classes),
        ", ".join(f"{splits.get(name, 0)} {name}" for name in SPLITS),
        ", ".join(f"{count} {reason}" for reason, count in manifest.excluded.items()) or "none",
    )
