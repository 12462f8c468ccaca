"""``albumart data status | retry | sweep``."""

from typing import Annotated

import typer

from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.stores import open_stores

app = typer.Typer(help="What the stores hold, and mending it.")

SourceName = Annotated[str | None, typer.Option(help="Only this source.")]


@app.command()
def status(*, source: SourceName = None, json: Json = False) -> None:
    """Albums by source and cover status, and the codes of what went wrong."""
    with open_stores() as workspace:
        names = [source] if source else workspace.albums.sources()
        found = {
            name: {
                "covers": workspace.albums.cover_counts(name),
                "codes": workspace.albums.code_counts(name),
            }
            for name in names
        }
    if json:
        say_json({"sources": found})
        return
    rows = [
        (name, kind, key, count)
        for name, counts in found.items()
        for kind, table in counts.items()
        for key, count in table.items()
    ]
    say_table([("source", "what", "which", "albums"), *rows])


@app.command()
def retry(
    *,
    source: SourceName = None,
    code: Annotated[str | None, typer.Option(help="Only this code, such as truncated.")] = None,
) -> None:
    """Make failed covers due again; the next run downloads them."""
    with open_stores() as workspace:
        count = workspace.albums.reset_covers(source, code=code)
    say(f"{count} covers are due again")


@app.command()
def sweep(
    *, delete: Annotated[bool, typer.Option(help="Delete objects that no album names.")] = False
) -> None:
    """Find documents without an object (made due again) and objects without a document."""
    from albumart.covers import sweep_covers

    with open_stores() as workspace:
        counts = sweep_covers(workspace, delete=delete)
    verb = "deleted" if delete else "kept; --delete removes them"
    say(f"{counts.missing} covers were missing and are due again")
    say(f"{counts.orphaned} objects belong to no album ({verb})")
