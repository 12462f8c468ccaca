"""``albumart predict``: what the champion says of image files."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.output import Json, say, say_json, show_stations

if TYPE_CHECKING:
    from albumart.serving.predictor import Prediction


def predict(
    images: Annotated[list[Path], typer.Argument(help="Image files.", metavar="IMAGE...")],
    *,
    study: Annotated[str, typer.Option(help="Whose champion answers.")],
    top: Annotated[int, typer.Option(min=1, help="How many labels.")] = 3,
    json: Json = False,
) -> None:
    """Tell genre or mood from cover images. Exit code 1 if a file could not be judged."""
    from albumart.cli.stores import open_stores
    from albumart.serving.predictor import Predictor
    from albumart.study import load_study

    show_stations()
    name = load_study(study).name
    with open_stores() as workspace:
        predictions = Predictor.of_champion(name, workspace).predict(images, top=top)
    if json:
        say_json({"study": name, "predictions": [_plain(found) for found in predictions]})
    else:
        _tell(predictions)
    if any(found.error for found in predictions):
        raise typer.Exit(1)


def _plain(found: "Prediction") -> dict[str, object]:
    if found.error:
        return {"path": found.path, "error": found.error}
    labels = [asdict(label) for label in found.labels]
    return {
        "path": found.path,
        "labels": labels,
        "not_sure": found.not_sure,
        "model": found.model,
    }


def _tell(predictions: Iterable["Prediction"]) -> None:
    for found in predictions:
        labels = ", ".join(f"{label.label} {label.probability:.0%}" for label in found.labels)
        told = f"not sure: {labels}" if found.not_sure else labels
        say(f"{found.path}: {found.error or told}")
