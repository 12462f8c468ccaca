"""The game: covers come in one order, an answer counts once, and the truth comes after it."""

import dataclasses
import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import made_versions
import numpy as np
import pytest
from made_versions import made_answers, made_study, made_version

from albumart.album import Origin
from albumart.dataset.manifest import Manifest
from albumart.errors import NotFound, UnsafeInput
from albumart.guessing import (
    Question,
    count_answers,
    next_cover,
    record_guess,
    summarize_players,
)
from albumart.people.deck import deal_cards
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

COUNTS = {"folk": 40, "jazz": 80}  # 12 and 24 of them in test


def made_manifest(counts: dict[str, int]) -> Manifest:
    """Each album with a cover of its own."""
    manifest = made_versions.made_manifest(counts)
    covers = [hashlib.sha256(album.encode()).hexdigest() for album in manifest.frame["album"]]
    return dataclasses.replace(manifest, frame=manifest.frame.assign(cover_sha256=covers))


@pytest.fixture
def version(workspace: Workspace) -> ModelVersion:
    manifest = made_manifest(COUNTS)
    return version_on(manifest, workspace)


def version_on(manifest: Manifest, workspace: Workspace, run: str = "a") -> ModelVersion:
    answers = made_answers(manifest, 0.5)
    return made_version(workspace, made_study(), manifest, answers, run=run)


def play(
    version: ModelVersion, workspace: Workspace, player: str = "Ada", *, covers: int = 100
) -> list[str]:
    """Answers jazz to what comes; the albums that came."""
    albums: list[str] = []
    while len(albums) < covers and (asked := next_cover(version, player, workspace)):
        verdict = record_guess(version, player, asked.token, "jazz", workspace=workspace)
        albums.append(verdict.album)
    return albums


def ask(version: ModelVersion, workspace: Workspace, player: str = "Ada") -> Question:
    asked = next_cover(version, player, workspace)
    assert asked is not None
    return asked


def test_every_test_cover_comes_once_and_in_one_order(
    version: ModelVersion, workspace: Workspace
) -> None:
    first, second = (play(version, workspace, name) for name in ("Ada", "Bo"))
    assert first == second
    assert len(set(first)) == len(first) == 36
    deck = deal_cards(version, workspace)
    assert sorted(first) == sorted(deck.by_album)
    # Of any first part as many are folk as of the whole, give or take one.
    folk = [album.startswith("bandcamp:folk") for album in first]
    shares = np.cumsum(folk) - np.arange(1, 37) / 3
    assert np.abs(shares).max() <= 1.5


def test_a_question_does_not_tell_its_answer(version: ModelVersion, workspace: Workspace) -> None:
    asked = ask(version, workspace)
    assert (asked.choices, asked.number, asked.of) == (("folk", "jazz"), 1, 36)
    told = json.dumps(dataclasses.asdict(asked) | {"choices": None})
    assert "folk" not in told
    assert "jazz" not in told
    record_guess(version, "Ada", asked.token, None, workspace=workspace)
    assert ask(version, workspace).number == 2


def test_the_verdict_tells_what_is_right_and_what_the_model_says(
    version: ModelVersion, workspace: Workspace
) -> None:
    asked = ask(version, workspace)
    card = deal_cards(version, workspace).by_token[asked.token]
    wrong = "folk" if card.labels == ("jazz",) else "jazz"
    verdict = record_guess(version, "Ada", asked.token, wrong, workspace=workspace, seconds=2.5)
    assert (verdict.said, verdict.right, verdict.is_first) == (wrong, False, True)
    assert verdict.labels == card.labels
    assert verdict.model_right is (card.model in card.labels)
    assert verdict.probability == pytest.approx(0.7)
    (kept,) = workspace.guesses.list_guesses(version.study)
    assert (kept.player, kept.label, kept.seconds, kept.via) == ("ada", wrong, 2.5, "game")


def test_only_the_first_answer_counts(version: ModelVersion, workspace: Workspace) -> None:
    asked = ask(version, workspace)

    def answer(label: str | None) -> bool:
        found = record_guess(version, " ADA ", asked.token, label, workspace=workspace)
        return found.is_first

    assert answer("jazz")
    again = record_guess(version, "Ada", asked.token, "folk", workspace=workspace)
    assert (again.said, again.is_first) == ("jazz", False)
    with ThreadPoolExecutor(8) as threads:
        assert not any(threads.map(answer, ["folk", None] * 8))
    assert [guess.label for guess in workspace.guesses.list_guesses("made")] == ["jazz"]


def test_two_clicks_at_once_are_one_answer(version: ModelVersion, workspace: Workspace) -> None:
    asked = ask(version, workspace)
    with ThreadPoolExecutor(8) as threads:
        verdicts = list(
            threads.map(
                lambda label: record_guess(version, "Ada", asked.token, label, workspace=workspace),
                ["jazz", "folk"] * 8,
            )
        )
    assert sum(verdict.is_first for verdict in verdicts) == 1
    assert len({verdict.said for verdict in verdicts}) == 1


def test_copies_of_a_picture_are_one_cover(workspace: Workspace) -> None:
    manifest = made_manifest({"folk": 20, "jazz": 20})
    same = manifest.frame["album"].isin(["bandcamp:folk000", "bandcamp:folk001"])
    frame = manifest.frame.assign(cluster=manifest.frame["cluster"].mask(same, "bandcamp:folk000"))
    version = version_on(dataclasses.replace(manifest, frame=frame), workspace)
    albums = play(version, workspace)
    assert len(albums) == 11
    assert "bandcamp:folk001" not in albums
    deck = deal_cards(version, workspace)
    copy = deck.by_album["bandcamp:folk001"].token
    verdict = record_guess(version, "Ada", copy, "folk", workspace=workspace)
    assert (verdict.said, verdict.is_first) == ("jazz", False)
    assert ask(version, workspace, "Bo").of == 11


def test_answers_outlive_the_version_while_the_cover_is_the_same(
    version: ModelVersion, workspace: Workspace
) -> None:
    play(version, workspace, covers=20)
    manifest = made_manifest(COUNTS | {"folk": 50})
    digit = {album: f"{number:064x}" for number, album in enumerate(manifest.frame["album"])}
    later = version_on(manifest, workspace, "b")
    assert summarize_players(later, workspace).people[0].scores.answers == 20
    assert ask(later, workspace).number == 21
    moved = manifest.frame.assign(cover_sha256=manifest.frame["album"].map(digit))
    other = version_on(dataclasses.replace(manifest, frame=moved), workspace, "c")
    assert summarize_players(other, workspace).people == ()
    # What was shown once is not shown again, though: its truth was told.
    assert ask(other, workspace).number == 21


@pytest.mark.parametrize(("count", "counts"), [(19, True), (2, False)])
def test_answers_count_while_the_choices_are_nearly_the_same(
    workspace: Workspace, count: int, counts: bool
) -> None:
    before = {f"g{number:02}": 20 for number in range(count)}
    old = version_on(made_manifest(before), workspace)
    for _ in range(12):
        asked = ask(old, workspace)
        record_guess(old, "Ada", asked.token, "g00", workspace=workspace)
    new = version_on(made_manifest(before | {"more": 20}), workspace, "b")
    assert bool(summarize_players(new, workspace).people) is counts


def test_answers_to_choices_that_are_not_known_do_not_count(
    version: ModelVersion, workspace: Workspace
) -> None:
    play(version, workspace, covers=12)
    found = [
        dataclasses.replace(guess, choices="f" * 64, player="bo")
        for guess in workspace.guesses.list_guesses("made")
    ]
    workspace.guesses.add(found)
    assert len(summarize_players(version, workspace).people) == 1


def test_figures_are_of_the_covers_that_were_answered(
    version: ModelVersion, workspace: Workspace
) -> None:
    play(version, workspace, covers=9)
    assert count_answers(version, workspace) == 0
    albums = play(version, workspace, "Bo", covers=24)
    workspace.guesses.forget("made", ["ada"])
    assert count_answers(version, workspace) == 24
    found = summarize_players(version, workspace)
    (person,) = found.people
    jazz = Counter(album.startswith("bandcamp:jazz") for album in albums)[True]
    assert person.scores.people.value == pytest.approx(jazz / 24)
    cards = deal_cards(version, workspace).by_album
    model = [cards[album].model in cards[album].labels for album in albums]
    assert person.scores.model.value == pytest.approx(np.mean(model))
    assert found.pooled is not None
    assert found.pooled.answers == 24
    assert (found.study, found.version, found.several) == ("made", 1, False)


def test_answers_are_kept_by_where_the_covers_come_from(
    version: ModelVersion, workspace: Workspace
) -> None:
    elsewhere = dataclasses.replace(
        workspace, origin=Origin.LIVE, guesses=workspace.guesses.of_origin(Origin.LIVE)
    )
    play(version, elsewhere, covers=3)
    assert len(list(workspace.guesses.list_guesses("made"))) == 3
    assert not list(elsewhere.guesses.list_guesses("made"))


def test_what_cannot_be_an_answer_is_refused(version: ModelVersion, workspace: Workspace) -> None:
    asked = ask(version, workspace)
    with pytest.raises(NotFound, match="no such cover"):
        record_guess(version, "Ada", "bandcamp:jazz000", "jazz", workspace=workspace)
    with pytest.raises(UnsafeInput, match=r"one of folk, jazz, or none; got 'polka'") as refused:
        record_guess(version, "Ada", asked.token, "polka", workspace=workspace)
    assert refused.value.code == "label"
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(UnsafeInput, match="seconds"):
            record_guess(version, "Ada", asked.token, "jazz", workspace=workspace, seconds=seconds)
    with pytest.raises(UnsafeInput, match="name"):
        next_cover(version, "\x1b[31m", workspace)
    assert ask(version, workspace).number == 1
