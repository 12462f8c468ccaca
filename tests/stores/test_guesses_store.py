"""Guesses in a real MongoDB: a player's first answer about an album is the one that is kept."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo.errors import BulkWriteError

from albumart.album import Origin
from albumart.stores.guesses import Guess, now_as_stored
from albumart.stores.workspace import Workspace

DIGEST = "0" * 64


def made_guess(player: str = "ada", album: str = "bandcamp:1", **fields: object) -> Guess:
    base = Guess(
        "made", player, player.title(), album, DIGEST, DIGEST, "jazz", 1.5, "game", now_as_stored()
    )
    return dataclasses.replace(base, **fields)  # type: ignore[arg-type]


def test_what_is_kept_is_what_was_said(workspace: Workspace) -> None:
    store, guess = workspace.guesses, made_guess()
    unsure = made_guess(album="bandcamp:2", label=None, seconds=None, via="file")
    assert store.add([guess, unsure]) == 2
    assert store.find("made", "ada", "bandcamp:1") == guess
    assert list(store.list_guesses("made")) == [guess, unsure]
    assert store.answered("made", "ada") == {"bandcamp:1": DIGEST, "bandcamp:2": DIGEST}
    assert store.find("made", "bo", "bandcamp:1") is None
    assert store.answered("other", "ada") == {}
    assert store.add([]) == 0


def test_the_first_answer_stays(workspace: Workspace) -> None:
    store = workspace.guesses
    assert store.add([made_guess()]) == 1
    later = [made_guess(label="folk"), made_guess(album="bandcamp:2")]
    assert store.add(later) == 1
    assert store.add([made_guess("bo"), made_guess(study="other")]) == 2
    assert [guess.label for guess in store.list_guesses("made")] == ["jazz"] * 3


def test_many_at_once_are_one(workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as threads:
        added = threads.map(lambda _: workspace.guesses.add([made_guess()]), range(16))
        assert sum(added) == 1


def test_answers_come_by_player_and_time(workspace: Workspace) -> None:
    times = [dataclasses.replace(made_guess(), at=now_as_stored()).at for _ in range(3)]
    guesses = [
        made_guess(player, f"bandcamp:{number}", at=at)
        for number, at in enumerate(times)
        for player in ("bo", "ada")
    ]
    workspace.guesses.add(guesses)
    told = [(guess.player, guess.album) for guess in workspace.guesses.list_guesses("made")]
    assert told == [(who, f"bandcamp:{n}") for who in ("ada", "bo") for n in range(3)]


def test_a_player_is_forgotten(workspace: Workspace) -> None:
    workspace.guesses.add([made_guess(), made_guess("bo"), made_guess(study="other")])
    assert workspace.guesses.forget("made", ["ada", "nobody"]) == 1
    assert [guess.player for guess in workspace.guesses.list_guesses("made")] == ["bo"]


def test_each_origin_has_its_own(workspace: Workspace) -> None:
    store = workspace.guesses
    store.add([made_guess()])
    assert store.of_origin(Origin.SANDBOX) is store
    live = store.of_origin(Origin.LIVE)
    assert list(live.list_guesses("made")) == []
    assert len(list(live.of_origin(Origin.SANDBOX).list_guesses("made"))) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"seconds": -1.0}, {"cover": "x"}, {"player": ""}, {"via": "ouija"}, {"name": "x" * 201}],
)
def test_mongodb_refuses_what_is_none(workspace: Workspace, wrong: dict[str, object]) -> None:
    with pytest.raises(BulkWriteError):
        workspace.guesses.add([made_guess(**wrong)])
    assert not list(workspace.guesses.list_guesses("made"))
