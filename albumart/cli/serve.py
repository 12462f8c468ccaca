"""``albumart serve``: the pages where a designer tries a cover."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from albumart.album import Origin
from albumart.cli.output import say, show_stations


def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Address to answer at; one that others reach needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token; else ALBUMART_WEB_TOKEN.", metavar="FILE"),
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Show only this study; else every one that has a model.")
    ] = None,
) -> None:
    """Serve the pages: try a cover, explore, models, guess the genre; and a JSON API.

    Until interrupted. Nothing is loaded from elsewhere, and covers that are tried are not stored.
    """
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings
    from albumart.stores.workspace import open_workspace
    from albumart.study import study_name
    from albumart.web.server import options_for, serve

    settings = load_settings()
    set_token = settings.web_token.get_secret_value() if settings.web_token else None
    options = options_for(host, read_token(token_file) or set_token, study and study_name(study))
    show_stations()
    with ExitStack() as stack:
        endpoints = stack.enter_context(open_platform(settings, parts=("mongodb", "s3")))
        workspaces = {
            origin: stack.enter_context(open_workspace(endpoints, settings.cache, origin))
            for origin in Origin
        }
        serve(workspaces, options, host=host, port=port, announce=_announce)


def _announce(address: str) -> None:
    say(f"{address}  (stop with Ctrl-C)")
    sys.stdout.flush()  # whoever started us may wait for the address in a pipe


def read_token(path: Path | None) -> str | None:
    """The first line of the file. Raises PlatformError where there is none."""
    from albumart.errors import PlatformError

    if path is None:
        return None
    try:
        token = path.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PlatformError(f"cannot read the token file {path}: {error}") from error
    if not token:
        raise PlatformError(f"expected a token in the first line of {path}; it is empty")
    return token
