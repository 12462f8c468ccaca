"""Options that several commands take."""

from typing import Annotated

import typer

from albumart.album import Origin


def _known(source: str | None) -> str | None:
    """The source, if there is one called so."""
    if source is not None:
        from albumart.sources import find_source

        find_source(source)
    return source


SourceName = Annotated[str | None, typer.Option(callback=_known, help="Only this source.")]
OriginName = Annotated[Origin, typer.Option(help="Whose answers: live, recorded or sandbox.")]
Mirror = Annotated[
    str | None, typer.Option(help="Address that stands for every source.", metavar="URL")
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print JSON objects, one a line.")]
