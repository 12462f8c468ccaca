"""One player's part of the game: who it is, and how it stands between them and the model."""

from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request

from albumart.errors import NotFound, UnsafeInput
from albumart.evaluation.people import LEAST_ANSWERS, score_answers
from albumart.people.answers import check_player, read_players
from albumart.people.deck import deal_cards
from albumart.web.champions import Live

COOKIE = "albumart_player"
YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Tally:
    """How a player stands: answers, and how many of them are right; the model's on the same."""

    answers: int
    right: int
    model: int
    unsure: int

    @property
    def missing(self) -> int:
        """Answers that are missing until figures are made of them."""
        return max(0, LEAST_ANSWERS - self.answers)


def player_of(request: Request) -> str | None:
    """The name in the cookie, if it is one."""
    try:
        return check_player(unquote(request.cookies.get(COOKIE, ""))).shown
    except UnsafeInput:
        return None


def player_cookie(name: str) -> str:
    """The name as a cookie may hold it."""
    return quote(check_player(name).shown, safe="")


def tally_of(live: Live, player: str) -> Tally:
    """What the player's answers come to so far."""
    deck, key = deal_cards(live.version, live.workspace), check_player(player).key
    players = read_players(deck, live.workspace)
    mine = [each for each in players if check_player(each.name).key == key]
    unsure = sum(label is None for each in mine for label in each.said.values())
    scores = score_answers(deck.sheet, mine)
    if scores is None:
        return Tally(0, 0, 0, unsure)
    right, model = (round(each.value * scores.answers) for each in (scores.people, scores.model))
    return Tally(scores.answers, right, model, unsure)


def cover_of(live: Live, token: str) -> str:
    """sha256 of the cover that a question shows, which its address must not tell."""
    card = deal_cards(live.version, live.workspace).by_token.get(token)
    if card is None:
        raise NotFound("there is no such cover in the game now; ask for the next one")
    return card.cover
