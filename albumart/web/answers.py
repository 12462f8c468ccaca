"""How a refusal is told: as a page, a part of one, or JSON."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from albumart.web.headers import HEADERS
from albumart.web.refusals import Refusal
from albumart.web.rendering import query, render, wants_fragment

_TITLES = {
    401: "Please log in",
    403: "Not from here",
    404: "Nothing here",
    413: "Too large",
    421: "Another name",
    422: "Not like this",
    429: "One moment",
    503: "Not available",
}


def answer_refusal(request: Request, refusal: Refusal) -> Response:
    """The refusal, in the way in which the answer would have come."""
    if is_api(request):
        told = {"error": {"code": refusal.code, "message": refusal.sentence}}
        return JSONResponse(told, refusal.status, {**HEADERS, **refusal.headers})
    template = "_refusal.html.jinja" if wants_fragment(request) else "refusal.html.jinja"
    title = _TITLES.get(refusal.status, "That did not work")
    page = render(request, template, status=refusal.status, refusal=refusal, title=title)
    page.headers.update({**HEADERS, **refusal.headers})
    return page


def ask_for_token(request: Request) -> Response:
    """Programs are told what is missing; people get the form."""
    if request.method in ("GET", "HEAD") and not is_api(request):
        asked = request.scope["path"]
        return RedirectResponse(f"/login{query({'next': asked})}", 303)
    missing = "Expected the token of this server, as a bearer or by the form at /login; got none."
    answer = answer_refusal(request, Refusal(401, "token", missing))
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def is_api(request: Request) -> bool:
    """Whether a program asks."""
    path: str = request.scope["path"]
    return path.startswith("/api/") or path == "/openapi.json"
