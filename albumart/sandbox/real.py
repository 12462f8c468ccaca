"""Recorded real files at their real addresses: the published list, and the covers at hand."""

import logging
import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from albumart.errors import NotFound
from albumart.sandbox.bandcamp import LIST_HOST, LIST_PATH, LIST_TYPE
from albumart.sandbox.wire import JPEG, Answer, tagged

log = logging.getLogger(__name__)

LIST_FILE: Final = Path("bandcamp", "dataset-links.tsv")
COVER_FOLDER: Final = Path("bandcamp", "covers")
# The list's second column is a label and a number, never a path: only this shape names a file.
_LABEL = re.compile(r"([a-z0-9_]+)/(a[0-9]+)\.jpg")


class RealSite:
    """The files of a folder of recorded data; what is not there answers 404, as dead links do.

    Raises:
        NotFound: ``directory`` does not hold ``bandcamp/dataset-links.tsv``.
    """

    def __init__(self, directory: Path) -> None:
        listing = directory / LIST_FILE
        try:
            text = listing.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise NotFound(
                f"{directory}: expected a folder of recorded data that holds {LIST_FILE}; "
                f"got: {reason}. Name that folder with --real DIR"
            ) from error
        covers = directory / COVER_FOLDER
        self._files = {address: covers / name for address, name in _cover_files(text)}
        self._listing = listing
        self.hosts = frozenset({LIST_HOST, *(host for host, _ in self._files)})

    def answer(self, host: str, path: str) -> Answer | None:
        """Return the file that stands at the address, read anew each time."""
        if (host, path) == (LIST_HOST, LIST_PATH):
            return tagged(self._listing.read_bytes(), LIST_TYPE)
        file = self._files.get((host, path))
        return None if file is None else _cover_answer(file)


def _cover_files(listing: str) -> Iterator[tuple[tuple[str, str], Path]]:
    """Yield ((host, path), file under the covers' folder) for every row that names both."""
    for row in listing.splitlines():
        url, _, label = row.partition("\t")
        address, match = _address(url), _LABEL.fullmatch(label)
        if address and match:
            yield address, Path(match[1], f"{match[2]}.jpg")


def _address(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an unclosed bracket: a row that no client can ask for
        return None
    return (parts.hostname, parts.path) if parts.hostname and parts.path else None


def _cover_answer(file: Path) -> Answer | None:
    try:
        modified, body = file.stat().st_mtime, file.read_bytes()
    except FileNotFoundError:
        return None
    return tagged(body, JPEG, last_modified=formatdate(modified, usegmt=True))
