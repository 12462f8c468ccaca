"""A version with covers of its own each, and people who answered some of them."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping

from made_versions import made_answers, made_manifest, made_study, made_version

from albumart.people.answers import check_player, make_guess
from albumart.people.deck import deal_cards, guesses_of
from albumart.registry import promote_by_hand
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

COUNTS = {"folk": 100, "jazz": 100}  # 30 of each in test


def add_version(
    workspace: Workspace, run: str, *, share: float = 0.8, splits: Mapping[str, str] | None = None
) -> ModelVersion:
    manifest = made_manifest(COUNTS, splits)
    covers = [hashlib.sha256(album.encode()).hexdigest() for album in manifest.frame["album"]]
    manifest = dataclasses.replace(manifest, frame=manifest.frame.assign(cover_sha256=covers))
    return made_version(workspace, made_study(), manifest, made_answers(manifest, share), run=run)


def add_champion(workspace: Workspace) -> ModelVersion:
    version = add_version(workspace, "a")
    return promote_by_hand(workspace.models, version.study, version.version)


def answer(
    version: ModelVersion,
    workspace: Workspace,
    player: str,
    labels: Iterable[str | None],
) -> None:
    """The player says these labels of the first covers; "right" is what is."""
    deck = deal_cards(version, workspace)
    guesses = [
        make_guess(
            deck,
            check_player(player),
            card,
            card.labels[0] if label == "right" else label,
            seconds=1.5,
            via="game",
        )
        for card, label in zip(deck.cards, labels, strict=False)
    ]
    guesses_of(deck, workspace).add(guesses)
