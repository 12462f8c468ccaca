"""``albumart run``: one study from source to prediction."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from albumart.cli.options import Device, Mirror, Runner
from albumart.cli.output import Json, headline, percent, say, say_json, show_stations
from albumart.cli.prefect import open_prefect

if TYPE_CHECKING:
    from albumart.study import Study

Sandboxed = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="Use made sources on this machine, or do not, whatever STUDY says; "
        "with them, unless --backbone or --weights name another, STUDY's small network.",
    ),
]
Real = Annotated[
    Path | None, typer.Option(help="Let the sandbox serve recorded real files.", metavar="DIR")
]
Images = Annotated[
    Path | None,
    typer.Option(help="Use your own covers, DIR/<label>/*.jpg: --source folder.", metavar="DIR"),
]
From = Annotated[
    str | None, typer.Option("--from", help="Address or path for --source.", metavar="URL")
]
Weights = Annotated[
    str | None, typer.Option(help="imagenet, random, study:NAME, a file, or an address#sha256=…")
]
Vectors = Annotated[
    str | None,
    typer.Option(
        help="Word vectors (GloVe) for the label space: a file, or an address#sha256=…",
        metavar="FILE",
    ),
]


def run(
    study: Annotated[str, typer.Argument(help="Name of a study, or path of its TOML file.")],
    *,
    sandbox: Sandboxed = None,
    mirror: Mirror = None,
    real: Real = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only N albums of each source.")] = None,
    images: Images = None,
    source: Annotated[
        str | None, typer.Option(help="Collect from this source in place of the study's.")
    ] = None,
    url: From = None,
    backbone: Annotated[str | None, typer.Option(help="Another backbone than the study's.")] = None,
    weights: Weights = None,
    label_vectors: Vectors = None,
    runner: Runner = None,
    device: Device = None,
    json: Json = False,
) -> None:
    """Scrape, build, train, evaluate, report and promote STUDY.

    Uses the platform that is up (`albumart up`), else brings one up and takes it down again.
    What did not change since the last run is not done again.
    """
    show_stations()
    if images:
        source, url = "folder", str(images.resolve())
    options = {
        "study": study,
        "sandbox": sandbox,
        "mirror": mirror,
        "real": str(real.resolve()) if real else None,
        "limit": limit,
        "backbone": backbone,
        "weights": weights,
        "label_vectors": label_vectors,
        "source": source,
        "url": url,
    }
    _check_early(options)
    result = _run_on_platform(options)
    if json:
        say_json(result)
    else:
        _tell(result)


def _check_early(options: Mapping[str, Any]) -> None:
    """Find a wrong word before anything is started."""
    from albumart.errors import AlbumArtError, BadStudy, NotFound
    from albumart.http.client import NO_CONTACT
    from albumart.models.label_vectors import space_identity
    from albumart.models.weights import resolve_weights
    from albumart.sources import find_source
    from albumart.study import load_study

    study = load_study(options["study"])
    if _rehearses(study, options):
        study = study.rehearsed()
    study = study.with_model(backbone=options["backbone"], weights=options["weights"])
    resolve_weights(study.model)
    study = study.with_label_vectors(options["label_vectors"])
    for head in (study.head, *study.compare):
        space_identity(head.space)
    if options["url"] and not options["source"]:
        raise BadStudy("--from: expected --source with it; got none")
    study = study.with_source(options["source"], options["url"])
    for part in study.collect:
        find_source(part.source, part.query)
    if options["real"] is not None and not Path(options["real"]).is_dir():
        real = options["real"]
        raise NotFound(f"--real {real}: expected a folder of recorded files; there is none")
    if _is_nameless(study, options):
        raise AlbumArtError(NO_CONTACT)


def _is_nameless(study: "Study", options: Mapping[str, Any]) -> bool:
    """Whether hosts would be asked by somebody who does not say who they are."""
    from albumart.settings import load_settings

    settings = load_settings()
    others = (_is_made(study, options), options["real"], options["mirror"], settings.mirror)
    files = all(part.source == "folder" for part in study.collect)
    return not (files or settings.contact or any(others))


def _rehearses(study: "Study", options: Mapping[str, Any]) -> bool:
    """Whether the sandbox answers, and the caller names no model of their own."""
    named = ("real", "mirror", "backbone", "weights")
    return _is_made(study, options) and all(options[name] is None for name in named)


def _is_made(study: "Study", options: Mapping[str, Any]) -> bool:
    return bool(study.sandbox if options["sandbox"] is None else options["sandbox"])


def _run_on_platform(options: Mapping[str, Any]) -> dict[str, Any]:
    with open_prefect() as endpoints:
        from flows.run_study import run_study

        result: dict[str, Any] = run_study(**options)
    return result | {"prefect_ui": (endpoints.prefect_api_url or "").removesuffix("/api")}


def _tell(result: Mapping[str, Any]) -> None:
    model, metrics = result["model"], result["metrics"]
    verb = "promoted" if model["promoted"] else "not promoted"
    say(f"{result['study']}: version {model['version']} {verb}: {model['reason']}")
    figure, estimate = headline(metrics)
    say(f"  {figure:<22}{percent(estimate)}")
    for name, baseline in result["baselines"].items():
        told = percent(baseline) if "value" in baseline else f"not run: {baseline['reason']}"
        say(f"  {name.replace('_', ' '):<22}{told}")
    say(f"  {'report':<22}{result['report']}")
    say(f"  {'Prefect UI':<22}{result['prefect_ui']}  (while `albumart up` runs)")
    say(f"  {'try it':<22}albumart predict COVER.jpg --study {result['study']}")
