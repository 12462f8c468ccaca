"""Logs of the parts: kept small, and read for the one line that says why a part ended."""

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Final

_TURN_AT: Final = 10_000_000  # bytes
_TAIL: Final = 64_000
_TELLING: Final = re.compile(
    r"error|fatal|critical|cannot|denied|in use|no space|refused", re.IGNORECASE
)
_GRAVE: Final = ("E", "F")  # severities of mongod
_ECHO: Final = re.compile(r"^(Server stopped!|\W*)$")


def turn_log(path: Path) -> int:
    """Set a large log aside, keeping one older; where the next line will stand, in bytes."""
    size = path.stat().st_size if path.exists() else 0
    if size < _TURN_AT:
        return size
    # Its writer has it open to append, so it is copied and emptied, not moved.
    with contextlib.suppress(OSError):  # a full disk, say: then it is only emptied
        shutil.copyfile(path, path.with_suffix(".1.log"))
    os.truncate(path, 0)
    return 0


def last_words(path: Path, since: int = 0) -> str:
    """The line of a log, after byte ``since``, that tells best why the program ended."""
    lines = [words for line in _tail(path, since) if (words := _words(line))]
    telling = [text for grave, text in lines if grave]
    if telling:
        return telling[-1]
    return lines[-1][1] if lines else "it wrote nothing"


def _tail(path: Path, since: int) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(since, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace").splitlines()


def _words(line: str) -> tuple[bool, str] | None:
    """Whether the line is grave, and its text; None for decoration."""
    if line.startswith("{"):
        return _mongod_words(line)
    text = line.strip()
    return None if _ECHO.match(text) else (bool(_TELLING.search(text)), text[:300])


def _mongod_words(line: str) -> tuple[bool, str] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None  # the first line of the tail may be cut
    detail = entry.get("attr", {}).get("error", "")
    text = f"{entry.get('msg', '')}: {detail}" if detail else str(entry.get("msg", ""))
    return entry.get("s") in _GRAVE, text[:300]
