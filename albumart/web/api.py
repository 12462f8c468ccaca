"""The JSON API, ``/api/v1``: what the pages show, for programs."""

import asyncio
import math
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request

import albumart
from albumart.stores.models import ModelVersion
from albumart.stores.predictions import class_number
from albumart.web import schemas
from albumart.web.albums import album_page
from albumart.web.champions import study_words
from albumart.web.collection import CoverRow
from albumart.web.covermap import HEIGHT, WIDTH
from albumart.web.explore_pages import COLLECTION_SECONDS, WantedCovers
from albumart.web.gathering import collection_of, map_of
from albumart.web.refusals import busy
from albumart.web.rendering import data_uri
from albumart.web.site import Site, site_of
from albumart.web.try_pages import judge_files
from albumart.web.trying import Question, Tried, compare
from albumart.web.uploads import open_upload

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": schemas.Error, "description": why}
    for status, why in {
        400: "The form cannot be read.",
        401: "The token is missing.",
        404: "There is no such study, version, album or label.",
        408: "The request came too slowly.",
        413: "The request is too large.",
        422: "A field is not what it should be.",
        429: "Too much at once; Retry-After says when to come back.",
        503: "A store does not answer.",
    }.items()
}
router = APIRouter(prefix="/api/v1", responses=ERRORS)
SiteOf = Annotated[Site, Depends(site_of)]
StudyName = Annotated[str, Path(max_length=63, description="Name of a study.")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a version.")]

_JUDGE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["covers"],
                    "properties": {
                        "covers": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 6,
                            "items": {"type": "string", "format": "binary"},
                            "description": "JPEG, PNG, WebP or GIF files, at most 25 MB each.",
                        },
                        "intended": {
                            "type": "string",
                            "description": "The label that the covers are meant to be.",
                        },
                        "explain": {
                            "type": "string",
                            "enum": ["true", "false"],
                            "description": "With an overlay of where the model looked.",
                        },
                    },
                }
            }
        },
    }
}


@router.get("/health", summary="Whether the server answers")
def health() -> schemas.Health:
    """Asks no store and needs no token."""
    return schemas.Health(status="ok", version=albumart.__version__)


@router.get("/studies", summary="Studies that have a model")
def studies(site: SiteOf) -> list[schemas.Study]:
    """With the number of the version that answers."""
    models = site.champions.anywhere.models
    found = []
    for name in site.studies:
        champion = models.champion(name)
        number = None if champion is None else champion.version
        found.append(schemas.Study(name=name, title=study_words(name).title, champion=number))
    return found


@router.get("/studies/{study}", summary="Who answers for a study")
def study(study: StudyName, site: SiteOf) -> schemas.Champion:
    """Its champion, and the labels that it knows."""
    live = site.champions.live(study)
    least = live.predictor.least_confidence
    return schemas.Champion(
        study=study,
        title=live.title,
        version=live.version.version,
        classes=list(live.version.classes),
        image_size=live.version.image_size,
        several=live.several,
        least_confidence=least if math.isfinite(least) else None,
    )


@router.post("/studies/{study}/judge", summary="Judge covers", openapi_extra=_JUDGE)
async def judge(request: Request, study: StudyName, site: SiteOf) -> schemas.Judgement:
    """Up to six image files. They are looked at and forgotten; nothing is stored.

    A file that is no image has an ``error`` in its place, and the others are judged all the same.
    """
    with site.turnstile.place():
        async with open_upload(request, site) as upload:
            intended = upload.fields.get("intended", "") or None
            question = Question(intended, explain=upload.fields.get("explain") == "true")
            live, tried = await asyncio.to_thread(judge_files, site, study, upload.files, question)
    return schemas.Judgement(
        study=study,
        version=live.version.version,
        covers=[_judged(each) for each in tried],
        comparison=compare(tried, intended),
    )


@router.get("/studies/{study}/covers", summary="Stored covers by label, confidence and error")
def covers(study: StudyName, site: SiteOf, wanted: WantedCovers) -> schemas.CoverPage:
    """A page of 24. ``by``: whose word ``label`` is: ``said`` by the model, or its ``own``."""
    live = site.champions.live(study)
    if wanted.label:
        class_number(live.version, wanted.label)
    collection = collection_of(site, live, wait=COLLECTION_SECONDS)
    if collection is None:
        raise busy(3, "The covers are being gathered.")
    found = collection.find(wanted)
    rows = [_cover(row) for row in found.rows]
    return schemas.CoverPage(total=found.total, page=found.page, pages=found.pages, covers=rows)


@router.get("/studies/{study}/albums/{key:path}", summary="One album with its provenance")
def album(study: StudyName, key: str, site: SiteOf) -> schemas.AlbumBody:
    """By its key, ``<source>:<id>``."""
    page = album_page(site.champions.live(study), key)
    record, row = page.record, page.row
    told = record.album
    return schemas.AlbumBody(
        key=told.key,
        source=told.source,
        title=told.title,
        artist=told.artist,
        year=told.year,
        page_url=told.page_url,
        words={name: list(words) for name, words in page.words.items()},
        cover_sha256=None if record.cover is None else record.cover.sha256,
        cover_url=record.cover_url or None,
        cover_status=record.status.value,
        scopes=list(record.scopes),
        told_by=record.page,
        told=record.told,
        first_seen=record.first_seen,
        own=[] if row is None else list(row.labels),
        split=None if row is None else row.split,
    )


@router.get("/studies/{study}/map", summary="Where covers lie on the map")
def covermap(study: StudyName, site: SiteOf) -> schemas.MapBody:
    """Covers that look alike to the champion lie near each other."""
    drawn = map_of(site, site.champions.live(study), wait=1.0)
    if drawn is None:
        return schemas.MapBody(method=None, width=WIDTH, height=HEIGHT, dots=None)
    dots = [
        schemas.DotBody(
            album=dot.cover.album, x=dot.x, y=dot.y, top=dot.cover.top, own=list(dot.cover.own)
        )
        for dot in drawn.dots
    ]
    return schemas.MapBody(method=drawn.method, width=WIDTH, height=HEIGHT, dots=dots)


@router.get("/studies/{study}/versions", summary="Versions, newest first")
def versions(study: StudyName, site: SiteOf) -> list[schemas.VersionBody]:
    """Each with its figures on the test split."""
    models = site.champions.anywhere.models
    site.champions.check_study(study)
    champion = models.champion(study)
    return [_version(each, champion) for each in models.list_versions(study)]


@router.get("/studies/{study}/versions/{number}", summary="One version")
def version(study: StudyName, number: Number, site: SiteOf) -> schemas.VersionBody:
    """By its number."""
    models = site.champions.anywhere.models
    site.champions.check_study(study)
    return _version(models.find_version(study, number), models.champion(study))


@router.get("/studies/{study}/history", summary="Promotions, refusals and roll-backs, oldest first")
def history(study: StudyName, site: SiteOf) -> list[schemas.EventBody]:
    """Each with its reason."""
    events = site.champions.anywhere.models.history(site.champions.check_study(study))
    return [schemas.EventBody.model_validate(asdict(event)) for event in events]


def _judged(tried: Tried) -> schemas.Judged:
    said = tried.said
    if said is None:
        error = schemas.ErrorBody(code=tried.code, message=tried.error)
        return schemas.Judged(name=tried.name, error=error)
    intended, near = said.intended, said.neighbours
    return schemas.Judged(
        name=tried.name,
        sentence=said.sentence,
        not_sure=said.not_sure,
        labels=[schemas.LabelBody.model_validate(asdict(label)) for label in said.labels],
        intended=None if intended is None else schemas.IntendedBody(**asdict(intended)),
        overlay=None if said.overlay is None else data_uri(said.overlay),
        overlay_about=None if said.overlay is None else said.about,
        similar=None if near is None else [schemas.NeighbourBody(**asdict(each)) for each in near],
    )


def _cover(row: CoverRow) -> schemas.CoverBody:
    return schemas.CoverBody.model_validate(asdict(row))


def _version(version: ModelVersion, champion: ModelVersion | None) -> schemas.VersionBody:
    return schemas.VersionBody(
        study=version.study,
        version=version.version,
        champion=champion is not None and champion.version == version.version,
        created=version.created,
        dataset=version.dataset,
        albums=version.albums,
        sha256=version.sha256,
        classes=list(version.classes),
        metrics=version.evaluation["metrics"],
    )
