"""What people said: checked on the way in, and chosen from on the way out."""

import json
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from albumart.errors import NotFound, UnsafeInput
from albumart.evaluation.people import Player
from albumart.people.deck import Card, Deck, choices_key, guesses_of
from albumart.stores.guesses import Guess, Via, now_as_stored
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace

LONGEST_NAME: Final = 40
LONGEST_ANSWER: Final = 86_400.0  # seconds; a tab that was left open overnight says nothing
ALIKE: Final = 0.9  # share of the choices that must be the same; a mood or two come and go
_VISIBLE: Final = ("L", "N", "P", "S")
_UNSEEN: Final = ("C", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Name:
    """A player: ``key`` is who it is, ``shown`` how they wrote it."""

    key: str
    shown: str


def check_player(name: str) -> Name:
    """A stranger's name, normalised: NFKC, one space between words.

    Raises:
        UnsafeInput: with code ``player_name`` if it is empty, too long, or holds what is not seen.
    """
    told = f"expected a name of 1 to {LONGEST_NAME} visible characters"
    if len(name) > 4 * LONGEST_NAME:
        raise UnsafeInput("player_name", f"{told}; got {len(name)}")
    normal = unicodedata.normalize("NFKC", name)
    if any(unicodedata.category(letter).startswith(_UNSEEN) for letter in normal):
        raise UnsafeInput("player_name", f"{told}; got one with control characters")
    shown = " ".join(normal.split())
    seen = [unicodedata.category(letter).startswith(_VISIBLE) for letter in shown]
    if len(shown) > LONGEST_NAME or not any(seen):
        raise UnsafeInput("player_name", f"{told}; got {len(shown)}, {sum(seen)} of them visible")
    return Name(unicodedata.normalize("NFKC", shown.casefold()), shown)


def read_players(deck: Deck, workspace: Workspace) -> list[Player]:
    """Everybody's answers to the covers of the deck, by the number of the card.

    An answer to another picture of the album, or to other choices, does not count; of a picture,
    only the first does.
    """
    rows = {card.album: row for row, card in enumerate(deck.cards)}
    guesses = counted_guesses(deck, workspace)
    found = []
    for _, answers in groupby(guesses, key=lambda guess: guess.player):
        mine = list(answers)
        said = {rows[guess.album]: guess.label for guess in mine}
        times = [guess.seconds for guess in mine if guess.seconds is not None]
        found.append(Player(mine[0].name, said, times))
    return found


def counted_guesses(deck: Deck, workspace: Workspace) -> Iterator[Guess]:
    """The answers that count, by player, in the order in which they were given."""
    alike = _AlikeChoices(deck, workspace.objects)
    seen: set[tuple[str, str]] = set()
    for guess in guesses_of(deck, workspace).list_guesses(deck.version.study):
        card = deck.by_album.get(guess.album)
        if card is None or card.cover != guess.cover or (guess.player, card.picture) in seen:
            continue
        if guess.label in (None, *deck.choices) and alike(guess.choices):
            seen.add((guess.player, card.picture))
            yield guess


def make_guess(
    deck: Deck, name: Name, card: Card, label: str | None, *, seconds: float | None, via: Via
) -> Guess:
    """The answer as it is kept. Raises UnsafeInput if it is none of the choices, or no time."""
    if label is not None and label not in deck.choices:
        choices = ", ".join(deck.choices)
        raise UnsafeInput("label", f"expected one of {choices}, or none; got {label[:80]!r}")
    if seconds is not None and not 0 <= seconds < math.inf:
        raise UnsafeInput("seconds", f"expected 0 seconds or more; got {seconds}")
    return Guess(
        study=deck.version.study,
        player=name.key,
        name=name.shown,
        album=card.album,
        cover=card.cover,
        choices=deck.asked,
        label=label,
        seconds=None if seconds is None or seconds > LONGEST_ANSWER else float(seconds),
        via=via,
        at=now_as_stored(),
    )


class _AlikeChoices:
    """Whether what there was to choose from was nearly what there is now."""

    def __init__(self, deck: Deck, objects: ObjectStore) -> None:
        self._now, self._objects = frozenset(deck.choices), objects
        self._known = {deck.asked: True}

    def __call__(self, asked: str) -> bool:
        if asked not in self._known:
            then = self._choices_of(asked)
            self._known[asked] = len(self._now & then) >= ALIKE * len(self._now | then)
        return self._known[asked]

    def _choices_of(self, asked: str) -> frozenset[str]:
        try:
            return frozenset(json.loads(self._objects.get(choices_key(asked))))
        except NotFound:  # who knows what was asked
            return frozenset()
