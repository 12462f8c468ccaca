"""Files that a user names: by a path, or by an address with the digest that it must have."""

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from albumart.errors import BadStudy, UnsafeInput

if TYPE_CHECKING:
    from albumart.http.client import PoliteClient

MAX_BYTES: Final = 4 * 2**30
STALL: Final = 60.0  # seconds that a download may stand still

_PIN: Final = re.compile(r"(?P<where>.+?)#sha256=(?P<sha256>[0-9a-f]{64})")

OpenClient = Callable[[], "PoliteClient"]


def split_pin(text: str, noun: str) -> tuple[str, str | None]:
    """``x#sha256=…`` → x and the digest; a path may do without.

    Raises:
        BadStudy: what stands after ``#sha256=`` is no such digest; ``noun`` says of what.
    """
    pinned = _PIN.fullmatch(text)
    if pinned:
        return pinned["where"], pinned["sha256"]
    if "#sha256=" in text:
        raise BadStudy(f"{noun} {text!r}: expected 64 hexadecimal digits after #sha256=")
    return text, None


def is_address(where: str) -> bool:
    """Whether it is an address, and no path."""
    return ":/" in where


def check_file(path: Path, sha256: str | None, noun: str) -> str:
    """The digest of a file that is there.

    Raises:
        UnsafeInput: it is another one than was asked for (``code="digest"``).
    """
    status = path.stat()
    came = _digest(path, status.st_size, status.st_mtime_ns)
    if sha256 not in (None, came):
        raise UnsafeInput("digest", f"{path}: expected {noun} with sha256 {sha256}; got {came}")
    return came


def check_address(where: str, sha256: str | None, noun: str) -> str:
    """The digest that must stand with an address, which is one that may be asked.

    Raises:
        BadStudy: no digest stands with it.
        UnsafeInput: it is no https, or one that is not asked.
    """
    from albumart.http.addresses import check_url, printable

    url = check_url(where)
    if url.scheme != "https":
        raise UnsafeInput("bad_scheme", f"{printable(where)}: expected https; got {url.scheme}")
    if sha256 is None:
        raise BadStudy(
            f"{noun} {printable(where)}: expected #sha256=… after the address, for a file from "
            "elsewhere is used only where it is the one that was meant; got none"
        )
    return sha256


def fetch_pinned(where: str, sha256: str, folder: Path, open_client: OpenClient) -> Path:
    """The file of an address, downloaded unless it was before; it keeps its name.

    Raises:
        UnsafeInput: what came is not what the digest names (``code="digest"``).
        FetchError, Refused: the address did not give it; again may help.
    """
    from albumart.http.client import FetchPolicy

    path = folder / sha256 / address_name(where)
    if not path.is_file():
        # The user named this one file: robots.txt is for those who look for files themselves.
        policy = FetchPolicy(robots=False, max_bytes=MAX_BYTES, deadline=STALL)
        fetched = path.with_name("fetched")
        with open_client() as client:
            client.download(where, policy, fetched)
        _check_fetched(fetched, where, sha256)
        fetched.replace(path)
    return path


def address_name(address: str) -> str:
    """``a.weights.h5`` of ``https://x.org/a.weights.h5?download=1``."""
    return PurePosixPath(re.split("[?#]", address)[0]).name


def _check_fetched(path: Path, where: str, sha256: str) -> None:
    with path.open("rb") as file:
        came = hashlib.file_digest(file, "sha256").hexdigest()
    if came != sha256:
        path.unlink()
        raise UnsafeInput("digest", f"{where}: expected a file with sha256 {sha256}; got {came}")


@lru_cache(maxsize=16)
def _digest(path: Path, size: int, changed: int) -> str:
    """Of a file of gigabytes it takes seconds, and it is asked for again and again."""
    del size, changed
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
