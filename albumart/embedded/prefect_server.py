"""A private Prefect server on SQLite, and the workers that run its flows as processes.

The fleet has two pools, for machines without and with a GPU; one machine serves both, each by a
worker of its own. That of the GPU pool takes one run at a time: there is one device.

Prefect is started, never imported: that takes seconds, and only tasks and flows may.
"""

import os
import sys
from dataclasses import replace
from datetime import datetime
from typing import Final

from albumart.embedded.credentials import Credentials
from albumart.embedded.loopback import HOST, ask
from albumart.embedded.part import Part, Site, clean_environment, data_folder
from albumart.endpoints import Endpoints

NAME: Final = "prefect"
WORKER: Final = "worker"
GPU_WORKER: Final = "gpu-worker"
WORK_POOL: Final = "albumart-cpu"
GPU_POOL: Final = "albumart-gpu"
HEARTBEAT_SECONDS: Final = 30  # of a run; the least that Prefect takes
_WORKER_NAME: Final = "albumart"


def prefect_part(site: Site) -> Part:
    """The Prefect server of this site."""
    port, auth = site.ports[NAME], site.credentials.prefect_auth

    def probe(_started: float) -> str | None:
        answer = ask(port, "/api/admin/version", auth=auth)
        return str(answer.json()) if answer is not None and answer.status == 200 else None

    return Part(
        name=NAME,
        command=(*_PREFECT, "server", "start", "--host", HOST, "--port", str(port)),
        environment=clean_environment(
            **_quiet(site),
            PREFECT_SERVER_API_AUTH_STRING=auth,
            PREFECT_API_AUTH_STRING=auth,
            PREFECT_API_URL=api_url(port),
            PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT="false",
            # The catalogue of block types is for people at the interface, and takes 3 s to store.
            PREFECT_SERVER_REGISTER_BLOCKS_ON_START=str(site.stays).lower(),
        ),
        probe=probe,
        port=port,
        start_seconds=120,
    )


def worker_part(site: Site) -> Part:
    """The worker of most stations; it makes its pool where there is none."""
    return _worker(site, WORKER, WORK_POOL)


def gpu_worker_part(site: Site) -> Part:
    """The worker of the stations that want a GPU, one run at a time."""
    return _worker(site, GPU_WORKER, GPU_POOL, "--limit", "1")


def _worker(site: Site, name: str, pool: str, *options: str) -> Part:
    port, auth = site.ports[NAME], site.credentials.prefect_auth

    def probe(started: float) -> str | None:
        path = f"/api/work_pools/{pool}/workers/filter"
        answer = ask(port, path, auth=auth, query={})
        known = answer.json() if answer is not None and answer.status == 200 else None
        return _version() if _online(known, started) else None

    return Part(
        name=name,
        command=(
            *(*_PREFECT, "worker", "start", "--pool", pool, "--type", "process"),
            *("--name", _WORKER_NAME, "--install-policy", "never", *options),
        ),
        environment=_callers_settings() | clean_environment(**_for_flows(site)),
        probe=probe,
        wants_others=True,
        children_first=True,  # a run that is told reports that it crashed; the worker would kill it
        start_seconds=90,
        stop_seconds=8,
    )


def endpoints(known: Endpoints, port: int, credentials: Credentials) -> Endpoints:
    """``known`` with this server as its Prefect."""
    return replace(known, prefect_api_url=api_url(port), prefect_auth=credentials.prefect_auth)


def api_url(port: int) -> str:
    """Address of the server's API; that of its interface is the same without ``/api``."""
    return f"http://{HOST}:{port}/api"


_PREFECT: Final = (sys.executable, "-m", "prefect")


def _quiet(site: Site) -> dict[str, str]:
    home = data_folder(site, NAME)
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "60",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_COLORS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "NO_COLOR": "1",
    }


def _for_flows(site: Site) -> dict[str, str]:
    """What a flow run needs to find this very platform and to be heard in its interface."""
    return {
        **_quiet(site),
        **site.endpoints.as_environment(),
        "ALBUMART_HOME": str(site.folder.home),
        "PREFECT_LOGGING_EXTRA_LOGGERS": "albumart",
        "PREFECT_LOGGING_ROOT_LEVEL": "INFO",
        "PREFECT_WORKER_QUERY_SECONDS": "3",  # how long a run waits to be picked up
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        "PYTHONUNBUFFERED": "1",
    }


def _callers_settings() -> dict[str, str]:
    """The operator's own settings (contact, mirror) hold in scheduled runs too."""
    return {name: value for name, value in os.environ.items() if name.startswith("ALBUMART_")}


def _version() -> str:
    import importlib.metadata

    return importlib.metadata.version("prefect")


def _online(workers: object, started: float) -> bool:
    # The server remembers the worker of an earlier life for a while, so look at its last beat.
    return isinstance(workers, list) and any(
        worker["name"] == _WORKER_NAME
        and worker["status"] == "ONLINE"
        and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() >= started
        for worker in workers
    )
