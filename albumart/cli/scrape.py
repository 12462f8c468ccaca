"""``albumart scrape``: one source, as its deployment does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.options import Runner
from albumart.cli.output import Json, say, say_json, show_stations
from albumart.cli.prefect import open_prefect

if TYPE_CHECKING:
    from albumart.album import Origin


def scrape(
    source: Annotated[str, typer.Argument(help="itunes, bandcamp, musicbrainz, allmusic, folder.")],
    *,
    url: Annotated[
        str | None,
        typer.Option("--from", help="Another address, or a path: a list, a dump.", metavar="URL"),
    ] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as gb.")] = None,
    genre: Annotated[
        list[str] | None, typer.Option(help="Only this genre; may be repeated.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Made sources.")] = False,
    real: Annotated[
        Path | None, typer.Option(help="Let the sandbox serve recorded real files.", metavar="DIR")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(help="Address that stands for every source.", metavar="URL")
    ] = None,
    runner: Runner = None,
    json: Json = False,
) -> None:
    """Collect the albums of SOURCE and download their covers.

    What did not change since the last scrape is not fetched again.
    """
    from albumart.query import Query
    from albumart.sources import find_source

    show_stations()
    query = Query(url, country, tuple(genre or ()))
    find_source(source, query)
    with _answering(sandbox=sandbox, real=real, mirror=mirror) as (origin, address), open_prefect():
        from flows.scrape_source import scrape_source

        counts = scrape_source(source, query, origin, address)
    if json:
        say_json(counts)
        return
    for what, found in counts.items():
        say(f"{what}: " + (", ".join(f"{n} {name}" for name, n in found.items() if n) or "none"))


@contextmanager
def _answering(
    *, sandbox: bool, real: Path | None, mirror: str | None
) -> "Iterator[tuple[Origin, str | None]]":
    """Who answers for the sources: the sandbox for as long as the block lasts, or the world."""
    from albumart.album import Origin
    from albumart.errors import BadStudy
    from albumart.sandbox.process import sandbox_process

    if sum(map(bool, (sandbox, real, mirror))) > 1:
        raise BadStudy("expected at most one of --sandbox, --real and --mirror; got several")
    if sandbox or real:
        with sandbox_process(real=real) as address:
            yield (Origin.RECORDED if real else Origin.SANDBOX), address
    else:
        yield Origin.LIVE, mirror
