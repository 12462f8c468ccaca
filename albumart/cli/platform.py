"""``albumart up | down | status | env | sandbox``."""

import shlex
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.automations import bring_about
from albumart.cli.output import Json, say, say_json, say_table

if TYPE_CHECKING:
    from albumart.embedded.platform import PartStatus


def up(*, json: Json = False) -> None:
    """Start MongoDB, S3, Prefect server and worker, and leave them running."""
    from albumart.embedded import platform
    from albumart.settings import load_settings

    parts = platform.up(load_settings())
    # What a server elsewhere does is for `albumart automations apply`, when its operator says so.
    if any(part.name == "prefect" and part.managed for part in parts):
        bring_about()
    _show(parts, json)
    if not json:
        say('\nFor prefect\'s own commands:  eval "$(albumart env)"')


def down() -> None:
    """Stop what `albumart up` started. Data stays."""
    from albumart.embedded import platform
    from albumart.settings import load_settings

    say("stopped" if platform.down(load_settings()) else "nothing was running")


def status(*, json: Json = False) -> None:
    """Show each part, its address, version and data size."""
    from albumart.embedded import platform
    from albumart.settings import load_settings

    _show(platform.status(load_settings()), json)


def env() -> None:
    """Print shell lines that let `prefect` and boto3 programs find the platform that is up."""
    from albumart.embedded import platform
    from albumart.errors import NotFound
    from albumart.settings import load_settings

    settings = load_settings()
    endpoints = platform.current_endpoints(settings)
    if endpoints is None:
        raise NotFound("the platform is not up; run: albumart up")
    variables = {**endpoints.as_environment(), "ALBUMART_HOME": str(settings.home.resolve())}
    for name, value in variables.items():
        say(f"export {name}={shlex.quote(value)}")


def sandbox(
    *,
    real: Annotated[
        Path | None, typer.Option(help="Serve recorded real files.", metavar="DIR")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the made catalogue.")] = 0,
    scale: Annotated[float, typer.Option(min=0.01, help="1 is 1,200 albums.")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
) -> None:
    """Serve the sources on this machine until interrupted."""
    from albumart.sandbox.real import RealSite
    from albumart.sandbox.server import serve
    from albumart.sandbox.site import MadeSite

    site = RealSite(real) if real else MadeSite(seed=seed, scale=scale)
    serve(site, port=port, until_eof=False, announce=say)


def _show(parts: Iterable["PartStatus"], json: bool) -> None:
    if json:
        say_json({"parts": [asdict(part) for part in parts]})
        return
    header = ("part", "state", "address", "version", "data")
    say_table(
        [
            header,
            *(
                (p.name, p.state, p.address or "–", p.version or "–", _megabytes(p.data_bytes))
                for p in parts
            ),
        ]
    )


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.1f} MB"
