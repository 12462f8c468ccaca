"""The whole platform with Prefect pointed at it, for commands that run a flow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from albumart.endpoints import Endpoints


@contextmanager
def open_prefect() -> "Iterator[Endpoints]":
    """The platform that is up, or one for as long as the block lasts.

    Prefect reads its settings when it is imported, so import a flow within the block.
    """
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings

    settings = load_settings()
    with open_platform(settings) as endpoints:
        _check_prefect(endpoints)
        _point_prefect_at(endpoints, settings.home.resolve())
        from tasks.resources import flush_logs

        try:
            yield endpoints
        finally:
            flush_logs()


def _check_prefect(endpoints: "Endpoints") -> None:
    """Find out in a second, and not in Prefect's own minute of retries, that nobody is there."""
    from albumart.errors import PlatformError

    url = urlsplit(endpoints.prefect_api_url or "")
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    try:
        connection = kind(url.hostname or "", url.port, timeout=5)
        connection.request("GET", f"{url.path}/health")
        connection.getresponse()
    except (OSError, HTTPException, ValueError) as error:
        raise PlatformError(
            f"expected a Prefect server at {endpoints.prefect_api_url}; got: {error}; "
            "check PREFECT_API_URL, or unset it to have one started"
        ) from error


def _point_prefect_at(endpoints: "Endpoints", home: Path) -> None:
    os.environ.update(endpoints.as_environment())
    os.environ["ALBUMART_HOME"] = str(home)
    os.environ.setdefault("PREFECT_HOME", str(home / "prefect"))
    # The platform's parts are on this machine; a proxy has no business between.
    local = [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"]
    os.environ["NO_PROXY"] = ",".join(filter(None, local))
