"""``albumart train``: a candidate from a dataset that is there; nothing is scraped or promoted."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from albumart.cli.options import Device
from albumart.cli.output import Json, headline, percent, say, say_json, show_stations
from albumart.cli.prefect import open_prefect
from albumart.cli.run import Vectors, Weights
from albumart.cli.stores import open_stores

if TYPE_CHECKING:
    from albumart.album import Origin


def train(
    study: Annotated[str, typer.Argument(help="Name of a study, or path of its TOML file.")],
    *,
    dataset: Annotated[
        str | None,
        typer.Option(help="First digits of a dataset's digest; else the study's newest."),
    ] = None,
    device: Device = None,
    backbone: Annotated[str | None, typer.Option(help="Another backbone than the study's.")] = None,
    weights: Weights = None,
    label_vectors: Vectors = None,
    json: Json = False,
) -> None:
    """Train and evaluate a candidate for STUDY on a dataset that was built before.

    Says on which device. `albumart models promote` makes the version champion, `albumart report`
    shows it.
    """
    from albumart.study import study_name
    from albumart.training.candidate import Provenance

    show_stations()
    name, options = study_name(study), {"backbone": backbone, "weights": weights}
    with open_prefect():
        from flows.train_model import train_model

        digest, origin = _find(name, dataset)
        given = options | {"dataset": digest[:12], "device": device, "label-vectors": label_vectors}
        provenance = Provenance(_command(study, given), origin)
        version = train_model(
            study, digest, **options, provenance=provenance, label_vectors=label_vectors
        )
        metrics = _metrics(name, version)
    if json:
        say_json({"study": name, "version": version, "dataset": digest, "metrics": metrics})
        return
    figure, estimate = headline(metrics)
    say(f"{name}: version {version}: {figure} {percent(estimate)}")


def _find(study: str, dataset: str | None) -> "tuple[str, Origin]":
    """The digest of a dataset of the study, and who answered for it."""
    from albumart.dataset.card import read_card
    from albumart.dataset.version import list_datasets
    from albumart.errors import NotFound

    with open_stores() as workspace:
        objects = workspace.objects
        mine = [each.digest for each in list_datasets(objects) if each.study == study]
        found = [digest for digest in mine if digest.startswith(dataset or "")]
        if not found:
            raise NotFound(
                f"expected a dataset of {study}{f' that begins {dataset}' if dataset else ''}; got "
                "none; `albumart data datasets list` shows them, `albumart run` builds one"
            )
        return found[0], read_card(objects, found[0], study).origin


def _command(study: str, options: Mapping[str, str | None]) -> str:
    """The command that trains so again."""
    words = [word for name, value in options.items() if value for word in (f"--{name}", value)]
    return shlex.join(["albumart", "train", study, *words])


def _metrics(study: str, version: int) -> dict[str, Any]:
    with open_stores() as workspace:
        found: dict[str, Any] = workspace.models.find_version(study, version).evaluation["metrics"]
    return found
