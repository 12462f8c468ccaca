"""*Try a cover*: what the champion says of covers that nobody has seen yet."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse

from albumart.similar import SimilarCovers
from albumart.stores.predictions import class_number
from albumart.web.champions import Live
from albumart.web.collection import Collection
from albumart.web.gathering import collection_of, similar_to
from albumart.web.rendering import render, wants_fragment
from albumart.web.site import Site, site_of
from albumart.web.trying import Question, Tried, compare, try_cover
from albumart.web.uploads import open_upload, read_upload

router = APIRouter(include_in_schema=False)
SiteOf = Annotated[Site, Depends(site_of)]

SIMILAR_SECONDS = 0.5  # that a verdict waits for the collection to be there


@router.get("/studies/{study}/try")
def show_form(request: Request, study: str, site: SiteOf, intended: str = "") -> HTMLResponse:
    """The form, empty."""
    live = site.champions.live(study)
    similar_to(site, live)  # begun now, for the first cover
    return render(
        request,
        "try.html.jinja",
        study=study,
        live=live,
        intended=intended,
        tried=(),
        limits=site.options.limits,
    )


@router.post("/studies/{study}/try")
async def try_covers(request: Request, study: str, site: SiteOf) -> HTMLResponse:
    """The form with its answers; to our own script, the answers alone."""
    with site.turnstile.place():
        async with open_upload(request, site) as upload:
            intended = upload.fields.get("intended", "")
            question = Question(intended=intended or None)
            live, tried = await asyncio.to_thread(judge_files, site, study, upload.files, question)
    collection = await asyncio.to_thread(collection_of, site, live, wait=SIMILAR_SECONDS)
    return render(
        request,
        "_results.html.jinja" if wants_fragment(request) else "try.html.jinja",
        study=study,
        live=live,
        intended=intended,
        tried=tried,
        comparison=compare(tried, question.intended),
        known=_named(collection, tried),
        limits=site.options.limits,
    )


def judge_files(
    site: Site, study: str, files: Sequence[UploadFile], question: Question
) -> tuple[Live, list[Tried]]:
    """Look at each file in turn; another request's may come between two of them."""
    live = site.champions.live(study)
    if question.intended:
        class_number(live.version, question.intended)
    similar = similar_to(site, live, wait=SIMILAR_SECONDS)
    return live, [_judge(site, live, file, question, similar) for file in files]


def _judge(
    site: Site, live: Live, file: UploadFile, question: Question, similar: SimilarCovers | None
) -> Tried:
    with site.turnstile.turn():
        return try_cover(live, file.filename or "", read_upload(file), question, similar)


def _named(collection: Collection | None, tried: Sequence[Tried]) -> dict[str, object]:
    """What is known of the similar covers, by the keys of their albums."""
    near = [each.said.neighbours for each in tried if each.said and each.said.neighbours]
    albums = [found.album for each in near for found in each]
    return {} if collection is None else {row.album: row for row in collection.named(albums)}
