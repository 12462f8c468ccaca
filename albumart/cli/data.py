"""``albumart data``: what the stores hold, and mending it."""

from typing import TYPE_CHECKING, Annotated

import typer

from albumart.album import Origin
from albumart.cli import datasets, pages, words
from albumart.cli.options import JsonLines, Mirror, OriginName, SourceName
from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.stores import open_stores

if TYPE_CHECKING:
    from albumart.stores.workspace import Workspace

app = typer.Typer(help="What the stores hold, and mending it.")
app.command("parse")(pages.parse)
app.command("import")(pages.import_)
app.command("reparse")(pages.reparse)
app.command("unmapped")(words.unmapped)
app.command("export")(words.export)
app.add_typer(datasets.app, name="datasets")


@app.command()
def status(*, source: SourceName = None, json: Json = False) -> None:
    """Albums by origin, scope and cover status, and the codes of what went wrong."""
    with open_stores() as workspace:
        found = {
            str(origin): {
                scope: {"covers": albums.cover_counts(scope), "codes": albums.code_counts(scope)}
                for scope in albums.scopes()
                if source in (None, scope.partition("?")[0])
            }
            for origin, albums in workspace.every_origin.items()
        }
    rows = [
        (origin, scope, kind, key, count)
        for origin, scopes in found.items()
        for scope, counts in scopes.items()
        for kind, table in counts.items()
        for key, count in table.items()
    ]
    if json:
        say_json({"origins": found})
    else:
        say_table([("origin", "scope", "what", "which", "albums"), *rows])


@app.command("pages")
def pages_(*, origin: OriginName = Origin.LIVE, json: Json = False) -> None:
    """Pages by source, status and code."""
    with open_stores(origin) as workspace:
        found = workspace.pages.counts()
    rows = [(*key, count) for key, count in found.items()]
    if json:
        names = ("source", "status", "code", "pages")
        say_json({"pages": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        say_table([("source", "status", "code", "pages"), *rows])


@app.command()
def scrapes(
    *, source: SourceName = None, origin: OriginName = Origin.LIVE, json: Json = False
) -> None:
    """Scrapes that brought something new, newest first, and why one is quarantined."""
    with open_stores(origin) as workspace:
        found = workspace.scrapes.scrapes(source)
    if json:
        say_json(
            {
                "scrapes": [
                    {
                        "run": scrape.run,
                        "scope": scrape.scope,
                        "status": scrape.status,
                        "started": scrape.started,
                        "albums": sum(scrape.totals.values()),
                        "reasons": scrape.reasons,
                    }
                    for scrape in found
                ]
            }
        )
        return
    rows = [(s.run, s.scope, s.status, sum(s.totals.values()), "; ".join(s.reasons)) for s in found]
    say_table([("run", "scope", "status", "albums", "why"), *rows])


@app.command()
def accept(
    run: Annotated[str, typer.Argument(help="Name of a quarantined scrape.")],
    *,
    origin: OriginName = Origin.LIVE,
) -> None:
    """Store a scrape that was quarantined: you looked at it, and it is right."""
    from albumart.collect.load import accept_scrape
    from albumart.sources import find_source

    with open_stores(origin) as workspace:
        source = find_source(workspace.scrapes.find(run).source)
        counts = accept_scrape(workspace, source, run)
    say(
        f"{run} is current: {counts.inserted} albums new, {counts.changed} changed, "
        f"{counts.quarantined} set aside"
    )


@app.command()
def quarantined(
    *, source: SourceName = None, origin: OriginName = Origin.LIVE, json: JsonLines = False
) -> None:
    """Albums that were set aside, each with its reason."""
    from albumart.http.addresses import printable

    with open_stores(origin) as workspace:
        for row in workspace.albums.quarantined(source):
            if json:
                say_json(row)
            else:
                say(printable(f"{row['key']}  {row['reason']}  {row['page']}"))


@app.command()
def history(
    album: Annotated[str, typer.Argument(help="Key of an album, such as itunes:251001680.")],
    *,
    origin: OriginName = Origin.LIVE,
    json: Json = False,
) -> None:
    """What changed of one album, and when."""
    from albumart.http.addresses import printable

    with open_stores(origin) as workspace:
        workspace.albums.find(album)  # or there is none
        entries = workspace.albums.history(album)
    if json:
        say_json({"album": album, "history": entries})
        return
    for entry in entries:
        for change in entry["changes"]:
            what = f"{change['field']}: {change['old']} → {change['new']}"
            say(f"{entry['at']:%Y-%m-%d %H:%M}  {printable(what)}")
    if not entries:
        say(f"{album} has not changed since it was first told")


@app.command()
def retry(
    *,
    source: SourceName = None,
    code: Annotated[str | None, typer.Option(help="Only this code, such as truncated.")] = None,
    origin: OriginName = Origin.LIVE,
    mirror: Mirror = None,
) -> None:
    """Ask again for the pages and covers that failed, and for nothing else."""
    from albumart.cli.output import show_stations

    show_stations()
    with open_stores(origin) as workspace:
        pages, covers = _retry(workspace, source, code, mirror)
    for what, counts in (("pages", pages), ("covers", covers)):
        say(f"{what}: " + (", ".join(f"{n} {name}" for name, n in counts.items() if n) or "none"))


def _retry(
    workspace: "Workspace", source: str | None, code: str | None, mirror: str | None
) -> tuple[dict[str, int], dict[str, int]]:
    from albumart.cli.sources import open_client
    from albumart.retry import Retrying, retry_failures
    from albumart.settings import load_settings
    from albumart.validation.scraped import ScrapeJudge

    with open_client(workspace.origin, mirror) as client:
        wanted = Retrying(source, code, load_settings().permitted)
        counts = retry_failures(client, workspace, wanted, ScrapeJudge)
    return counts.pages, counts.covers


@app.command()
def sweep(
    *,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete objects that no album names.")
    ] = False,
) -> None:
    """Find documents without an object (made due again) and objects without a document."""
    from albumart.covers import sweep_covers

    with open_stores() as workspace:
        counts = sweep_covers(workspace, delete=delete)
    verb = "deleted" if delete else "kept; --delete removes them"
    say(f"{counts.missing} covers were missing and are due again")
    say(f"{counts.orphaned} objects older than an hour belong to no album ({verb})")
