"""The application: pages for people and an API for programs, over the stores of a workspace."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

import albumart
from albumart.album import Origin
from albumart.errors import AlbumArtError, PlatformError
from albumart.stores.workspace import STORE_FAILURES, Workspace
from albumart.web import (
    api,
    api_guess,
    entry_pages,
    explore_pages,
    guess_pages,
    model_pages,
    try_pages,
)
from albumart.web.answers import answer_refusal
from albumart.web.champions import Champions
from albumart.web.guards import Guard
from albumart.web.headers import SecurityHeaders
from albumart.web.limits import Turnstile
from albumart.web.options import WebOptions
from albumart.web.refusals import STATUS_SENTENCES, Refusal, refusal_of
from albumart.web.site import Site
from albumart.web.thumbnails import Thumbnails

logger = logging.getLogger(__name__)

DESCRIPTION = (
    "What a trained model says of album covers, and what it rests on. "
    "Covers that are sent are looked at and forgotten."
)

_ROOMS = (entry_pages, try_pages, explore_pages, model_pages, guess_pages, api, api_guess)


def create_app(
    workspaces: Workspace | Mapping[Origin, Workspace], options: WebOptions | None = None
) -> FastAPI:
    """The application over these stores; one workspace stands for its own origin alone.

    With its lifespan it loads and warms the champions. All state is in ``app.state.site``.
    """
    options = options or WebOptions()
    if isinstance(workspaces, Workspace):
        workspaces = {workspaces.origin: workspaces}
    app = FastAPI(
        title="albumart",
        version=albumart.__version__,
        description=DESCRIPTION,
        docs_url=None,  # they would load scripts from elsewhere; /api lists the calls offline
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.site = _site(workspaces, options)
    app.add_middleware(Guard, options=options)
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(packages=[("albumart.web", "static")]), name="static")
    for room in _ROOMS:
        app.include_router(room.router)
    _answer_errors(app)
    return app


def _site(workspaces: Mapping[Origin, Workspace], options: WebOptions) -> Site:
    champions = Champions(workspaces, only=options.study, look_seconds=options.look_seconds)
    limits = options.limits
    return Site(
        options=options,
        champions=champions,
        turnstile=Turnstile(limits.places, limits.at_once, limits.turn_seconds),
        thumbnails=Thumbnails(champions.anywhere.objects),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    await anyio.to_thread.run_sync(site.champions.warm)
    try:
        yield
    finally:
        site.champions.close()
        site.later.close()


def _answer_errors(app: FastAPI) -> None:
    """Every error becomes a sentence, in the way in which the answer would have come."""

    @app.exception_handler(AlbumArtError)
    def expected(request: Request, error: AlbumArtError) -> Response:
        return answer_refusal(request, refusal_of(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        told = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
        return answer_refusal(request, Refusal(422, "invalid", f"{told}."))

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        sentence = STATUS_SENTENCES.get(error.status_code, str(error.detail))
        return answer_refusal(request, Refusal(error.status_code, "refused", sentence))

    def failed_store(request: Request, error: Exception) -> Response:
        logger.warning("serve      a store failed: %s", str(error).partition("\n")[0][:300])
        return answer_refusal(
            request, refusal_of(PlatformError("a store does not answer; try again in a while"))
        )

    for kind in STORE_FAILURES:
        app.add_exception_handler(kind, failed_store)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        # Starlette logs it with its traceback.
        sentence = "Something broke on our side; what you did is not to blame."
        return answer_refusal(request, Refusal(500, "broken", sentence))
