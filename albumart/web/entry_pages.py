"""The way in: the first page, the login, the list of the API, pictures and files."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from albumart.errors import NotFound
from albumart.web.endpoints import list_endpoints
from albumart.web.rendering import render
from albumart.web.sessions import COOKIE, SESSION_SECONDS, Doorman
from albumart.web.site import Site, site_of
from albumart.web.thumbnails import SIDES
from albumart.web.uploads import read_form, text_fields

router = APIRouter(include_in_schema=False)
SiteOf = Annotated[Site, Depends(site_of)]

_FOREVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}


@router.get("/")
def first_page(request: Request, site: SiteOf) -> Response:
    """Where one tries a cover; without any model, what to do."""
    studies = site.studies
    if not studies:
        return render(request, "empty.html.jinja")
    return RedirectResponse(f"/studies/{studies[0]}/try", 303)


@router.get("/studies/{study}")
def study_page(study: str, site: SiteOf) -> Response:
    """A study begins where one tries a cover."""
    return RedirectResponse(f"/studies/{site.champions.check_study(study)}/try", 303)


@router.get("/choose")
def choose_study(site: SiteOf, study: str, tab: str = "try") -> Response:
    """The same page of another study."""
    known = tab if tab in ("try", "explore", "map", "models", "guess") else "try"
    return RedirectResponse(f"/studies/{site.champions.check_study(study)}/{known}", 303)


@router.get("/login")
def show_login(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002
    """The form for the token."""
    return render(request, "login.html.jinja", next=_inside(next), failed=False)


@router.post("/login")
async def log_in(request: Request, site: SiteOf) -> Response:
    """A cookie for the token."""
    fields = text_fields(await read_form(request, site.options.limits))
    token, wanted = site.options.token, _inside(fields.get("next", "/"))
    if token is None:
        return RedirectResponse(wanted, 303)
    doorman = Doorman(token)
    if not doorman.knows(fields.get("token", "")):
        return render(request, "login.html.jinja", next=wanted, failed=True, status=401)
    answer = RedirectResponse(wanted, 303)
    answer.set_cookie(
        COOKIE,
        doorman.open_session(),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def log_out() -> Response:
    """Take the cookie back."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@router.get("/api")
def show_api(request: Request) -> HTMLResponse:
    """The JSON API, as a page that needs no network."""
    endpoints = list_endpoints(request.app.openapi())
    return render(request, "api.html.jinja", endpoints=endpoints)


@router.get("/thumbnails/{side}/{sha256}")
def show_thumbnail(
    site: SiteOf,
    side: int,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """A stored cover as a small JPEG."""
    if side not in SIDES:
        raise NotFound(f"no thumbnails of {side} pixels; there are: {', '.join(map(str, SIDES))}")
    return Response(site.thumbnails.get(sha256, side), media_type="image/jpeg", headers=_FOREVER)


def _inside(address: str) -> str:
    """An address of this server; of any other, the first page."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_ours and address.isprintable() else "/"
