"""``albumart labels``: what people say of albums, beside what the sources told."""

import csv
import getpass
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import typer

from albumart.album import Origin
from albumart.cli.options import OriginName
from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.words import FORMULA
from albumart.errors import NotFound, ParseError

if TYPE_CHECKING:
    from albumart.stores.labels import Correction, CorrectionStore, Wanted

app = typer.Typer(help="Corrections of albums' words. What a source told is never touched.")

EXPORTED: Final = ("album", "field", "words", "why", "old", "who", "when")

Album = Annotated[str, typer.Argument(help="Key of an album, such as itunes:251001680.")]
Why = Annotated[str, typer.Option(help="The reason, in your words.")]
Who = Annotated[str | None, typer.Option(help="Who says so; by default the user.")]


@app.command("set")
def set_(
    album: Album,
    *,
    genre: Annotated[
        list[str] | None, typer.Option(help="A genre word; several, the first one first.")
    ] = None,
    mood: Annotated[list[str] | None, typer.Option(help="A mood word; several, in order.")] = None,
    why: Why = "",
    who: Who = None,
    origin: OriginName = Origin.LIVE,
    json: Json = False,
) -> None:
    """Say what an album's genres or moods are, whatever its source tells."""
    from albumart.dataset.corrections import clean_correction
    from albumart.stores.labels import LabelField, Wanted

    said = {LabelField.GENRES: clean_correction(genre or ())}
    said[LabelField.MOODS] = clean_correction(mood or ())
    wanted = [Wanted(album, field, words, why) for field, words in said.items() if words]
    if not wanted:
        raise typer.BadParameter("expected --genre or --mood with a word; got neither")
    with _open(origin) as store:
        entries = store.append(wanted, who=who or current_user())
    _tell(entries, wanted, json=json)


@app.command()
def unset(
    album: Album,
    *,
    genres: Annotated[bool, typer.Option("--genres", help="Only its genres.")] = False,
    moods: Annotated[bool, typer.Option("--moods", help="Only its moods.")] = False,
    why: Why = "",
    who: Who = None,
    origin: OriginName = Origin.LIVE,
    json: Json = False,
) -> None:
    """Withdraw an album's corrections: what its source tells holds again."""
    from albumart.stores.labels import LabelField, Wanted

    chosen = {LabelField.GENRES: genres, LabelField.MOODS: moods}
    fields = [field for field, is_chosen in chosen.items() if is_chosen] or list(chosen)
    with _open(origin) as store:
        wanted = [Wanted(album, field, None, why) for field in fields]
        entries = store.append(wanted, who=who or current_user())
    if not entries:
        raise NotFound(f"nothing of {album!r} is corrected; `albumart labels list` shows what is")
    _tell(entries, (), json=json)


@app.command("list")
def list_(
    album: Annotated[str | None, typer.Argument(help="Only this album.")] = None,
    *,
    history: Annotated[
        bool, typer.Option("--history", help="Every entry, also past ones.")
    ] = False,
    origin: OriginName = Origin.LIVE,
    json: Json = False,
) -> None:
    """The corrections that hold; a star where the source has changed its words since."""
    with _open(origin) as store:
        found = store.history(album) if history else store.in_force(album)
        told = store.told({each.album for each in found})
    is_old = [told.get(each.album, {}).get(each.field) != each.old for each in found]
    if json:
        rows = [asdict(each) | {"stale": old} for each, old in zip(found, is_old, strict=True)]
        say_json({"corrections": rows})
        return
    lines = [
        ("*" if old else " ", each.album, each.field, *_change(each), each.who, each.why)
        for each, old in zip(found, is_old, strict=True)
    ]
    say_table([(" ", "album", "field", "told", "corrected", "who", "why"), *lines])


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: album, field, words (parted by ;), why.")],
    *,
    who: Who = None,
    origin: OriginName = Origin.LIVE,
    json: Json = False,
) -> None:
    """Correct every album of a CSV file; what is so already is not written again."""
    from albumart.dataset.corrections import read_corrections

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            wanted = list(read_corrections(lines, str(file)))
    except UnicodeDecodeError as error:
        raise ParseError(expected="CSV in UTF-8", got=str(error), where=str(file)) from error
    with _open(origin) as store:
        entries = store.append(wanted, who=who or current_user())
    _tell(entries, wanted, json=json)


@app.command()
def export(
    *,
    origin: OriginName = Origin.LIVE,
    output: Annotated[Path | None, typer.Option(help="A CSV file; by default stdout.")] = None,
) -> None:
    """Write the corrections that hold as CSV, which `import` reads."""
    with _open(origin) as store:
        found = store.in_force()
    if output is None:
        _write(found, sys.stdout)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        _write(found, file)


def _write(corrections: "Sequence[Correction]", file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow(EXPORTED)
    for each in corrections:
        row = (each.album, each.field, _spell(each.new), each.why, _spell(each.old), each.who)
        writer.writerow([*map(_cell, row), each.when.isoformat()])


def _tell(entries: "Sequence[Correction]", wanted: "Sequence[Wanted]", *, json: bool) -> None:
    """What was written down, and which words of it the taxonomy does not know."""
    from albumart.dataset.corrections import unknown_words

    unknown = unknown_words(wanted)
    if json:
        rows = [asdict(entry) for entry in entries]
        say_json({"written": rows, "unchanged": len(wanted) - len(rows), "unknown": unknown})
        return
    for entry in entries:
        say(f"{entry.album}  {entry.field}: {' → '.join(_change(entry))}")
    if len(entries) < len(wanted):
        say(f"{len(wanted) - len(entries)} are so already")
    for word, near in unknown.items():
        hint = f"; near it: {', '.join(near)}" if near else ""
        say(f"warning: the taxonomy does not know {word!r}{hint}")


def _change(entry: "Correction") -> tuple[str, str]:
    new = "as the source tells it" if entry.new is None else _spell(entry.new)
    return _spell(entry.old) or "nothing", new


def _spell(words: "Sequence[str] | None") -> str:
    return "; ".join(words or ())


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def current_user() -> str:
    """Name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no user of this number
        return "unknown"


@contextmanager
def _open(origin: Origin) -> "Iterator[CorrectionStore]":
    """The corrections of the platform that is up, or of one that lives as long as the command."""
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings
    from albumart.stores.labels import open_corrections

    with (
        open_platform(load_settings(), parts=("mongodb",)) as endpoints,
        open_corrections(endpoints, origin) as store,
    ):
        yield store
