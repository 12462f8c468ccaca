"""The covers that people are asked about, in the order in which everybody gets them.

They are those of a version's test split, on which the model is judged, too. The order is the same
for everybody, so that what two people said can be compared after few covers.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import numpy as np

from albumart.album import Origin
from albumart.dataset.manifest import read_manifest
from albumart.evaluation.people import Sheet
from albumart.holdout import read_holdout
from albumart.judged import carries_several
from albumart.stores.guesses import GuessStore
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.training.candidate import read_candidate

SEED: Final = 0
_TOKEN: Final = 32  # hex digits
_DECKS: Final = 8  # kept in memory


@dataclass(frozen=True, slots=True)
class Card:
    """One cover of the test split, with its solution: not for the player's eyes.

    Attributes:
        token: names the card to the player, and does not tell which album it is.
        album: its key.
        picture: the cluster of duplicates; who has seen one of it has seen all.
        cover: sha256 of the image.
        labels: what is right, the first one first.
        model: the version's likeliest label.
        probability: of that.
        group: see ``Manifest``.
    """

    token: str
    album: str
    picture: str
    cover: str
    labels: tuple[str, ...]
    model: str
    probability: float
    group: str


@dataclass(frozen=True, eq=False)
class Deck:
    """The covers of a version's test split in the order in which everybody gets them."""

    version: ModelVersion
    origin: Origin
    several: bool
    cards: tuple[Card, ...] = field(repr=False)

    @property
    def choices(self) -> tuple[str, ...]:
        """The labels that there are to choose from."""
        return self.version.classes

    @cached_property
    def asked(self) -> str:
        """Digest of the choices; who had others to choose from was asked something else."""
        return hashlib.sha256(json.dumps(sorted(self.choices)).encode()).hexdigest()

    @cached_property
    def by_album(self) -> Mapping[str, Card]:
        """The cards by the keys of their albums."""
        return {card.album: card for card in self.cards}

    @cached_property
    def by_token(self) -> Mapping[str, Card]:
        """The cards by what names them to the player."""
        return {card.token: card for card in self.cards}

    @cached_property
    def pictures(self) -> int:
        """Number of different covers."""
        return len({card.picture for card in self.cards})

    @cached_property
    def sheet(self) -> Sheet:
        """The cards as rows for the figures."""
        return Sheet(
            labels=[card.labels for card in self.cards],
            model=[card.model for card in self.cards],
            groups=np.array([card.group for card in self.cards], dtype=np.str_),
            several=self.several,
        )


def deal_cards(version: ModelVersion, workspace: Workspace) -> Deck:
    """The version's test split as a deck; each process deals it once."""
    named = (version.run, version.dataset, version.created)
    if named not in _dealt:
        deck = _deal(version, workspace)
        workspace.objects.put(choices_key(deck.asked), json.dumps(deck.choices).encode())
        _dealt[named] = deck
        while len(_dealt) > _DECKS:
            _dealt.popitem(last=False)
    return _dealt[named]


def guesses_of(deck: Deck, workspace: Workspace) -> GuessStore:
    """The answers about the albums that the deck's version learnt from."""
    return workspace.guesses.of_origin(deck.origin)


def choices_key(asked: str) -> str:
    """Where the choices with this digest are told."""
    return f"guesses/choices/{asked}.json"


_dealt: OrderedDict[tuple[str, str, datetime], Deck] = OrderedDict()


def _deal(version: ModelVersion, workspace: Workspace) -> Deck:
    objects = workspace.objects
    manifest = read_manifest(objects, version.dataset)
    test = manifest.frame[manifest.frame["split"] == "test"]
    shares = read_holdout(objects, version.run).probabilities
    told = zip(test.to_dict("records"), shares.argmax(axis=1), shares.max(axis=1), strict=True)
    cards = [_card(version, row, int(best), float(share)) for row, best, share in told]
    place = order_of_play([(card.picture, card.labels[0]) for card in cards])
    return Deck(
        version=version,
        origin=read_candidate(objects, version.run).provenance.origin,
        several=carries_several(manifest),
        cards=tuple(sorted(cards, key=lambda card: (place[card.picture], card.album))),
    )


def _card(version: ModelVersion, row: Mapping[Hashable, Any], best: int, share: float) -> Card:
    album = str(row["album"])
    named = hashlib.sha256(f"{version.dataset} {album}".encode())
    return Card(
        token=named.hexdigest()[:_TOKEN],
        album=album,
        picture=str(row["cluster"]) or album,
        cover=str(row["cover_sha256"]),
        labels=tuple(row["labels"]),
        model=version.classes[best],
        probability=share,
        group=str(row["group"]),
    )


def order_of_play(pictures: Iterable[tuple[str, str]], *, seed: int = SEED) -> dict[str, int]:
    """Pictures with their label → the place of each, from 0, the same for everybody.

    Any first part of the order holds the labels about as often as the whole does, so that few
    answers say what many would; and what comes next cannot be told from what came before.
    """
    by_label: dict[str, set[str]] = {}
    for picture, label in dict(reversed([*pictures])).items():
        by_label.setdefault(label, set()).add(picture)
    order: list[tuple[float, str]] = []
    for found in by_label.values():
        shuffled = sorted(found, key=lambda picture: (_draw(seed, "rank", picture), picture))
        order += [
            ((rank + _draw(seed, "place", picture)) / len(found), picture)
            for rank, picture in enumerate(shuffled)
        ]
    return {picture: place for place, (_, picture) in enumerate(sorted(order))}


def _draw(seed: int, what: str, picture: str) -> float:
    """A number from 0 to 1 that depends on nothing else."""
    digest = hashlib.sha256(f"{seed} {what} {picture}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
