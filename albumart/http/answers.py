"""What a status and its headers ask of us; pure functions."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin

from albumart.errors import FetchError, Refused, UnsafeInput
from albumart.http.addresses import ParsedUrl, check_url, printable

STAY_AWAY: Final = frozenset({401, 403, 451})
MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({429, 503})
_NO_AI = re.compile(r"\b(noai|noimageai)\b", re.IGNORECASE)
_STRONG_TAG = re.compile(r'"[!#-~]*"')
_RANGE = re.compile(r"bytes (?:(\d{1,18})-\d{1,18}|\*)/(?:(\d{1,18})|\*)")
_EPOCH_SECONDS: Final = 1e9  # a reset beyond this is a date, below it a number of seconds


def check_answer(
    url: str, status: int, headers: Mapping[str, str], *, stop_on: frozenset[int] = STAY_AWAY
) -> None:
    """Raise what the answer means for the caller; return where its body is worth reading.

    Args:
        url: for messages.
        status: of the response.
        headers: of the response, names in lower case.
        stop_on: statuses by which this source tells us to stay away.
    """
    if status in stop_on:
        raise Refused(f"{url}: got status {status}: stay away", code=f"http_{status}")
    if status == 429 or status >= 500:
        raise FetchError(
            f"{url}: expected an answer; got status {status}",
            code=f"http_{status}",
            retry_after=asked_pause(headers) if status in _BUSY else None,
        )
    if status < 300 and _NO_AI.search(headers.get("x-robots-tag", "")):
        raise UnsafeInput("noai", f"{url}: its X-Robots-Tag forbids this use")


def redirect_target(
    seen: list[ParsedUrl], status: int, headers: Mapping[str, str]
) -> ParsedUrl | None:
    """Where the last of ``seen`` sends us, checked; None where the answer is no redirect."""
    location = headers.get("location")
    if status not in _REDIRECTS or location is None:
        return None
    with suppress(UnicodeError):  # http.client reads headers as Latin-1, hosts write UTF-8
        location = location.encode("latin-1").decode("utf-8")
    hop = f"{printable(str(seen[-1]))} redirects to {printable(location)}"
    try:
        target = check_url(urljoin(str(seen[-1]), location))
    except ValueError as error:
        raise UnsafeInput("bad_url", f"{hop}, which is no URL") from error
    if seen[-1].scheme == "https" and target.scheme == "http":
        raise UnsafeInput("downgrade", f"{hop}, which is not encrypted")
    if target in seen:
        raise UnsafeInput("redirect_loop", f"{hop}, where it came from")
    if len(seen) > MAX_REDIRECTS:
        raise UnsafeInput("too_many_redirects", f"{hop}, after {MAX_REDIRECTS} others")
    return target


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds of silence that ``Retry-After`` or else ``X-RateLimit-Reset`` asks for."""
    if "retry-after" in headers:
        return _pause(headers["retry-after"].strip(), headers)
    if "x-ratelimit-reset" in headers:
        return _pause(headers["x-ratelimit-reset"].strip(), headers)
    return None


def used_up(headers: Mapping[str, str]) -> float | None:
    """Seconds of silence that an answer asks for which says that it was the last one for now.

    ``X-RateLimit-Remaining`` counts what is left of a window, of two seconds at MusicBrainz, that
    ends at ``X-RateLimit-Reset`` (seconds since 1970).
    """
    if not re.fullmatch(r"\s*0+\s*", headers.get("x-ratelimit-remaining", "")):
        return None
    return asked_pause(headers) or None


def strong_validator(headers: Mapping[str, str]) -> str:
    """What ``If-Range`` may send back to continue this very file; empty where nothing can be.

    RFC 9110, 8.8.2.2 and 13.1.5: no weak tag, and no date so young that the file may have changed
    within its second.
    """
    tag, date = headers.get("etag", ""), headers.get("last-modified", "")
    if tag:
        return tag if _STRONG_TAG.fullmatch(tag) else ""
    changed, sent = _timestamp(date), _timestamp(headers.get("date", ""))
    return date if changed is not None and sent is not None and changed < sent else ""


def content_range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """First byte and whole length of ``Content-Range: bytes 5-9/10``; None for what is not told."""
    match = _RANGE.fullmatch(headers.get("content-range", "").strip().lower())
    if match is None:
        return None, None
    first, total = match.groups()
    return (int(first) if first else None), (int(total) if total else None)


def _pause(value: str, headers: Mapping[str, str]) -> float | None:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]*)?", value):
        number = float(value)
        return number if number < _EPOCH_SECONDS else max(number - _host_time(headers), 0.0)
    moment = _timestamp(value)
    return None if moment is None else max(moment - _host_time(headers), 0.0)


def _host_time(headers: Mapping[str, str]) -> float:
    """The host's own clock where it tells it, so that neither clock has to be right."""
    told = _timestamp(headers.get("date", ""))
    return time.time() if told is None else told


def _timestamp(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
