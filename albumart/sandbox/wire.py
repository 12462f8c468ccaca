"""What a site answers, what a site is, and what a fault may do to an exchange."""

import hashlib
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

JPEG: Final = "image/jpeg"
HTML: Final = "text/html; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
ALLOW_ALL: Final = b"User-agent: *\nDisallow:\n"
_REST = re.compile(r"bytes=(\d{1,18})-")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; ``etag`` and ``last_modified`` are empty where the source sends none."""

    body: bytes
    content_type: str
    status: int = 200
    etag: str = ""
    last_modified: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def all_headers(self) -> list[tuple[str, str]]:
        """Return the headers, but for Content-Length, which the server or a fault decides."""
        named = [
            ("Content-Type", self.content_type),
            ("ETag", self.etag),
            ("Last-Modified", self.last_modified),
        ]
        return [(name, value) for name, value in named if value] + list(self.headers)


class Wire(Protocol):
    """One exchange with one client, as far as a fault may touch it."""

    @property
    def target(self) -> str:
        """Path and query as the client asked, under the host: ``/img/a1_2.jpg``."""
        ...

    def true_answer(self) -> Answer:
        """Return what the site would say: a whole answer, a 404 page, the rest of a file."""
        ...

    def answer_at(self, target: str) -> Answer:
        """Return what the host has at another path."""
        ...

    def send(self, answer: Answer) -> None:
        """Send a whole answer."""
        ...

    def send_head(self, answer: Answer, *, length: int) -> None:
        """Send the status and the headers, declaring ``length`` bytes of body."""
        ...

    def send_bytes(self, chunk: bytes) -> None:
        """Send part of a body, at once."""
        ...

    def close(self) -> None:
        """End the connection after what was sent."""
        ...

    def reset(self) -> None:
        """Break the connection, as a crashed peer does."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait; True where the server is stopping."""
        ...


class Site(Protocol):
    """What the server serves: answers for the hosts that it stands for."""

    @property
    def hosts(self) -> AbstractSet[str]:
        """The hosts, lower case."""
        ...

    def answer(self, host: str, path: str) -> Answer | None:
        """Return what ``host`` has at ``path`` (with its leading slash, and its query if any)."""
        ...


def tagged(body: bytes, content_type: str, *, last_modified: str = "") -> Answer:
    """Return a found page with an ETag made of its bytes."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Answer(body, content_type, etag=etag, last_modified=last_modified)


def status_page(status: int, *headers: tuple[str, str]) -> Answer:
    """Return the short page that stands under an error or a redirect."""
    return Answer(f"<h1>{status}</h1>\n".encode(), HTML, status=status, headers=headers)


def robots_page() -> Answer:
    """Return a robots.txt that allows everything."""
    return Answer(ALLOW_ALL, PLAIN)


def is_unchanged(
    answer: Answer, *, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Tell whether the client's copy is the current one; If-None-Match decides where both came."""
    if answer.status != 200:
        return False
    if if_none_match is not None:
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return bool(answer.etag) and (answer.etag in tags or "*" in tags)
    return _is_not_newer(answer.last_modified, if_modified_since or "")


def rest_of(answer: Answer, *, wanted: str | None, if_range: str | None) -> Answer:
    """Return the rest of a file where the client has its beginning: ``Range: bytes=<first>-``."""
    match = _REST.fullmatch(wanted or "")
    if answer.status != 200 or match is None:
        return answer
    if if_range is not None and if_range not in {answer.etag, answer.last_modified} - {""}:
        return answer  # another file lies there now
    first, length = int(match[1]), len(answer.body)
    if first >= length:
        return status_page(416, ("Content-Range", f"bytes */{length}"))
    told = ("Content-Range", f"bytes {first}-{length - 1}/{length}")
    headers = (*answer.headers, told)
    return replace(answer, status=206, body=answer.body[first:], headers=headers)


def _is_not_newer(last_modified: str, since: str) -> bool:
    try:
        dates = [parsedate_to_datetime(text) for text in (last_modified, since)]
    except ValueError:
        return False
    ours, theirs = (date if date.tzinfo else date.replace(tzinfo=UTC) for date in dates)
    return ours <= theirs
