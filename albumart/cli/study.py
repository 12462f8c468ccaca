"""``albumart study list | show | check``."""

from typing import Annotated

import typer

from albumart.cli.output import Json, say, say_json, say_table

app = typer.Typer(help="Studies: what is collected, how it is labelled and trained.")


@app.command("list")
def list_(*, json: Json = False) -> None:
    """The studies that come with the package."""
    from albumart.study import list_studies, load_study

    studies = [load_study(name) for name in list_studies()]
    if json:
        say_json({"studies": [{"name": s.name, "title": s.title} for s in studies]})
    else:
        say_table([(study.name, study.title) for study in studies])


@app.command()
def show(study: Annotated[str, typer.Argument(help="Name, or path of a TOML file.")]) -> None:
    """Everything that one study decides, defaults included, as JSON."""
    from albumart.study import load_study

    say(load_study(study).model_dump_json(indent=2))


@app.command()
def check(file: Annotated[str, typer.Argument(help="A study's TOML file, or its name.")]) -> None:
    """Check a study file: unknown keys and impossible values are named with their line."""
    from albumart.models.label_vectors import space_identity
    from albumart.models.weights import resolve_weights
    from albumart.sources import find_source
    from albumart.study import load_study

    study = load_study(file)
    for part in study.collect:
        find_source(part.source, part.query)
    resolve_weights(study.model)
    for head in (study.head, *study.compare):
        space_identity(head.space)
    say(f"{file}: study {study.name!r} is fine")
