"""*Models*: every version with its figures, how it became champion or did not, and its report."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse, Response

from albumart.errors import NotFound
from albumart.reports.store import read_report
from albumart.training.candidate import read_candidate
from albumart.web.champions import study_words
from albumart.web.figures import (
    baseline_figures,
    headline_figure,
    threshold_sentence,
    version_figures,
)
from albumart.web.headers import REPORT_POLICY
from albumart.web.rendering import render
from albumart.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
SiteOf = Annotated[Site, Depends(site_of)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/studies/{study}/models")
def list_models(request: Request, study: str, site: SiteOf) -> HTMLResponse:
    """Versions, newest first, and the study's history."""
    models = site.champions.anywhere.models
    site.champions.check_study(study)
    versions = list(models.list_versions(study))
    return render(
        request,
        "models.html.jinja",
        study=study,
        words=study_words(study),
        champion=models.champion(study),
        versions=[(version, headline_figure(version)) for version in versions],
        history=models.history(study)[::-1],
    )


@router.get("/studies/{study}/models/{number}")
def show_model(request: Request, study: str, number: Number, site: SiteOf) -> HTMLResponse:
    """One version: all its figures, what they are to be read beside, and what it came from."""
    stores, words = site.champions.anywhere, study_words(study)
    site.champions.check_study(study)
    version, champion = stores.models.find_version(study, number), stores.models.champion(study)
    return render(
        request,
        "model.html.jinja",
        study=study,
        words=words,
        version_=version,
        is_champion=champion is not None and champion.version == number,
        headline=headline_figure(version),
        figures=version_figures(version),
        baselines=baseline_figures(version, words.noun),
        threshold=threshold_sentence(version),
        candidate=read_candidate(stores.objects, version.run),
        history=[each for each in stores.models.history(study) if each.version == number],
    )


@router.get("/studies/{study}/models/{number}/report")
def show_report(study: str, number: Number, site: SiteOf) -> Response:
    """The version's report, in a sandbox: it runs nothing, sends nothing and loads nothing."""
    stores = site.champions.anywhere
    site.champions.check_study(study)
    version = stores.models.find_version(study, number)
    try:
        page = read_report(stores, version)
    except NotFound:
        raise NotFound(
            f"version {number} has no report here yet; run: albumart report {study} "
            f"--version {number}"
        ) from None
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
