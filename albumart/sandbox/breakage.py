"""What each kind of fault does to an exchange: the table FAULTS."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from gzip import compress
from typing import Final

from albumart.sandbox.covers import HTML_COVER, truncate
from albumart.sandbox.wire import JPEG, Answer, Wire, status_page

BOMB_BYTES: Final = 2**30  # inflated
BOMB_MEMBER: Final = 2**24  # gzip members may follow each other, so one is made and repeated
WRONG_BY: Final = 1_000  # bytes that a wrong Content-Length is off by
SVG_COVER: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="350" height="350"><script>1</script></svg>\n'
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: a key of FAULTS, with its argument after a colon: ``status:503``, ``slow:0.05``.
        match: start of ``/<host>/<path>``, or a glob where it holds ``*``, ``?`` or ``[``.
            A host's robots.txt matches as any path does, so name the folder: ``/host/img/``.
        times: how many requests it spoils; None for all until it is cleared.
        retry_after: seconds or an HTTP date, sent along with ``status``.
        share: part of the matching paths that it spoils, always the same ones.
    """

    kind: str
    match: str
    times: int | None = 1
    retry_after: str | int | None = None
    share: float = 1.0

    @property
    def name(self) -> str:
        """The kind without its argument."""
        return self.kind.partition(":")[0]

    @property
    def argument(self) -> str:
        """What follows the colon."""
        return self.kind.partition(":")[2]

    def matches(self, path: str) -> bool:
        """Tell whether ``/<host>/<path>`` is among those that this fault spoils."""
        is_glob = any(char in self.match for char in "*?[")
        found = fnmatchcase(path, self.match) if is_glob else path.startswith(self.match)
        return found and (self.share >= 1 or _lot(self.kind, path) < self.share)


def _lot(kind: str, path: str) -> float:
    """Draw a number in [0, 1) that belongs to this path for good."""
    digest = hashlib.blake2b(f"{kind} {path}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _send_status(wire: Wire, fault: Fault) -> None:
    retry = [] if fault.retry_after is None else [("Retry-After", str(fault.retry_after))]
    wire.send(status_page(_parse_status(fault.argument), *retry))


def _send_slowly(wire: Wire, fault: Fault) -> None:
    answer, gap = wire.true_answer(), _parse_seconds(fault.argument)
    wire.send_head(answer, length=len(answer.body))
    for byte in answer.body:
        wire.send_bytes(bytes([byte]))
        if wire.wait(gap):
            wire.close()
            return


def _say_nothing(wire: Wire, fault: Fault) -> None:
    wire.wait(_parse_seconds(fault.argument))
    wire.close()


def _send_late(wire: Wire, fault: Fault) -> None:
    if wire.wait(_parse_seconds(fault.argument)):
        wire.close()
    else:
        wire.send(wire.true_answer())


def _hang_up(wire: Wire, fault: Fault) -> None:
    wire.close()


def _reset(wire: Wire, fault: Fault) -> None:
    answer = wire.true_answer()
    wire.send_head(answer, length=len(answer.body))
    wire.send_bytes(answer.body[: len(answer.body) // 2])
    wire.reset()


def _send_short(wire: Wire, fault: Fault) -> None:
    answer = wire.true_answer()
    wire.send_head(answer, length=len(answer.body) + WRONG_BY)
    wire.send_bytes(answer.body)
    wire.close()


def _send_long(wire: Wire, fault: Fault) -> None:
    answer = wire.true_answer()
    wire.send_head(answer, length=max(0, len(answer.body) - WRONG_BY))
    wire.send_bytes(answer.body)
    wire.close()


def _send_truncated(wire: Wire, fault: Fault) -> None:
    answer = wire.true_answer()
    wire.send(_untagged(answer, truncate(answer.body)))


def _send_nothing(wire: Wire, fault: Fault) -> None:
    wire.send(replace(_untagged(wire.true_answer(), b""), status=200))


def _send_text(wire: Wire, fault: Fault) -> None:
    wire.send(replace(_untagged(wire.true_answer(), fault.argument.encode()), status=200))


def _untagged(answer: Answer, body: bytes) -> Answer:
    """Without the true ETag: a client must not take a wrong body for the right one later."""
    return replace(answer, body=body, etag="", last_modified="")


def _send_other_page(wire: Wire, fault: Fault) -> None:
    wire.send(wire.answer_at(fault.argument))


def _send_html(wire: Wire, fault: Fault) -> None:
    wire.send(Answer(HTML_COVER, JPEG))


def _send_svg(wire: Wire, fault: Fault) -> None:
    wire.send(Answer(SVG_COVER, JPEG))


def _send_bomb(wire: Wire, fault: Fault) -> None:
    layers = _parse_layers(fault.argument)
    encoding = ("Content-Encoding", ", ".join(["gzip"] * layers))
    wire.send(Answer(make_bomb(layers), JPEG, headers=(encoding,)))


@lru_cache(maxsize=4)
def make_bomb(layers: int = 1) -> bytes:
    """Make BOMB_BYTES of zeros in ``layers`` coats of gzip: one leaves 1 MB, two leave 8 kB."""
    bomb = compress(bytes(BOMB_MEMBER), mtime=0) * (BOMB_BYTES // BOMB_MEMBER)
    for _ in range(layers - 1):
        bomb = compress(bomb, mtime=0)
    return bomb


def _redirect(wire: Wire, fault: Fault) -> None:
    wire.send(status_page(302, ("Location", fault.argument)))


def _loop(wire: Wire, fault: Fault) -> None:
    # The last part of the address, so that it leads back both here and at the source's own host.
    path, mark, query = wire.target.partition("?")
    wire.send(status_page(302, ("Location", f"./{path.rpartition('/')[2]}{mark}{query}")))


def _add_header(wire: Wire, fault: Fault) -> None:
    answer = wire.true_answer()
    name, _, value = fault.argument.partition(":")
    wire.send(replace(answer, headers=(*answer.headers, (name.strip(), value.strip()))))


def _parse_status(text: str) -> int:
    if not (text.isdigit() and 200 <= int(text) <= 599):
        raise ValueError(f"expected a status from 200 to 599; got {text!r}")
    return int(text)


def _parse_line(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"expected one printable line; got {text!r}")
    return text


def _parse_path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"expected a path of the same host; got {text!r}")
    return _parse_line(text)


def _parse_seconds(text: str) -> float:
    seconds = float(text or 1)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"expected a number of seconds; got {text!r}")
    return seconds


def _parse_layers(text: str) -> int:
    if text not in {"", "1", "2", "3"}:
        raise ValueError(f"expected 1 to 3 layers; got {text!r}")
    return int(text or 1)


def _parse_nothing(text: str) -> None:
    if text:
        raise ValueError(f"expected none; got {text!r}")


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What a kind of fault does, and how its argument is read."""

    act: Callable[[Wire, Fault], None]
    check: Callable[[str], object] = _parse_nothing


FAULTS: Final[Mapping[str, FaultKind]] = {
    "status": FaultKind(_send_status, _parse_status),
    "slow": FaultKind(_send_slowly, _parse_seconds),  # seconds between bytes
    "late": FaultKind(_send_late, _parse_seconds),  # seconds until the whole truth comes
    "silent": FaultKind(_say_nothing, _parse_seconds),  # seconds until it hangs up
    "drop": FaultKind(_hang_up),  # no answer at all
    "reset": FaultKind(_reset),  # within the body
    "short": FaultKind(_send_short),  # fewer bytes than declared
    "long": FaultKind(_send_long),  # more bytes than declared
    "truncated": FaultKind(_send_truncated),
    "empty": FaultKind(_send_nothing),  # no body, under 200
    "body": FaultKind(_send_text, str),  # body:{"feed": {}}
    "page": FaultKind(_send_other_page, _parse_path),  # page:/another/path
    "html": FaultKind(_send_html),
    "svg": FaultKind(_send_svg),
    "bomb": FaultKind(_send_bomb, _parse_layers),
    "redirect": FaultKind(_redirect, _parse_line),
    "loop": FaultKind(_loop),
    "header": FaultKind(_add_header, _parse_line),  # header:X-Robots-Tag: noai
}
