"""The stores, for commands that need no Prefect."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from albumart.album import Origin

if TYPE_CHECKING:
    from albumart.stores.workspace import Workspace


@contextmanager
def open_stores(origin: Origin = Origin.LIVE) -> Iterator["Workspace"]:
    """The stores of the platform that is up, or of one that lives as long as the command."""
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings
    from albumart.stores.workspace import open_workspace

    settings = load_settings()
    with (
        open_platform(settings, parts=("mongodb", "s3")) as endpoints,
        open_workspace(endpoints, settings.cache, origin) as workspace,
    ):
        yield workspace
