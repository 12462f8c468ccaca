"""*Explore*: the stored covers by genre, confidence and error, on a map, and each by itself."""

from dataclasses import asdict
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from albumart.dataset.cache import decode_cover
from albumart.errors import NotFound
from albumart.stores.predictions import class_number
from albumart.web.albums import album_page
from albumart.web.champions import Live
from albumart.web.collection import ANSWERS, ORDERS, Collection, Wanted
from albumart.web.gathering import collection_of, map_of, similar_to
from albumart.web.rendering import render
from albumart.web.site import Site, site_of
from albumart.web.trying import Question, Said, look

router = APIRouter(include_in_schema=False)
SiteOf = Annotated[Site, Depends(site_of)]

COLLECTION_SECONDS = 8.0  # that a page waits for the table; small ones are there at once
MOST_LABELS = 40
_ANSWERS, _ORDERS = (", ".join(f"``{name}``" for name in table) for table in (ANSWERS, ORDERS))


def wanted_covers(
    label: Annotated[str, Query(max_length=200, description="A label; of all without it.")] = "",
    by: Annotated[
        str,
        Query(
            pattern="^(said|own)$", description="Who says so: ``said`` the model, ``own`` label."
        ),
    ] = "said",
    answer: Annotated[str, Query(max_length=20, description=f"One of {_ANSWERS}.")] = "",
    split: Annotated[
        str, Query(max_length=20, description="Of the dataset: ``train``, ``test``, …")
    ] = "",
    words: Annotated[str, Query(max_length=200, description="In title, artist or key.")] = "",
    order: Annotated[str, Query(max_length=20, description=f"One of {_ORDERS}.")] = "surest",
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Of so many covers each.")] = 1,
) -> Wanted:
    """The covers that an address asks for."""
    known = {"answer": answer in ANSWERS, "order": order in ORDERS}
    return Wanted(
        label=label,
        by=by,
        answer=answer if known["answer"] else "",
        split=split,
        words=words,
        order=order if known["order"] else "surest",
        page=page,
    )


WantedCovers = Annotated[Wanted, Depends(wanted_covers)]


@router.get("/studies/{study}/explore")
def explore(request: Request, study: str, site: SiteOf, wanted: WantedCovers) -> HTMLResponse:
    """Covers that meet the filters; without any, the most typical of each label."""
    live = site.champions.live(study)
    if wanted.label:
        class_number(live.version, wanted.label)
    collection = collection_of(site, live, wait=COLLECTION_SECONDS)
    if collection is None:
        return _not_yet(request, study, live, "The covers are being gathered.")
    return render(
        request,
        "explore.html.jinja",
        study=study,
        live=live,
        wanted=wanted,
        fields=asdict(wanted),
        answers=ANSWERS,
        orders=ORDERS,
        collection=collection,
        found=collection.find(wanted),
        typical={} if request.query_params else _typical(live, collection),
    )


@router.get("/studies/{study}/map")
def show_map(
    request: Request, study: str, site: SiteOf, label: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    """Every cover where it looks alike to its neighbours; one label can be picked out."""
    live = site.champions.live(study)
    if label:
        class_number(live.version, label)
    drawn = map_of(site, live, wait=2.0)
    if drawn is None:
        return _not_yet(request, study, live, "The map is being drawn.")
    return render(request, "map.html.jinja", study=study, live=live, drawn=drawn, label=label)


@router.get("/studies/{study}/albums/{key:path}")
def show_album(
    request: Request, study: str, key: str, site: SiteOf, intended: str = ""
) -> HTMLResponse:
    """One album: its cover, what the champion says of it, and where all of it came from."""
    live = site.champions.live(study)
    page = album_page(live, key)
    said = None if page.record.cover is None else _look(site, live, key, intended or None)
    collection = collection_of(site, live, wait=1.0)
    near = said.neighbours if said is not None and said.neighbours else ()
    rows = collection.named([each.album for each in near]) if collection else []
    return render(
        request,
        "album.html.jinja",
        study=study,
        live=live,
        page=page,
        said=said,
        intended=intended,
        known={row.album: row for row in rows},
    )


@router.get("/studies/{study}/surprise")
def surprise(request: Request, study: str, site: SiteOf) -> Response:
    """Some album, drawn at random."""
    live = site.champions.live(study)
    frame = live.manifest.frame
    number = int(np.random.default_rng().integers(len(frame)))
    place = request.app.url_path_for("show_album", study=study, key=frame["album"].iloc[number])
    return RedirectResponse(place, 303)


def _look(site: Site, live: Live, key: str, intended: str | None) -> Said | None:
    similar = similar_to(site, live, wait=0.2)
    stored = dict(live.workspace.albums.stored_covers(keys=(key, key)))
    try:
        with site.turnstile.place(), site.turnstile.turn():
            objects, size = live.workspace.objects, live.version.image_size
            pixels = decode_cover(objects, stored[key], size)
            return look(live, pixels, Question(intended), similar, exclude=[key])
    except NotFound:
        return None  # the object store has lost it; the sweep tells so


def _typical(live: Live, collection: Collection) -> dict[str, object]:
    counts = collection.counts()
    common = sorted(counts, key=lambda name: -counts[name])[:MOST_LABELS]
    shown = [name for name in live.version.classes if name in common]
    return {name: collection.typical(name) for name in shown}


def _not_yet(request: Request, study: str, live: Live, what: str) -> HTMLResponse:
    answer = render(request, "not_yet.html.jinja", study=study, live=live, what=what, status=202)
    answer.headers["Refresh"] = "3"
    return answer
