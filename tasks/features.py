"""Features of a frozen backbone, computed by as many workers as there are."""

import itertools
import logging
from collections.abc import Mapping
from functools import cache

from prefect import task

from albumart.features.blocks import FeatureBlocks, part_of
from albumart.features.embeddings import embedding_name
from albumart.features.makers import FeatureSpec
from albumart.features.shares import Share, compute_share, share_out
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.training.networks import wanted_features
from tasks.resources import find_dataset, open_stores, prepare_study

logger = logging.getLogger("albumart.tasks")


@task
def find_due_features(study: Study, dataset: str) -> list[Share]:
    """Shares of the dataset's covers whose features nobody has computed yet."""
    covers = _all_covers(dataset)
    with open_stores() as workspace:
        due = [
            covers - FeatureBlocks(workspace.objects, embedding_name(spec)).covers()
            for spec in _specs(study, workspace)
        ]
    return share_out(set().union(*due))


@task(task_run_name="features-{share[0]}-{share[1]}", retries=2, retry_delay_seconds=10)
def compute_features_of(study: Study, dataset: str, share: Share) -> int:
    """Compute the features of one share and put them where every machine finds them."""
    first, last = share
    parts = _covers_by_part(dataset)
    covers = [cover for part in parts if first <= part <= last for cover in parts[part]]
    with open_stores() as workspace:
        return sum(
            compute_share(Share(*share), covers, spec, workspace.objects)
            for spec in _specs(study, workspace)
        )


@task
def count_features(study: Study, dataset: str, computed: int) -> dict[str, int]:
    """How many rows were computed, and how many there are of those that are wanted."""
    covers = _all_covers(dataset)
    with open_stores() as workspace:
        specs = _specs(study, workspace)
        there = sum(
            len(covers & FeatureBlocks(workspace.objects, embedding_name(spec)).covers())
            for spec in specs
        )
    counts = {"computed": computed, "there": there, "wanted": len(covers) * len(specs)}
    logger.info("features   %s", ", ".join(f"{n} {name}" for name, n in counts.items()))
    return counts


def _all_covers(dataset: str) -> set[str]:
    return set().union(*_covers_by_part(dataset).values())


@cache
def _covers_by_part(dataset: str) -> Mapping[str, list[str]]:
    """Each process sorts a dataset version once, for it may be given thousands of its shares."""
    covers = sorted(set(find_dataset(dataset).frame["cover_sha256"]))
    return {part: list(found) for part, found in itertools.groupby(covers, part_of)}


def _specs(study: Study, workspace: Workspace) -> list[FeatureSpec]:
    """What is wanted, with weights that lie on this machine."""
    return wanted_features(prepare_study(study, workspace))
