"""*Guess the genre*: a person labels covers blind, and is then told what is right."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from albumart.evaluation.people import LEAST_ANSWERS, LEAST_COMMON
from albumart.guessing import next_cover, record_guess, summarize_players
from albumart.web.playing import COOKIE, YEAR, cover_of, player_cookie, player_of, tally_of
from albumart.web.refusals import Refusal, Stop
from albumart.web.rendering import render
from albumart.web.site import Site, site_of
from albumart.web.uploads import read_form, text_fields

router = APIRouter(include_in_schema=False)
SiteOf = Annotated[Site, Depends(site_of)]

MOST_BUTTONS: Final = 24  # of more labels, a list is quicker to find one in
UNSURE: Final = "not-sure"  # value of the button; no label of the taxonomy is called so
SIDE: Final = 640


@router.get("/studies/{study}/guess")
def ask(request: Request, study: str, site: SiteOf) -> HTMLResponse:
    """The next cover; before that, what to call the player."""
    live, player = site.champions.live(study), player_of(request)
    question = None if player is None else next_cover(live.version, player, live.workspace)
    return render(
        request,
        "guess.html.jinja",
        study=study,
        live=live,
        player=player,
        question=question,
        tally=None if player is None else tally_of(live, player),
        most_buttons=MOST_BUTTONS,
        unsure=UNSURE,
        least=LEAST_ANSWERS,
    )


@router.post("/studies/{study}/guess/player")
async def begin(request: Request, study: str, site: SiteOf) -> Response:
    """Remember what to call the player; an empty name is another player's turn."""
    fields = text_fields(await read_form(request, site.options.limits))
    name = fields.get("name", "")
    answer = RedirectResponse(f"/studies/{site.champions.check_study(study)}/guess", 303)
    if name:
        answer.set_cookie(
            COOKIE, player_cookie(name), max_age=YEAR, httponly=True, samesite="strict"
        )
    else:
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@router.post("/studies/{study}/guess/{token}")
async def answer(request: Request, study: str, token: str, site: SiteOf) -> Response:
    """Keep the answer, and tell what is right."""
    fields = text_fields(await read_form(request, site.options.limits))
    player = player_of(request)
    if player is None:
        return RedirectResponse(f"/studies/{site.champions.check_study(study)}/guess", 303)
    return await asyncio.to_thread(_tell, request, site, (study, player, token), fields)


@router.get("/studies/{study}/guess/figures")
def figures(request: Request, study: str, site: SiteOf) -> HTMLResponse:
    """What people reach, beside the model on the same covers."""
    live = site.champions.live(study)
    return render(
        request,
        "guess_figures.html.jinja",
        study=study,
        live=live,
        people=summarize_players(live.version, live.workspace),
        least=LEAST_ANSWERS,
        common=LEAST_COMMON,
    )


@router.get("/studies/{study}/guess/{token}/cover")
def show_cover(study: str, token: str, site: SiteOf) -> Response:
    """The cover of a question; its address does not tell which album it is."""
    sha256 = cover_of(site.champions.live(study), token)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(site.thumbnails.get(sha256, SIDE), media_type="image/jpeg", headers=headers)


def seconds_of(text: str) -> float | None:
    """What our script measured; None where it says nothing that can be."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _tell(
    request: Request, site: Site, asked: tuple[str, str, str], fields: dict[str, str]
) -> HTMLResponse:
    study, player, token = asked
    live, label = site.champions.live(study), fields.get("label", "")
    if not label:
        raise Stop(Refusal(422, "label", "Expected an answer; none was chosen."))
    verdict = record_guess(
        live.version,
        player,
        token,
        None if label == UNSURE else label,
        workspace=live.workspace,
        seconds=seconds_of(fields.get("seconds", "")),
    )
    return render(
        request,
        "guess_answer.html.jinja",
        study=study,
        live=live,
        token=token,
        verdict=verdict,
        tally=tally_of(live, player),
        left=next_cover(live.version, player, live.workspace) is not None,
    )
