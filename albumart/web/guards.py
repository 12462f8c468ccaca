"""Who may ask what: checks that every request passes before anything is done for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from albumart.errors import AlbumArtError
from albumart.web.answers import answer_refusal, ask_for_token
from albumart.web.limits import Buckets
from albumart.web.options import WebOptions
from albumart.web.refusals import Refusal, Stop, busy, refusal_of, too_large
from albumart.web.sessions import COOKIE, Doorman

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOGIN: Final = "/login"
_OPEN: Final = (LOGIN, "/static/", "/api/v1/health")
_UPLOADS: Final = ("/try", "/judge")


class Guard:
    """Refuses what must not come in, and cuts off what is too long."""

    def __init__(self, app: ASGIApp, options: WebOptions) -> None:
        limits = options.limits
        self._app, self._options = app, options
        self._doorman = Doorman(options.token) if options.token else None
        self._rates = tuple(
            _Rated(about, Buckets(rate, clients=limits.clients), why)
            for about, rate, why in (
                (_is_login, limits.logins, "Too many tokens were tried."),
                (_is_upload, limits.uploads, "Too many covers came from you at once."),
                (_is_any, limits.requests, "Too many requests came from you at once."),
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer in the application's place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            self._check(request)
        except AlbumArtError as error:
            answer = answer_refusal(request, refusal_of(error))
        else:
            if self._is_let_in(request):
                limit = self._options.limits.upload if _is_upload(request) else None
                await self._app(scope, self._cut(receive, limit), send)
                return
            answer = ask_for_token(request)
        await answer(scope, receive, send)

    def _check(self, request: Request) -> None:
        _check_host(request, self._options.hosts)
        _check_origin(request)
        for rated in self._rates:
            rated.check(request)
        stated = request.headers.get("content-length", "0")
        limits = self._options.limits
        limit = limits.upload if _is_upload(request) else limits.form
        if not stated.isdecimal() or int(stated) > limit:
            raise too_large(limit)

    def _is_let_in(self, request: Request) -> bool:
        if self._doorman is None or request.scope["path"].startswith(_OPEN):
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._doorman.knows(given.strip()):
            return True
        return self._doorman.admits(request.cookies.get(COOKIE, ""))

    def _cut(self, receive: Receive, limit: int | None) -> Receive:
        """The same body, of which no more is read than is taken, whatever its length was said."""
        most, come = limit or self._options.limits.form, 0

        async def receive_some() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > most:
                raise too_large(most)
            return message

        return receive_some


@dataclass(frozen=True, slots=True)
class _Rated:
    """Requests of one kind, and how many of them a client may make."""

    about: Callable[[Request], bool]
    buckets: Buckets
    why: str

    def check(self, request: Request) -> None:
        if self.about(request):
            wait = self.buckets.wait_of(request.client.host if request.client else "")
            if wait:
                raise busy(wait, self.why)


def _is_login(request: Request) -> bool:
    return request.scope["path"] == LOGIN and request.method == "POST"


def _is_upload(request: Request) -> bool:
    return request.method == "POST" and request.scope["path"].endswith(_UPLOADS)


def _is_any(_: Request) -> bool:
    return True


def _check_host(connection: HTTPConnection, hosts: frozenset[str] | None) -> None:
    """On a loopback address, nobody but this machine has a name for us (DNS rebinding)."""
    given = connection.headers.get("host", "")
    if hosts is not None and _name_of(given) not in hosts:
        asked = ", ".join(sorted(hosts))
        raise Stop(
            Refusal(421, "host", f"Expected to be asked as one of {asked}; got {given[:100]!r}.")
        )


def _check_origin(request: Request) -> None:
    """A page of another site may not send forms here in a visitor's name."""
    if request.method in SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    same = site in ("same-origin", "none") if site else origin is None
    if origin is not None and site is None:
        same = urlsplit(origin).netloc == request.headers.get("host", "")
    if not same:
        raise Stop(Refusal(403, "origin", "Expected a page of this server to ask; another did."))


def _name_of(host: str) -> str:
    """``[::1]:8080`` → ``::1``; ``localhost:8080`` → ``localhost``."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
