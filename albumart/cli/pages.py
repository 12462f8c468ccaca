"""``albumart data parse | import | reparse``: pages that are at hand."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from albumart.album import Origin
from albumart.cli.options import JsonLines, OriginName
from albumart.cli.output import say, say_json, show_stations
from albumart.cli.stores import open_stores

SourceArgument = Annotated[str, typer.Argument(help="Name of a source, such as allmusic.")]


def parse(
    source: SourceArgument,
    files: Annotated[list[Path], typer.Argument(help="Saved pages, or folders of them.")],
    *,
    json: JsonLines = False,
) -> None:
    """Show what a parser makes of saved pages. Nothing is stored.

    A page `album.html` is read together with `album.moods.html` beside it.
    """
    from albumart.collect.saved import saved_pages
    from albumart.errors import ParseError
    from albumart.http.addresses import printable
    from albumart.sources import find_source

    found, broken = find_source(source), 0
    for page in (page for file in files for page in saved_pages(source, file)):
        try:
            for album in found.parse(page):
                _show(asdict(album), json=json)
        except ParseError as error:
            broken += 1
            sys.stderr.write(f"{printable(str(error))}\n")
    if broken:
        raise typer.Exit(1)


def _show(album: dict[str, object], *, json: bool) -> None:
    told = {name: value for name, value in album.items() if value not in (None, ())}
    if json:
        say_json(told)
        return
    from albumart.http.addresses import printable

    say(printable(f"{album['source']}:{album['source_id']}"))
    for name, value in told.items():
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        say(f"  {name:<12}{printable(shown[:200])}")


def import_(
    source: SourceArgument,
    folder: Annotated[Path, typer.Argument(help="Folder of saved pages.", metavar="DIR")],
) -> None:
    """Store the albums of saved pages, as if they had just come. Needs no network."""
    from albumart.cli.sources import open_client
    from albumart.collect.saved import saved_source
    from albumart.collect.scrape import Options, collect_albums
    from albumart.query import Query
    from albumart.sources import find_source
    from albumart.validation.scraped import ScrapeJudge

    show_stations()
    found, query = saved_source(find_source(source)), Query(url=folder.resolve().as_uri())
    with open_stores() as workspace, open_client(Origin.SANDBOX, "http://127.0.0.1:9") as nobody:
        options = Options(judge=ScrapeJudge(source))
        counts = collect_albums(nobody, workspace, found, query, options)
    say(
        f"{counts.scope}: {counts.albums.inserted} albums new, {counts.albums.changed} changed, "
        f"{counts.albums.unchanged} unchanged, {counts.albums.quarantined} set aside"
    )
    if counts.reasons:
        say(f"quarantined: {'; '.join(counts.reasons)}; albumart data accept {counts.run}")
        raise typer.Exit(1)


def reparse(
    source: SourceArgument,
    *,
    origin: OriginName = Origin.LIVE,
) -> None:
    """Read every kept page of SOURCE again, without a request: a parser was mended."""
    from albumart.collect.reparse import reparse_source
    from albumart.sources import find_source
    from albumart.validation.scraped import ScrapeJudge

    show_stations()
    found = find_source(source)
    with open_stores(origin) as workspace:
        counts = reparse_source(workspace, found, judge=ScrapeJudge(source))
    albums = counts.albums
    say(f"{counts.pages} pages read again, {counts.broken} of them could not be")
    say(
        f"{albums.inserted} albums new, {albums.changed} changed, {albums.unchanged} unchanged, "
        f"{albums.quarantined} set aside"
    )
    if counts.broken:
        raise typer.Exit(1)
