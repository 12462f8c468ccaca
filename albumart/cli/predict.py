"""``albumart predict``: what a model version says of covers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from albumart.album import Origin
from albumart.cli.options import JsonLines
from albumart.cli.output import printable, say, say_json, show_stations

if TYPE_CHECKING:
    from albumart.serving.inputs import Inputs
    from albumart.serving.intended import Intended
    from albumart.serving.predictor import Prediction, Predictor
    from albumart.similar import SimilarCovers
    from albumart.stores.models import ModelVersion
    from albumart.stores.workspace import Workspace

PATIENCE: Final = 30.0  # seconds that a host which asked for a pause may hold a person back


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is wanted beside the labels."""

    top: int
    intended: str | None
    explain: Path | None
    similar: int


@dataclass(frozen=True, slots=True)
class _Similar:
    """A stored cover like the one that was asked about."""

    album: str
    similarity: float
    artist: str | None
    title: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """All that is told of one image."""

    prediction: "Prediction"
    intended: "Intended | None" = None
    overlay: Path | None = None
    similar: tuple[_Similar, ...] | None = None


def predict(
    images: Annotated[
        list[str],
        typer.Argument(
            help="Image files, folders of them, addresses (https://…), or keys of stored albums "
            "(bandcamp:…).",
            metavar="IMAGE...",
        ),
    ],
    *,
    study: Annotated[str, typer.Option(help="Whose champion answers.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="This version answers, champion or not.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many labels.")] = 3,
    intended: Annotated[
        str | None,
        typer.Option(help="Say whether each cover reads as this label.", metavar="LABEL"),
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(
            help="Save there, for each cover, where the model looked: for the intended label, "
            "else for the likeliest.",
            metavar="DIR",
            file_okay=False,
        ),
    ] = None,
    similar: Annotated[
        int, typer.Option(min=0, max=100, help="Show this many similar stored covers.")
    ] = 0,
    origin: Annotated[
        Origin | None,
        typer.Option(
            help="Whose albums keys and similar covers are of: live, recorded or sandbox "
            "(default: as it was trained on)."
        ),
    ] = None,
    json: JsonLines = False,
) -> None:
    """Tell genre or mood from covers. Exit code 1 if one could not be judged.

    With --json each line is one image: image, study, version, labels (label, probability),
    not_sure, intended, similar, overlay, error. What was not asked for, or could not be had, is
    null.
    """
    from albumart.errors import NotFound
    from albumart.serving.inputs import find_inputs
    from albumart.study import study_name

    show_stations()
    asked = _Asked(top, intended, explain, similar)
    found = find_inputs(images)
    if not found.items:
        raise NotFound(f"{', '.join(images)}: no image in it; {found.skipped} other files")
    tell = _tell_program(study_name(study)) if json else _tell_person
    failed = 0
    with _stores(study_name(study), version, origin) as (workspace, chosen):
        for told in _judge(found, asked, chosen, workspace):
            failed += told.prediction.error is not None
            tell(told)
    _conclude(found, failed)
    if failed:
        raise typer.Exit(1)


@contextmanager
def _stores(
    study: str, number: int | None, origin: Origin | None
) -> "Iterator[tuple[Workspace, ModelVersion]]":
    """The version that answers, and the stores of the albums that it is asked beside."""
    from albumart.cli.stores import open_stores
    from albumart.scoring import origin_of
    from albumart.serving.predictor import find_champion

    with open_stores() as anywhere:
        chosen = (
            find_champion(study, anywhere)
            if number is None
            else anywhere.models.find_version(study, number)
        )
        with open_stores(origin or origin_of(chosen, anywhere)) as workspace:
            yield workspace, chosen


def _judge(
    found: "Inputs", asked: _Asked, version: "ModelVersion", workspace: "Workspace"
) -> Iterator[_Told]:
    from albumart.cli.sources import open_client
    from albumart.progress import open_bar
    from albumart.serving.inputs import Kind, Reader
    from albumart.serving.predictor import Predictor
    from albumart.similar import SimilarCovers
    from albumart.stores.predictions import class_number

    if asked.intended is not None:
        class_number(version, asked.intended)  # before anything is loaded
    predictor = Predictor.of_version(version, workspace)
    covers = None
    if asked.similar:
        covers = SimilarCovers.of_version(version, workspace, predictor=predictor)
    complete = _Completion(asked, predictor, workspace, covers)
    with ExitStack() as stack:
        client = None
        if found.has(Kind.ADDRESS):
            opened = open_client(Origin.LIVE, None, longest_wait=PATIENCE)
            client = stack.enter_context(opened)
        bar = stack.enter_context(open_bar("judging", len(found.items), unit="images"))
        reader = Reader(workspace, client, digests=covers is not None)
        for prediction in predictor.predict_items(found.items, reader, top=asked.top):
            told = complete(prediction)
            bar.clear()
            yield told
            bar.update()


class _Completion:
    """Adds to a prediction what else was asked for."""

    def __init__(
        self,
        asked: _Asked,
        predictor: "Predictor",
        workspace: "Workspace",
        covers: "SimilarCovers | None",
    ) -> None:
        self._asked, self._predictor, self._workspace = asked, predictor, workspace
        self._covers = covers
        self._labels = {} if covers is None else _labels_of(predictor.version, workspace)
        self._named: set[str] = set()

    def __call__(self, found: "Prediction") -> _Told:
        from albumart.serving.intended import judge_intended

        if found.probabilities is None:
            return _Told(found)
        verdict = None
        if self._asked.intended is not None:
            version = self._predictor.version
            verdict = judge_intended(version, found.probabilities, self._asked.intended)
        return _Told(found, verdict, self._overlay(found), self._similar(found))

    def _overlay(self, found: "Prediction") -> Path | None:
        """Save where the model looked."""
        from albumart.dataset.arrays import plain_errors
        from albumart.explain.overlay import draw_overlay
        from albumart.explain.saliency import explain_cover
        from albumart.stores.predictions import class_number

        folder = self._asked.explain
        if folder is None or found.pixels is None:
            return None
        label = self._asked.intended or found.labels[0].label
        number = class_number(self._predictor.version, label)
        heat = explain_cover(self._predictor.model, found.pixels, number)
        path = folder / self._file_name(found.name)
        with plain_errors(path):
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw_overlay(found.pixels, heat))
        return path

    def _file_name(self, name: str) -> str:
        """One that no other image of this run has, and no cover: the folder may hold those."""
        import re

        stem = re.sub(r"[^\w-]+", "-", Path(name.split("?")[0]).stem).strip("-")[:80] or "cover"
        number = 1
        while (tried := stem if number == 1 else f"{stem}-{number}") in self._named:
            number += 1
        self._named.add(tried)
        return f"{tried}.explained.png"

    def _similar(self, found: "Prediction") -> tuple[_Similar, ...] | None:
        if self._covers is None or found.pixels is None:
            return None
        itself = [found.pixel_sha256] if found.pixel_sha256 else []
        near = self._covers.nearest(found.pixels, self._asked.similar, exclude=itself)
        return tuple(self._described(each.album, each.similarity) for each in near)

    def _described(self, key: str, similarity: float) -> _Similar:
        album = self._workspace.albums.find(key)
        return _Similar(key, similarity, album.artist, album.title, self._labels.get(key, ()))


def _labels_of(version: "ModelVersion", workspace: "Workspace") -> dict[str, tuple[str, ...]]:
    """The albums' own labels, of those that are in the version's dataset."""
    from albumart.dataset.manifest import read_manifest

    frame = read_manifest(workspace.objects, version.dataset).frame
    return {album: tuple(own) for album, own in zip(frame["album"], frame["labels"], strict=True)}


def _tell_program(study: str) -> Callable[[_Told], None]:
    def tell(told: _Told) -> None:
        say_json(_plain(told, study))

    return tell


def _plain(told: _Told, study: str) -> Mapping[str, object]:
    found = told.prediction
    is_judged = found.error is None
    return {
        "image": found.name,
        "study": study,
        "version": found.model,
        "labels": [asdict(label) for label in found.labels] if is_judged else None,
        "not_sure": found.not_sure if is_judged else None,
        "intended": told.intended and asdict(told.intended),
        "similar": told.similar and [asdict(each) for each in told.similar],
        "overlay": told.overlay and str(told.overlay),
        "error": found.error,
    }


def _tell_person(told: _Told) -> None:
    from albumart.serving.intended import in_percent

    found = told.prediction
    labels = ", ".join(f"{each.label} {in_percent(each.probability)}" for each in found.labels)
    answer = f"not sure: {labels}" if found.not_sure else labels
    say(printable(f"{found.name}: {found.error or answer}"))
    if told.intended:
        say(f"  {told.intended.sentence}")
    if told.overlay:
        say(printable(f"  where it looked: {told.overlay}"))
    for each in told.similar or ():
        by = " – ".join(filter(None, (each.artist, each.title)))
        own = f" ({', '.join(each.labels)})" if each.labels else ""
        say(printable(f"  like {each.album} {each.similarity:.2f}  {by}{own}".rstrip()))


def _conclude(found: "Inputs", failed: int) -> None:
    """Count what was left out, on stderr: stdout is for answers."""
    if failed:
        typer.echo(f"{failed} of {len(found.items)} could not be judged", err=True)
    if found.skipped:
        typer.echo(f"{found.skipped} other files in the folders were passed over", err=True)
