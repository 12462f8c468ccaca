"""``albumart data unmapped | export``: the sources' words, and what the taxonomy makes of them."""

import csv
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from albumart.album import Album, Origin
from albumart.cli.options import OriginName, SourceName
from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.stores import open_stores

TOLD: Final = ("source", "source_id", "artist", "title", "released", "year", "rating", "page_url")
WORDS: Final = ("genres", "tags", "styles", "moods", "themes")
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def unmapped(
    *,
    source: SourceName = None,
    origin: OriginName = Origin.LIVE,
    top: Annotated[int, typer.Option(min=1, help="Only the N commonest words.")] = 50,
    json: Json = False,
) -> None:
    """Show the words that the taxonomy does not know, with their number of albums."""
    from albumart.taxonomy.counting import count_words

    with open_stores(origin) as workspace:
        counts = count_words(workspace.albums.find_albums(source))
    if json:
        say_json(asdict(counts))
        return
    say(f"{counts.albums} albums; {counts.wordless} have no word, {counts.unplaced} no known one")
    for name, field in counts.fields.items():
        if sum(field.met.values()):
            say(f"{name}: {field.share_met:.1%} of the words met are known")
    if counts.unmapped:
        rows = [(word.word, word.albums, ", ".join(word.fields)) for word in counts.unmapped[:top]]
        say_table([("word", "albums", "told as"), *rows])
    if len(counts.unmapped) > top:
        say(f"… and {len(counts.unmapped) - top} more (--top)")


def export(
    *,
    source: SourceName = None,
    origin: OriginName = Origin.LIVE,
    output: Annotated[Path | None, typer.Option(help="A CSV file; by default stdout.")] = None,
) -> None:
    """Write albums as CSV: what the sources told, and the ten multi-hot genre columns."""
    with open_stores(origin) as workspace:
        albums = workspace.albums.find_albums(source)
        if output is None:
            _write(albums, sys.stdout)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                _write(albums, file)


def _write(albums: Iterable[Album], file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow(_row(Album("", "", ())))
    writer.writerows(map(_cell, _row(album).values()) for album in albums)


def _row(album: Album) -> dict[str, object]:
    from albumart.taxonomy.genres import genre_columns, sum_genres

    told: dict[str, object] = {name: getattr(album, name) for name in TOLD}
    words = {name: "; ".join(getattr(album, name)) for name in WORDS}
    columns = genre_columns((*album.genres, *album.styles, *album.tags), album.source)
    hot = {name: int(is_hot) for name, is_hot in columns.items()}
    return told | words | hot | {"sum_genres": sum_genres(columns)}


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
