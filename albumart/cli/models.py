"""``albumart models list | show | history | promote | …`` and ``albumart report``."""

import webbrowser
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from albumart.cli import scores
from albumart.cli.output import Json, headline, percent, say, say_json, say_table
from albumart.cli.stores import open_stores

if TYPE_CHECKING:
    from albumart.explain.imagenet import ImageNetTop
    from albumart.stores.models import ModelVersion

app = typer.Typer(help="Model versions and champions, and what they say of every cover.")
app.command("score")(scores.score)
app.command("most")(scores.most)

StudyName = Annotated[str, typer.Argument(help="Name of a study.", metavar="STUDY")]
ImageNetWeights = Annotated[
    str | None,
    typer.Option(help="An .h5 file of the backbone with its top; imagenet: Keras downloads it."),
]
ImageNetClasses = Annotated[
    Path | None, typer.Option(help="imagenet_class_index.json, which names its classes.")
]
VersionNumber = Annotated[int, typer.Argument(min=1, help="Number of a version.")]


@app.command("list")
def list_(study: Annotated[str | None, typer.Argument()] = None, *, json: Json = False) -> None:
    """Every version, newest first; the champion is starred."""
    from albumart.registry import require_study

    with open_stores() as workspace:
        if study is not None:
            require_study(workspace.models, study)
        versions = list(workspace.models.list_versions(study))
        names = {version.study for version in versions}
        champions = {name: workspace.models.champion(name) for name in names}
    starred = {(c.study, c.version) for c in champions.values() if c}
    if json:
        say_json({"models": [_plain(v, (v.study, v.version) in starred) for v in versions]})
        return
    rows = [
        (
            "*" if (v.study, v.version) in starred else " ",
            v.study,
            v.version,
            _figure(v),
            f"{v.created:%Y-%m-%d %H:%M}",
        )
        for v in versions
    ]
    say_table([(" ", "study", "version", "figure", "created"), *rows])


@app.command()
def show(study: StudyName, version: VersionNumber) -> None:
    """One version and the study's promotion history with its evidence, as JSON."""
    with open_stores() as workspace:
        found = workspace.models.find_version(study, version)
        history = workspace.models.history(study)
    say_json(asdict(found) | {"history": [asdict(event) for event in history]})


@app.command()
def history(study: StudyName, *, json: Json = False) -> None:
    """Every promotion, refusal, approval and roll-back of a study, oldest first."""
    from albumart.registry import require_study

    with open_stores() as workspace:
        require_study(workspace.models, study)
        events = workspace.models.history(study)
    if json:
        say_json({"history": [asdict(event) for event in events]})
        return
    rows = [
        (
            f"{event.when:%Y-%m-%d %H:%M}",
            event.action,
            event.version,
            event.replaced or "",
            event.who,
            f"{event.reason}: {event.comment}" if event.comment else event.reason,
        )
        for event in events
    ]
    say_table([("when", "what", "version", "replaced", "who", "why"), *rows])


@app.command()
def promote(
    study: StudyName,
    version: VersionNumber,
    *,
    comment: Annotated[str, typer.Option(help="Why, for the history.")] = "",
) -> None:
    """Make a version champion by hand; the history records who did it.

    A run that waits for somebody's approval of this version goes on.
    """
    from albumart.registry import promote_by_hand

    with open_stores() as workspace:
        promote_by_hand(workspace.models, study, version, comment=comment)
    say(f"version {version} of {study} is champion")


@app.command()
def rollback(study: StudyName) -> None:
    """Give the alias back to the version that the champion replaced."""
    from albumart.registry import roll_back

    with open_stores() as workspace:
        version = roll_back(workspace.models, study).version
    say(f"version {version} of {study} is champion again")


def report(
    study: StudyName,
    *,
    version: Annotated[int | None, typer.Option(min=1, help="If not given, the newest.")] = None,
    imagenet_top: ImageNetWeights = None,
    imagenet_classes: ImageNetClasses = None,
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write a version's report to the reports folder and print its path.

    With the two --imagenet options it is made anew and shows what the backbone sees in covers.
    """
    from albumart.reports.store import fetch_report
    from albumart.settings import load_settings
    from albumart.study import load_study

    chosen, imagenet = load_study(study), _imagenet(imagenet_top, imagenet_classes)
    folder = load_settings().home / "reports"
    with open_stores() as workspace:
        path = fetch_report(workspace, chosen, version, folder=folder, imagenet=imagenet)
    say(str(path))
    if open_:
        webbrowser.open(path.as_uri())


def _imagenet(weights: str | None, classes: Path | None) -> "ImageNetTop | None":
    from albumart.explain.imagenet import ImageNetTop

    if weights is None and classes is None:
        return None
    if weights is None or classes is None:
        raise typer.BadParameter("expected --imagenet-top and --imagenet-classes; got one of them")
    return ImageNetTop(weights, classes)


def _figure(version: "ModelVersion") -> str:
    name, estimate = headline(version.evaluation["metrics"])
    return f"{name} {percent(estimate)}"


def _plain(version: "ModelVersion", champion: bool) -> dict[str, Any]:
    wanted = ("study", "version", "dataset", "sha256", "created")
    fields = asdict(version)
    return {
        **{name: fields[name] for name in wanted},
        "metrics": version.evaluation["metrics"],
        "champion": champion,
    }
