"""Guess the genre: a person labels covers blind, so that people can be measured as the model is.

A name is no account: it only says which answers are of one person.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from albumart.errors import NotFound
from albumart.evaluation.people import LEAST_ANSWERS, HumanBaseline, evaluate_people
from albumart.people.answers import check_player, counted_guesses, make_guess, read_players
from albumart.people.deck import Card, Deck, deal_cards, guesses_of
from albumart.stores.guesses import Guess, GuessStore
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Question:
    """What a player may see of a cover.

    Attributes:
        token: to answer with.
        cover: sha256 of the image, for whoever sends it.
        choices: the labels.
        number: of this cover, from 1.
        of: so many covers there are.
    """

    token: str
    cover: str
    choices: tuple[str, ...]
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a player is told after the answer.

    Attributes:
        album: key of the album.
        said: the answer that counts, which is the first; None for "not sure".
        labels: what is right.
        right: whether ``said`` is; None where nothing was said.
        model: what the model takes the cover for.
        probability: of that.
        model_right: whether it is.
        is_first: False where the player had answered this cover before.
    """

    album: str
    said: str | None
    labels: tuple[str, ...]
    right: bool | None
    model: str
    probability: float
    model_right: bool
    is_first: bool


def next_cover(version: ModelVersion, player: str, workspace: Workspace) -> Question | None:
    """The cover that is due for the player; None where all are answered.

    Raises:
        UnsafeInput: see ``check_player``.
    """
    deck, name = deal_cards(version, workspace), check_player(player)
    answered = guesses_of(deck, workspace).answered(version.study, name.key)
    seen = _seen_pictures(deck, answered)
    due = next((card for card in deck.cards if card.picture not in seen), None)
    if due is None:
        return None
    return Question(due.token, due.cover, deck.choices, len(seen) + 1, deck.pictures)


def record_guess(
    version: ModelVersion,
    player: str,
    token: str,
    label: str | None,
    *,
    workspace: Workspace,
    seconds: float | None = None,
) -> Verdict:
    """Keep what the player says of the cover, if it is the first answer, and tell what is right.

    Args:
        version: whose test covers are asked.
        player: a name, as it was typed.
        token: of the ``Question``.
        label: one of the choices; None for "not sure".
        workspace: where answers are kept.
        seconds: that the answer took, where it was measured.

    Raises:
        NotFound: there is no such cover; the version may have changed since it was asked.
        UnsafeInput: ``player_name``; ``label`` if it is none of the choices; ``seconds`` if that
            is no time.
    """
    deck, name = deal_cards(version, workspace), check_player(player)
    card = deck.by_token.get(token)
    if card is None:
        raise NotFound("there is no such cover in the game now; ask for the next one")
    guess = make_guess(deck, name, card, label, seconds=seconds, via="game")
    store = guesses_of(deck, workspace)
    answered = store.answered(version.study, name.key)
    is_first = card.picture not in _seen_pictures(deck, answered) and store.add([guess]) == 1
    kept = guess if is_first else _first_answer(store, deck, guess, card.picture)
    return _tell(card, kept.label, is_first=is_first)


def summarize_players(version: ModelVersion, workspace: Workspace) -> HumanBaseline:
    """What people reach on the version's test covers, beside the version itself."""
    deck = deal_cards(version, workspace)
    players = read_players(deck, workspace)
    return evaluate_people(deck.sheet, players, study=version.study, version=version.version)


def count_answers(version: ModelVersion, workspace: Workspace) -> int:
    """Number of answers that ``summarize_players`` tells of; 0 where they are too few."""
    deck = deal_cards(version, workspace)
    said = [guess for guess in counted_guesses(deck, workspace) if guess.label is not None]
    return len(said) if len(said) >= LEAST_ANSWERS else 0


def _seen_pictures(deck: Deck, answered: Mapping[str, str]) -> set[str]:
    """Pictures that were answered under any of their keys, whatever the album's cover was then."""
    covers = set(answered.values())
    cards = (card for card in deck.cards if card.album in answered or card.cover in covers)
    return {card.picture for card in cards}


def _first_answer(store: GuessStore, deck: Deck, guess: Guess, picture: str) -> Guess:
    """What the player said of the picture before; the answer at hand if that was elsewhere."""
    albums = [card.album for card in deck.cards if card.picture == picture]
    found = (store.find(guess.study, guess.player, album) for album in albums)
    return min(filter(None, found), key=lambda each: each.at, default=guess)


def _tell(card: Card, said: str | None, *, is_first: bool) -> Verdict:
    return Verdict(
        album=card.album,
        said=said,
        labels=card.labels,
        right=None if said is None else said in card.labels,
        model=card.model,
        probability=card.probability,
        model_right=card.model in card.labels,
        is_first=is_first,
    )
