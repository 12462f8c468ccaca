"""Answers as CSV: what goes out comes in again, and runs in no spreadsheet."""

import csv
import io
from collections.abc import Sequence

import pytest
from made_players import answer

from albumart.errors import ParseError
from albumart.people.deck import deal_cards
from albumart.people.files import EXPORTED, Imported, export_answers, import_answers, read_answers
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace


def written(rows: Sequence[Sequence[str]]) -> list[str]:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().splitlines(keepends=True)


def take_in(lines: list[str], version: ModelVersion, workspace: Workspace) -> Imported:
    deck = deal_cards(version, workspace)
    guesses, elsewhere = read_answers(lines, deck, "made.csv")
    return import_answers(guesses, elsewhere, deck, workspace)


def test_answers_go_out_and_come_in(champion: ModelVersion, workspace: Workspace) -> None:
    answer(champion, workspace, "Ada", ["right", "folk", None])
    answer(champion, workspace, "=cmd()", ["jazz"])
    deck = deal_cards(champion, workspace)
    rows = list(export_answers(deck, workspace))
    assert rows[0] == EXPORTED
    assert [row[1] for row in rows[1:]] == ["'=cmd()", "Ada", "Ada", "Ada"]
    told = [dict(zip(EXPORTED, row, strict=True)) for row in rows[1:]]
    card = deck.cards[0]
    assert told[1] == {
        "album": card.album, "player": "Ada", "label": card.labels[0], "right": "1",
        "truth": card.labels[0], "model": card.model, "seconds": "1.500", "via": "game",
        "at": told[1]["at"], "cover": card.cover,
    }  # fmt: skip
    assert (told[3]["label"], told[3]["right"]) == ("", "")
    before = list(workspace.guesses.list_guesses("made"))
    workspace.guesses.forget("made", ["ada", "=cmd()"])
    assert list(export_answers(deck, workspace)) == [EXPORTED]
    assert take_in(written(rows), champion, workspace) == Imported(4, 0, 0)
    assert take_in(written(rows), champion, workspace) == Imported(0, 4, 0)
    after = list(workspace.guesses.list_guesses("made"))
    kept = ("player", "name", "album", "cover", "label")
    assert [[getattr(guess, name) for name in kept] for guess in after] == [
        [getattr(guess, name) for name in kept] for guess in before
    ]
    assert {(guess.via, guess.seconds) for guess in after} == {("file", None)}


def test_albums_that_are_not_tested_on_are_counted(
    champion: ModelVersion, workspace: Workspace
) -> None:
    rows = [
        ("player", "album", "label", "note"),
        ("Ada", "bandcamp:folk000", "jazz", "why not"),
        ("Ada", "bandcamp:folk009", "folk", "learnt from"),
        ("Ada", "bandcamp:nowhere", "folk", ""),
    ]
    assert take_in(written(rows), champion, workspace) == Imported(1, 0, 2)


HEAD = ("album", "player", "label")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "line 1: expected a first line with album, player, label; got nothing"),
        ([("album", "who", "label")], "got album, who, label"),
        ([HEAD, ("bandcamp:folk000", "Ada", "polka")], "line 2: .* one of folk, jazz.*'polka'"),
        ([HEAD, ("bandcamp:folk000", "", "folk")], "line 2: .* visible"),
        (
            [HEAD, ("bandcamp:folk000", "Ada", "folk"), ("bandcamp:folk000", "ADA", "jazz")],
            "line 3: expected one answer to an album; got 'folk' and 'jazz' of 'ADA'",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    champion: ModelVersion,
    workspace: Workspace,
    rows: list[tuple[str, ...]],
    message: str,
) -> None:
    with pytest.raises(ParseError, match=message):
        take_in(written(rows), champion, workspace)
    assert not list(workspace.guesses.list_guesses("made"))


def test_broken_csv_is_named_by_line(champion: ModelVersion, workspace: Workspace) -> None:
    with pytest.raises(ParseError, match=r"made.csv, line \d: expected CSV"):
        take_in(["album,player,label\n", 'x,"y"z,"\n'], champion, workspace)
