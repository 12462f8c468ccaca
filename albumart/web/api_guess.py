"""The game for programs: ask for covers, answer, and read what people reach."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from albumart.guessing import next_cover, record_guess, summarize_players
from albumart.web import schemas
from albumart.web.api import ERRORS, StudyName
from albumart.web.site import Site, site_of

router = APIRouter(prefix="/api/v1/studies/{study}/guess", responses=ERRORS)
SiteOf = Annotated[Site, Depends(site_of)]


@router.get("", summary="The next cover of the game")
def question(
    study: StudyName,
    site: SiteOf,
    player: Annotated[str, Query(max_length=160, description="What the player is called.")],
) -> schemas.QuestionBody | None:
    """Null where the player has answered all of them."""
    live = site.champions.live(study)
    found = next_cover(live.version, player, live.workspace)
    if found is None:
        return None
    picture = f"/studies/{study}/guess/{found.token}/cover"
    return schemas.QuestionBody.model_validate(asdict(found) | {"cover": picture})


@router.post("", summary="Answer a cover of the game")
def answer(study: StudyName, site: SiteOf, guess: schemas.GuessBody) -> schemas.VerdictBody:
    """The first answer of a player to a cover is kept."""
    live = site.champions.live(study)
    verdict = record_guess(
        live.version,
        guess.player,
        guess.token,
        guess.label,
        workspace=live.workspace,
        seconds=guess.seconds,
    )
    return schemas.VerdictBody.model_validate(asdict(verdict))


@router.get("/figures", summary="What people reach, beside the model")
def figures(study: StudyName, site: SiteOf) -> dict[str, Any]:
    """Accuracy on the same covers with 95 % intervals, and Cohen's kappa."""
    live = site.champions.live(study)
    return summarize_players(live.version, live.workspace).to_dict()
