"""Options that several commands take."""

import os
from typing import Annotated

import typer

from albumart.album import Origin


def _known(source: str | None) -> str | None:
    """The source, if there is one called so."""
    if source is not None:
        from albumart.sources import find_source

        find_source(source)
    return source


def _use_runner(runner: str | None) -> str | None:
    """Let the flows, which ask the settings as they are imported, find the runner there."""
    if runner is not None:
        from albumart.settings import load_settings

        os.environ["ALBUMART_RUNNER"] = runner
        load_settings()
    return runner


def _use_device(device: str | None) -> str | None:
    """Let the tasks, which ask the settings, find the device there."""
    if device is not None:
        from albumart.settings import load_settings

        os.environ["ALBUMART_DEVICE"] = device
        load_settings()
    return device


Device = Annotated[
    str | None,
    typer.Option(
        callback=_use_device,
        help="Where to train: auto (default), cpu, gpu, tpu, or one of several, such as gpu:1.",
    ),
]
Runner = Annotated[
    str | None,
    typer.Option(
        callback=_use_runner,
        help="Where batches of covers and features run: thread, process, dask or ray.",
    ),
]
SourceName = Annotated[str | None, typer.Option(callback=_known, help="Only this source.")]
OriginName = Annotated[Origin, typer.Option(help="Whose answers: live, recorded or sandbox.")]
Mirror = Annotated[
    str | None, typer.Option(help="Address that stands for every source.", metavar="URL")
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print JSON objects, one a line.")]
