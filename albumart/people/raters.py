"""Any two raters on the covers that both judged: people, model versions, and the truth."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

import numpy as np
from pydantic import TypeAdapter

from albumart.errors import NotFound
from albumart.evaluation.agreement import Agreement
from albumart.evaluation.people import LEAST_COMMON, Said, agree_on
from albumart.people.answers import check_player, counted_guesses
from albumart.people.deck import Card, Deck, deal_cards
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

FORMS: Final = "person:NAME, model:NUMBER or truth"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two raters.

    Attributes:
        version: of the model whose test covers they are compared on.
        common: covers that both answered.
        agreement: None of fewer than LEAST_COMMON, of which nothing is claimed.
    """

    first: str
    second: str
    version: int
    common: int
    agreement: Agreement | None

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; what is undefined is ``None``."""
        return cast("dict[str, object]", json.loads(_adapter().dump_json(self)))


@cache
def _adapter() -> TypeAdapter[Comparison]:
    return TypeAdapter(Comparison)


@dataclass(frozen=True, slots=True)
class Rater:
    """``kind`` is a row of RATERS; ``name`` is empty where there is but one of the kind."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parse_rater(text: str) -> Rater:
    """``person:Ada``, ``model:3`` or ``truth``.

    Raises:
        NotFound: it is none of these.
        UnsafeInput: nobody can be called so.
    """
    kind, colon, name = text.partition(":")
    if text == "truth":
        return Rater("truth")
    if kind == "model" and name.isdecimal() and name.isascii():
        return Rater("model", str(int(name)))
    if kind == "person" and colon:
        return Rater("person", check_player(name).shown)
    raise NotFound(f"expected a rater: {FORMS}; got {text!r}")


def compare_raters(
    champion: ModelVersion, first: Rater, second: Rater, workspace: Workspace
) -> Comparison:
    """Cohen's kappa of the two.

    The covers are of the test split of the first model that is named, else of the champion's; and
    of a second model's too, for what a model learnt from it knows.

    Raises:
        NotFound: there is no such person or version.
    """
    version = next(
        (_version(champion, each, workspace) for each in (first, second) if each.kind == "model"),
        champion,
    )
    deck = deal_cards(version, workspace)
    told = [RATERS[each.kind](each, deck, workspace) for each in (first, second)]
    groups = np.array([card.group for card in deck.cards], dtype=np.str_)
    one, other = told
    common = [row for row in one if row in other]
    return Comparison(
        first=str(first),
        second=str(second),
        version=version.version,
        common=sum(one[row] is not None and other[row] is not None for row in common),
        agreement=agree_on(one, other, groups, least=LEAST_COMMON),
    )


def _of_person(rater: Rater, deck: Deck, workspace: Workspace) -> Said:
    key = check_player(rater.name).key
    rows = _rows(deck)
    guesses = list(counted_guesses(deck, workspace))
    mine = {rows[guess.album]: guess.label for guess in guesses if guess.player == key}
    if not mine:
        there = ", ".join(sorted({guess.name for guess in guesses})) or "nobody"
        raise NotFound(
            f"{rater.name!r} answered no cover of the test split of {deck.version.study!r}; "
            f"who did: {there}"
        )
    return mine


def _of_model(rater: Rater, deck: Deck, workspace: Workspace) -> Said:
    """Its likeliest label of every cover, however unsure it is, of those that it is tested on."""
    own = deal_cards(_version(deck.version, rater, workspace), workspace)
    tested = {(card.album, card.cover): card for card in own.cards}
    found = ((row, tested.get((card.album, card.cover))) for row, card in _numbered(deck))
    return {row: card.model for row, card in found if card is not None}


def _of_truth(rater: Rater, deck: Deck, workspace: Workspace) -> Said:
    """The first label of every cover."""
    del rater, workspace
    return {row: card.labels[0] for row, card in _numbered(deck)}


RATERS: Final[Mapping[str, Callable[[Rater, Deck, Workspace], Said]]] = {
    "person": _of_person,
    "model": _of_model,
    "truth": _of_truth,
}


def _version(known: ModelVersion, rater: Rater, workspace: Workspace) -> ModelVersion:
    number = int(rater.name)
    if number == known.version:
        return known
    return workspace.models.find_version(known.study, number)


def _rows(deck: Deck) -> dict[str, int]:
    return {card.album: row for row, card in _numbered(deck)}


def _numbered(deck: Deck) -> "enumerate[Card]":
    return enumerate(deck.cards)
