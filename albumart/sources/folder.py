"""A folder of covers on this machine: ``DIR/<label>/*.jpg``, with an optional ``labels.csv``.

The table's columns are ``file`` (a path in the folder) and any of ``genre``, ``artist``, ``title``,
``year`` and ``moods`` (words with ``;`` between them). Where it says nothing of a file's genre, the
name of the first folder on its path does.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from albumart.album import Album
from albumart.errors import BadStudy, NotFound, ParseError, UnsafeInput
from albumart.http.client import PoliteClient, Response
from albumart.sources.base import Crawl, Gate, Page, Query, Source
from albumart.sources.json_tree import Json, read_documents
from albumart.sources.text import clean_text, clean_words

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
TABLE: Final = "labels.csv"
COLUMNS: Final = ("file", "genre", "artist", "title", "year", "moods")
MAX_BYTES: Final = 25 * 2**20
_YEAR: Final = re.compile("1[0-9]{3}|20[0-9]{2}")


def fetch(crawl: Crawl, query: Query) -> Iterator[Page]:
    """The folder ``query.url`` as one Page: a JSON object a line for each cover in it."""
    if query.url is None:
        raise BadStudy("folder: expected the path of a folder of covers (url, or --images DIR)")
    folder = Path(query.url).resolve()
    if not folder.is_dir():
        raise NotFound(f"{folder}: expected a folder of covers; there is none")
    rows = _list_covers(folder, _read_table(folder))
    body = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    crawl.expect(1)
    yield crawl.keep(f"{folder.as_uri()}/", body.encode())


def parse(page: Page) -> Iterator[Album]:
    """One Album per cover. Raises ParseError naming the row that cannot be meant."""
    for row in read_documents(page.body, page.url) if page.body else ():
        yield _album(row, page.url)


def fetch_cover(_client: PoliteClient, url: str) -> Response:
    """The file at a ``file:`` address as an answer; 404 where it is gone.

    Raises:
        UnsafeInput: the address is of another kind, or the file too large.
    """
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc:
        raise UnsafeInput("bad_scheme", f"{url[:200]!r}: expected the address of a file")
    path = Path(unquote(parts.path))
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError:
        return Response(url, 404, {}, b"", 0.0)
    if len(body) > MAX_BYTES:
        raise UnsafeInput("too_large", f"{path}: expected at most {MAX_BYTES} bytes")
    return Response(url, 200, {}, body, 0.0)


def _album(row: Json, folder_url: str) -> Album:
    file = row["file"].text()
    told = {name: row.find(name) for name in COLUMNS}
    text = {name: found.text() for name, found in told.items() if found is not None}
    # Named by place and content: the same folder elsewhere tells the same albums.
    name = hashlib.sha256(f"{file}\n{row['sha256'].text()}".encode(errors="replace")).hexdigest()
    return Album(
        source="folder",
        source_id=name[:24],
        cover_urls=(f"{folder_url}{quote(file, errors='replace')}",),
        genres=clean_words([text.get("genre", "")]),
        moods=clean_words(text.get("moods", "").split(";")),
        title=clean_text(text.get("title")),
        artist=clean_text(text.get("artist")),
        year=_year(text.get("year", ""), f"{folder_url}{TABLE}, file {file}"),
    )


def _year(text: str, where: str) -> int | None:
    if text and not _YEAR.fullmatch(text):
        raise ParseError(expected="a year such as 1997", got=repr(text[:40]), where=where)
    return int(text) if text else None


def _list_covers(folder: Path, table: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, str]]:
    found = set()
    for path in sorted(folder.rglob("*")):
        inside = path.resolve().is_relative_to(folder)  # a link may lead anywhere
        if path.suffix.lower() in SUFFIXES and inside and path.is_file():
            file = path.relative_to(folder).as_posix()
            found.add(file)
            label = file.partition("/")[0] if "/" in file else ""
            told = {name: value for name, value in table.get(file, {}).items() if value}
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            yield {"genre": label} | told | {"file": file, "sha256": sha256}
    if missing := sorted(table.keys() - found):
        raise ParseError(
            expected="covers in the folder",
            got=f"{len(missing)} that are not there, such as {missing[0]!r}",
            where=str(folder / TABLE),
        )


def _read_table(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / TABLE
    if not path.is_file():
        return {}
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        columns = reader.fieldnames or ()
        rows = [{name: (row.get(name) or "").strip() for name in COLUMNS} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParseError(expected="CSV in UTF-8", got=str(error), where=str(path)) from error
    if "file" not in columns:
        raise ParseError(
            expected=f"a first line with {', '.join(COLUMNS)}",
            got=", ".join(columns)[:200] or "nothing",
            where=str(path),
        )
    return {row["file"]: row for row in rows}


SOURCE: Final = Source(
    name="folder",
    fetch=fetch,
    parse=parse,
    fetch_cover=fetch_cover,
    # It is the operator's own: whatever they did to it is meant.
    gate=Gate(shrink=1.0, growth=float("inf")),
    lists_all=True,
)
