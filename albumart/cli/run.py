"""``albumart run``: one study from source to prediction."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from albumart.cli.options import Mirror
from albumart.cli.output import Json, headline, percent, say, say_json, show_stations
from albumart.cli.prefect import open_prefect

Sandboxed = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="Use made sources on this machine, or do not, whatever STUDY says.",
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
    from albumart.errors import BadStudy, NotFound
    from albumart.models.weights import resolve_weights
    from albumart.sources import find_source
    from albumart.study import load_study

    study = load_study(options["study"])
    study = study.with_model(backbone=options["backbone"], weights=options["weights"])
    resolve_weights(study.model)
    if options["url"] and not options["source"]:
        raise BadStudy("--from: expected --source with it; got none")
    for part in study.with_source(options["source"], options["url"]).collect:
        find_source(part.source, part.query)
    if options["real"] is not None and not Path(options["real"]).is_dir():
        real = options["real"]
        raise NotFound(f"--real {real}: expected a folder of recorded files; there is none")


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
