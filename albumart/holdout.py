"""A candidate on the held-out test split: its figures, and what they are to be read beside.

The test split is frozen by the dataset version's digest; nothing before this station reads it.
Whatever is chosen here (a threshold, a probe's strength) is chosen on validation.
"""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter

from albumart.dataset.manifest import Manifest, read_manifest
from albumart.errors import NotFound
from albumart.evaluation.baselines import BaselineData, NotRun, run_baselines
from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import MultiEvaluation
from albumart.evaluation.multi_scores import MultiScores
from albumart.evaluation.not_sure import Threshold, choose_threshold, measure_threshold
from albumart.evaluation.shortcut import SourceProbe, probe_source
from albumart.evaluation.skin import SKIN_COLOUR, skin_tone
from albumart.evaluation.slices import (
    Slice,
    decade_of,
    duplicate_free,
    evaluate_slices,
    is_monochrome,
    size_class,
)
from albumart.judged import (
    HEADLINE,
    Judged,
    carries_several,
    choose_label_threshold,
    evaluate_rows,
    judge_rows,
)
from albumart.models.head_network import pointing_network
from albumart.models.heads import find_head
from albumart.models.label_space import LabelSpace, label_likeness
from albumart.models.network import load_model, predict_proba
from albumart.models.weights import resolve_weights
from albumart.models.zero_shot import find_text_space
from albumart.stores.models import ModelVersion, model_key
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.study import Study
from albumart.train_plan import HEAD
from albumart.training.candidate import Candidate, array_bytes, read_candidate, read_held
from albumart.training.networks import (
    at_image_size,
    cached_features,
    cached_pixels,
    find_label_space,
    groups_of,
    order_of,
    splits_of,
)

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 64  # covers

Probabilities = NDArray[np.float32]
Directions = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a candidate's figures are read beside.

    Attributes:
        baselines: the headline figure on the same split, or why there is none, by name.
        gains: the candidate's figure minus a baseline's, paired, of those that answer.
        slices: the headline figure by source, decade, size, colour, skin and duplicates.
        threshold: of "not sure", chosen on validation and measured on test; None where no
            confidence reaches what the study wants.
        probe: whether a cover tells its source; None where all are of one.
    """

    baselines: dict[str, Estimate | NotRun]
    gains: dict[str, Estimate] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    threshold: Threshold | None = None
    probe: SourceProbe | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, Any]", json.loads(_adapter().dump_json(self)))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "Findings":
        """The findings that ``to_dict`` wrote. Raises ValueError on another shape."""
        return _adapter().validate_python(fields)


@cache
def _adapter() -> TypeAdapter[Findings]:
    return TypeAdapter(Findings)


@dataclass(frozen=True, slots=True)
class Holdout:
    """A candidate's numbers on the test split.

    Attributes:
        probabilities: ``(n_test, k) float32``, in manifest order.
        directions: ``(n_test, d) float32`` of a head that answers in label space.
    """

    evaluation: Evaluation | MultiEvaluation
    findings: Findings
    probabilities: Probabilities = field(repr=False)
    directions: Directions | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain values; the probabilities stay in the object store."""
        return {**self.evaluation.to_dict(), **self.findings.to_dict()}


def evaluate_candidate(
    candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> Holdout:
    """Score the saved model file on the test split, or read what an earlier call scored."""
    try:
        return read_holdout(workspace.objects, candidate.run)
    except NotFound:
        holdout = _evaluate(candidate, study, manifest, workspace)
    write_holdout(workspace.objects, candidate.run, holdout)
    metrics = holdout.evaluation.metrics
    name = next(name for name in HEADLINE.values() if name in metrics)
    logger.info(
        "evaluate   %s %.1f %% (%.1f to %.1f) on %d test covers",
        name.replace("_", " "),
        100 * metrics[name].value,
        100 * metrics[name].low,
        100 * metrics[name].high,
        metrics[name].n,
    )
    return holdout


def read_holdout(objects: ObjectStore, run: str) -> Holdout:
    """The numbers of ``run``, or NotFound."""
    record: dict[str, Any] = json.loads(objects.get(_record_key(run)))
    probabilities = np.load(io.BytesIO(objects.get(f"runs/{run}/test.npy")), allow_pickle=False)
    return Holdout(
        evaluation=_read_evaluation(record["evaluation"]),
        findings=Findings.from_dict(record["findings"]),
        probabilities=probabilities,
        directions=_read_directions(objects, run),
    )


def _read_directions(objects: ObjectStore, run: str) -> Directions | None:
    try:
        data = objects.get(_directions_key(run))
    except NotFound:
        return None
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))


def _read_evaluation(fields: Mapping[str, object]) -> Evaluation | MultiEvaluation:
    kind = MultiEvaluation if "popularity" in fields else Evaluation
    return kind.from_dict(fields)


def register_candidate(run: str, workspace: Workspace) -> ModelVersion:
    """Enter the evaluated candidate of ``run`` into the registry, once."""
    candidate = read_candidate(workspace.objects, run)
    holdout = read_holdout(workspace.objects, run)
    findings = holdout.findings.to_dict()
    draft = ModelVersion(
        study=candidate.study,
        version=0,
        run=run,
        dataset=candidate.dataset,
        albums=len(read_manifest(workspace.objects, candidate.dataset).frame),
        sha256=candidate.sha256,
        classes=candidate.classes,
        image_size=candidate.image_size,
        evaluation=holdout.evaluation.to_dict(),
        baselines=findings["baselines"],
        threshold=findings["threshold"],
    )
    return workspace.models.add_version(draft)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A candidate's model and the arrays that it is asked with; rows are the manifest's."""

    study: Study
    manifest: Manifest
    pixels: NDArray[np.uint8]
    features: NDArray[np.float32] | None
    splits: NDArray[np.str_]
    groups: NDArray[np.str_]
    space: LabelSpace | None

    def rows(self, split: str) -> NDArray[np.intp]:
        return np.flatnonzero(self.splits == split)

    def judge(
        self, split: str, probabilities: Probabilities, directions: Directions | None = None
    ) -> Judged:
        rows = self.rows(split)
        return judge_rows(self.manifest, rows, probabilities, self.space, answers=directions)

    @cached_property
    def data(self) -> BaselineData:
        return BaselineData(
            pixels=self.pixels,
            truth=order_of(self.manifest) > 0,
            splits=self.splits,
            groups=self.groups,
            features=self.features,
            several=carries_several(self.manifest),
            others=_zero_shot(self),
        )


def _evaluate(
    candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> Holdout:
    splits = splits_of(manifest)
    asked = _Asked(
        study=study,
        manifest=manifest,
        pixels=cached_pixels(manifest, workspace, candidate.image_size),
        features=_features(candidate, study, manifest, workspace),
        splits=splits,
        groups=groups_of(manifest),
        space=find_label_space(study, manifest, splits, workspace),
    )
    data = workspace.objects.get(model_key(candidate.sha256))
    model = load_model(data, candidate.sha256, workspace.cache / "models")
    test, validation = asked.rows("test"), asked.rows("validation")
    probabilities = predict_proba(model, asked.pixels, test)
    on_validation = read_held(workspace.objects, candidate.run)
    if on_validation is None:
        # A head alone is asked on the features that are there already.
        on_validation = (
            predict_proba(model.get_layer(HEAD), asked.features, validation)
            if asked.features is not None and study.train.trains_head_only
            else predict_proba(model, asked.pixels, validation)
        )
    directions = None
    if find_head(study.head.kind).in_label_space:
        directions = predict_proba(pointing_network(model), asked.pixels, test)
    judged = asked.judge("test", probabilities, directions)
    chooser = asked.judge("validation", on_validation)
    baselines = run_baselines(asked.data, probabilities)
    said = choose_label_threshold(chooser) if isinstance(chooser, MultiScores) else 0.5
    return Holdout(
        evaluation=evaluate_rows(manifest, test, judged, threshold=said),
        findings=Findings(
            baselines=baselines.figures,
            gains=baselines.gains,
            slices=_slices(asked, judged),
            threshold=_threshold(asked, chooser, judged),
            probe=_probe(asked),
        ),
        probabilities=probabilities,
        directions=directions,
    )


def _features(
    candidate: Candidate, study: Study, manifest: Manifest, workspace: Workspace
) -> NDArray[np.float32] | None:
    """Of the backbone as it came, if it had learnt anything before."""
    if resolve_weights(study.model).are_random and not study.train.trains_head_only:
        return None
    return cached_features(at_image_size(study, candidate.image_size), manifest, workspace)


def _zero_shot(asked: _Asked) -> dict[str, NDArray[np.float64]]:
    """What the backbone answers untaught, where it reads the labels' names."""
    study, classes = asked.study, asked.manifest.classes
    if asked.features is None:
        return {}
    texts = find_text_space(study.model, classes, study.labels.noun)
    if texts is None:
        return {}
    return {"zero_shot": label_likeness(asked.features[asked.rows("test")], texts.vectors)}


def _slices(asked: _Asked, judged: Judged) -> tuple[Slice, ...]:
    test, frame = asked.rows("test"), asked.manifest.frame
    mine = frame.iloc[test]
    years = [None if pd.isna(year) else int(year) for year in mine["year"]]
    looks = list(_looks(asked.pixels, test))
    alone = duplicate_free(frame["cluster"].tolist())
    return evaluate_slices(
        judged,
        asked.groups[test],
        {
            "source": sources_of(mine),
            "decade": [decade_of(year) for year in years],
            "size": [size_class(*sides) for sides in mine[["width", "height"]].to_numpy().tolist()],
            "colour": [colour for colour, _ in looks],
            SKIN_COLOUR: [tone for _, tone in looks],
            "duplicates": [alone[row] for row in test],
        },
    )


def _looks(pixels: NDArray[np.uint8], rows: NDArray[np.intp]) -> Iterator[tuple[str, str]]:
    """Of each cover whether it is monochrome, and the tone of skin that it shows."""
    for start in range(0, len(rows), _AT_ONCE):
        some = pixels[rows[start : start + _AT_ONCE]]  # of a mapped cache: few are read at once
        colours = np.where(is_monochrome(some), "monochrome", "in colour").tolist()
        yield from zip(colours, skin_tone(some), strict=True)


def _threshold(asked: _Asked, chooser: Judged, judged: Judged) -> Threshold | None:
    """Of the best answer; where there may be several, each label's own probability is told."""
    if isinstance(chooser, MultiScores) or isinstance(judged, MultiScores):
        return None
    test, validation = (asked.groups[asked.rows(split)] for split in ("test", "validation"))
    sure = asked.study.sure
    chosen = choose_threshold(chooser.probabilities, chooser.truth, sure, groups=validation)
    return chosen and measure_threshold(chosen, judged.probabilities, judged.truth, groups=test)


def _probe(asked: _Asked) -> SourceProbe | None:
    sources = sources_of(asked.manifest.frame)
    if len(set(sources)) < 2:
        return None
    names = asked.manifest.frame["label"].to_numpy(dtype=np.str_)
    features = asked.data.histograms if asked.features is None else asked.features
    return probe_source(features, sources, names, groups=asked.groups)


def sources_of(frame: pd.DataFrame) -> list[str]:
    """``(n,)`` name of the source of each row of a manifest."""
    return [str(album).partition(":")[0] for album in frame["album"]]


def write_holdout(objects: ObjectStore, run: str, holdout: Holdout) -> None:
    """Keep the numbers of ``run``."""
    # Arrays first: the record, which a reader looks for first, is written when all is there.
    objects.put(f"runs/{run}/test.npy", array_bytes(holdout.probabilities))
    if holdout.directions is not None:
        objects.put(_directions_key(run), array_bytes(holdout.directions))
    record = {
        "evaluation": holdout.evaluation.to_dict(),
        "findings": holdout.findings.to_dict(),
    }
    objects.put(_record_key(run), json.dumps(record).encode(), content_type="application/json")


def _directions_key(run: str) -> str:
    return f"runs/{run}/directions.npy"


def _record_key(run: str) -> str:
    return f"runs/{run}/holdout.json"
