"""``albumart data status | retry | sweep``."""

from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.stores import open_stores

if TYPE_CHECKING:
    from albumart.stores.metadata import AlbumStore

app = typer.Typer(help="What the stores hold, and mending it.")

SourceName = Annotated[str | None, typer.Option(help="Only this source.")]


@app.command()
def status(*, source: SourceName = None, json: Json = False) -> None:
    """Albums by origin, source and cover status, and the codes of what went wrong."""
    with open_stores() as workspace:
        found = {
            str(origin): {name: _counts(albums, name) for name in albums.sources()}
            for origin, albums in workspace.every_origin.items()
        }
    rows = [
        (origin, name, kind, key, count)
        for origin, sources in found.items()
        for name, counts in sources.items()
        for kind, table in counts.items()
        for key, count in table.items()
        if source in (None, name)
    ]
    if json:
        say_json({"origins": found})
    else:
        say_table([("origin", "source", "what", "which", "albums"), *rows])


def _counts(albums: "AlbumStore", source: str) -> dict[str, dict[str, int]]:
    return {"covers": albums.cover_counts(source), "codes": albums.code_counts(source)}


@app.command()
def retry(
    *,
    source: SourceName = None,
    code: Annotated[str | None, typer.Option(help="Only this code, such as truncated.")] = None,
) -> None:
    """Make failed covers due again; the next run downloads them."""
    with open_stores() as workspace:
        stores = workspace.every_origin.values()
        count = sum(albums.reset_covers(source, code=code) for albums in stores)
    say(f"{count} covers are due again; the next run asks for them")


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
    say(f"{counts.orphaned} objects older than an hour belong to no album ({verb})")
