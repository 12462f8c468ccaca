"""The only way out to the network: polite to hosts, wary of what they send.

One User-Agent with the operator's contact, robots.txt, a pace per host, pauses that hosts ask for;
addresses checked at every hop, a cap on bytes after decoding, a deadline over everything.
"""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from albumart import __version__
from albumart.errors import AlbumArtError, FetchError, Refused, UnsafeInput
from albumart.http.addresses import (
    ParsedUrl,
    check_url,
    matches,
    parse_web_url,
    printable,
    resolve_any,
    resolve_public,
)
from albumart.http.answers import STAY_AWAY, check_answer, redirect_target, used_up
from albumart.http.calls import Call, Download
from albumart.http.connections import Answer, Connections
from albumart.http.dialing import Resolve
from albumart.http.pacing import Pace, Pacer
from albumart.http.parts import open_part
from albumart.http.retrying import retrying
from albumart.http.robots import MAX_BYTES as ROBOTS_BYTES
from albumart.http.robots import Robots

log = logging.getLogger(__name__)

AGENT: Final = "albumart"
NO_CONTACT: Final = (
    "expected your contact (an e-mail address or a page), which every host is told; "
    "got none: set ALBUMART_CONTACT"
)
EVERY_HOST_ITS_OWN: Final = Pace()
_HEADER = re.compile(r"[A-Za-z0-9-]+: [ -~]*")


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How one source wants to be asked, and how much of it is let in.

    Attributes:
        pace: of each host, over all threads and processes of this machine.
        hosts: names or ``*.name`` patterns that may be asked, redirects included; None is any.
        max_bytes: of the decoded body.
        deadline: seconds of network time for one ``get``, over all its hops and attempts; for a
            ``download``, seconds that may pass without progress. Waiting for a turn is not counted.
        robots: whether robots.txt is obeyed.
        attempts: tries within one ``get`` before it is left to the next run.
        stop_on: statuses by which this source tells us to stay away.
    """

    pace: Pace = EVERY_HOST_ITS_OWN
    hosts: frozenset[str] | None = None
    max_bytes: int = 25 * 2**20
    deadline: float = 30.0
    robots: bool = True
    attempts: int = 5
    stop_on: frozenset[int] = STAY_AWAY


@dataclass(frozen=True, slots=True)
class Response:
    """What came. Header names are in lower case; ``elapsed`` is network time in seconds."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float


class PoliteClient:
    """Fetches what sources have published. One client serves many threads.

    Args:
        contact: the operator's e-mail address or page, sent to every host.
        pacer: shares the pace of hosts with other clients.
        mirror: an address that stands for every source and is asked for ``/<host>/<path>``, without
            pace and unchecked: the operator names it.
        resolve: look-up and judgement of a host's addresses.
    """

    def __init__(
        self,
        contact: str,
        *,
        pacer: Pacer,
        mirror: str | None = None,
        resolve: Resolve = resolve_public,
    ) -> None:
        self._mirror = parse_web_url(mirror) if mirror else None
        # Who asks nobody need not say who they are: some sources are files.
        self._is_nameless = self._mirror is None and not contact
        self._headers = {
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": _user_agent(contact),
        }
        self._pacer = pacer
        self._robots = Robots(AGENT)
        self._connections = Connections(resolve_any if self._mirror else resolve)
        self._closed: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every kept connection."""
        self._connections.close()

    def get(
        self, url: str, policy: FetchPolicy, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Fetch ``url``, following its redirects.

        Any status below 500 but those of ``policy.stop_on`` and 429 is returned as a value.

        Raises:
            FetchError: unavailable for now. Codes: ``http_<status>``, ``dns``, ``connect``,
                ``tls``, ``broken``, ``timeout``, ``deferred``, ``robots_unreachable``.
            Refused: told to stay away: ``http_<status>``, then ``host_closed`` without a request
                for what else is asked of that host; ``robots`` for a path.
            UnsafeInput: ``too_large``, ``noai``, ``host_not_allowed``, ``downgrade``,
                ``redirect_loop``, ``too_many_redirects``, ``no_such_host`` and those of check_url.
        """
        first = check_url(url)
        sent = self._headers | _checked_headers(headers or {})
        call = Call(sent, policy.deadline, policy.max_bytes)
        return retrying(lambda: self._follow(first, call, policy), attempts=policy.attempts)

    def download(self, url: str, policy: FetchPolicy, path: Path) -> Path:
        """Bring a large file to ``path``, which appears once it is whole; memory stays small.

        What a broken or killed download left in ``<path>.part`` is continued if the file is still
        the same. ``policy.max_bytes`` caps the whole file, and an attempt that brought a good piece
        of it is not counted.

        Raises:
            FetchError: as for ``get``, and ``stalled`` when too little came within
                ``policy.deadline``; what came is kept.
            Refused, UnsafeInput: as for ``get``.
            NotFound: there is no such file.
            PlatformError: ``path`` cannot be written, or is being downloaded already.
        """
        first = check_url(url)
        with open_part(path, str(first)) as part:
            call = Download(self._headers, policy.deadline, policy.max_bytes, part=part)

            def attempt() -> None:
                came = self._follow(first, call, policy)
                call.conclude(printable(came.url), came.status, came.headers)

            retrying(attempt, attempts=policy.attempts, has_progressed=part.has_grown)
            return part.finish()

    def _follow(self, first: ParsedUrl, call: Call, policy: FetchPolicy) -> Response:
        if self._is_nameless:
            raise AlbumArtError(NO_CONTACT)
        seen = [first]
        while True:
            response = self._hop(seen[-1], call, policy)
            target = redirect_target(seen, response.status, response.headers)
            if target is None:
                return response
            seen.append(target)

    def _hop(self, url: ParsedUrl, call: Call, policy: FetchPolicy) -> Response:
        route, where = self._route(url), printable(str(url))
        self._check_host(url, policy)
        with self._pacer.slot(policy.pace.group or url.host, self._pace(url, policy)) as turn:
            self._check_host(url, policy)  # another thread may have closed it meanwhile
            sent = call.request_headers()
            with (
                call.spending(where) as seconds,
                self._connections.get(route, sent, seconds, where=where) as came,
            ):
                turn.asked_at, turn.answered_at = came.asked_at, time.monotonic()
                self._heed(url, came, policy)
                turn.is_well = True
                body = call.take(came)
        return Response(str(url), came.status, came.headers, body, call.spent)

    def _check_host(self, url: ParsedUrl, policy: FetchPolicy) -> None:
        if policy.hosts is not None and not matches(url.host, policy.hosts):
            expected = ", ".join(sorted(policy.hosts))
            message = f"{printable(str(url))}: expected one of the hosts {expected}"
            raise UnsafeInput("host_not_allowed", message)
        if url.host in self._closed:
            raise Refused(f"{url.host} is left alone: {self._closed[url.host]}", code="host_closed")

    def _pace(self, url: ParsedUrl, policy: FetchPolicy) -> Pace | None:
        """The pace for ``url``, if its host's robots.txt lets us ask for it at all."""
        delay = 0.0
        if policy.robots:
            rules = self._robots.rules(url.origin, lambda rules_url: self._rules(rules_url, policy))
            if not rules.allows(url.target):
                raise Refused(f"{printable(str(url))}: robots.txt says no", code="robots")
            delay = rules.crawl_delay
        return None if self._mirror else policy.pace.at_least(delay)

    def _rules(self, url: str, policy: FetchPolicy) -> tuple[int, bytes]:
        # No status closes the host here: RFC 9309 reads every 4xx as "there are no rules".
        lenient = replace(policy, robots=False, max_bytes=ROBOTS_BYTES, stop_on=frozenset())
        response = self.get(url, replace(lenient, attempts=min(policy.attempts, 3)))
        return response.status, response.body

    def _route(self, url: ParsedUrl) -> ParsedUrl:
        if self._mirror is None:
            return url
        prefix = self._mirror.target.rstrip("/")
        return replace(self._mirror, target=f"{prefix}/{url.host}{url.target}")

    def _heed(self, url: ParsedUrl, answer: Answer, policy: FetchPolicy) -> None:
        """Judge an answer by its headers, and let the whole host profit from what it says."""
        where = printable(str(url))
        try:
            check_answer(where, answer.status, answer.headers, stop_on=policy.stop_on)
        except Refused as error:
            log.warning("%s: no more requests to %s", error, url.host)
            self._closed[url.host] = str(error)
            raise
        except FetchError as error:
            self._pause(url, policy, error.retry_after)
            raise
        self._pause(url, policy, used_up(answer.headers))

    def _pause(self, url: ParsedUrl, policy: FetchPolicy, seconds: float | None) -> None:
        if seconds is not None:
            self._pacer.pause(policy.pace.group or url.host, seconds)


def _user_agent(contact: str) -> str:
    if not re.fullmatch(r"[ -~]*", contact):
        raise AlbumArtError(f"ALBUMART_CONTACT: expected plain ASCII; got {contact!r}")
    return f"{AGENT}/{__version__} (+{contact})" if contact else f"{AGENT}/{__version__}"


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers in one spelling. A value may be a stranger's, such as an ETag."""
    for name, value in headers.items():
        if name.lower() == "user-agent" or not _HEADER.fullmatch(f"{name}: {value}"):
            raise UnsafeInput("bad_header", f"expected a plain header; got {printable(name)}")
    return {name.title(): value for name, value in headers.items()}
