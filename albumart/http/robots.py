"""robots.txt as RFC 9309 reads it.

The standard library's parser takes the first rule instead of the longest and knows no wildcards, so
it would walk into places that a host has closed.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from albumart.errors import FetchError, UnsafeInput

MAX_BYTES: Final = 500_000
FRESH_SECONDS: Final = 86_400.0
UNREACHABLE_SECONDS: Final = 600.0

_KEYS: Final = frozenset({"user-agent", "allow", "disallow", "crawl-delay"})
_DELAY = re.compile(r"[0-9]{1,6}(\.[0-9]+)?")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class Rules:
    """What one host asks of us: (allowed, pattern) pairs, and seconds between requests."""

    rules: tuple[tuple[bool, str], ...] = ()
    crawl_delay: float = 0.0

    def allows(self, target: str) -> bool:
        """Whether ``target`` (path and query) may be asked for: the longest rule decides."""
        path = _canonical(target)
        # (length, allowed): of two rules of one length, the one that allows wins.
        fitting = [(len(rule), allowed) for allowed, rule in self.rules if _fits(path, rule)]
        return max(fitting, default=(0, True))[1]


def parse_robots(text: str, agent: str) -> Rules:
    """The rules for ``agent``: its own groups merged, else those of ``*``, else none."""
    groups: dict[str, list[tuple[str, str]]] = {}
    current: list[str] = []
    names_may_follow = False
    for key, value in _lines(text):
        if key == "user-agent":
            name = value.lower().partition("/")[0]
            current = [*current, name] if names_may_follow else [name]
        else:
            for name in current:
                groups.setdefault(name, []).append((key, value))
        names_may_follow = key == "user-agent"
    return _rules(groups.get(agent.lower(), groups.get("*", [])))


def _lines(text: str) -> list[tuple[str, str]]:
    lines = (line.partition("#")[0].partition(":") for line in text.splitlines())
    pairs = ((key.strip().lower(), value.strip()) for key, _, value in lines)
    return [(key, value) for key, value in pairs if key in _KEYS]


def _rules(group: list[tuple[str, str]]) -> Rules:
    paths = [(key == "allow", value) for key, value in group if key != "crawl-delay" and value]
    delays = [value for key, value in group if key == "crawl-delay" and _DELAY.fullmatch(value)]
    return Rules(
        tuple((allowed, _canonical(value)) for allowed, value in paths),
        max(map(float, delays), default=0.0),
    )


def _canonical(path: str) -> str:
    """One spelling for every way to percent-encode a path."""

    def spell(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if _UNRESERVED.fullmatch(char) else match[0].upper()

    return _ESCAPE.sub(spell, quote(path, safe="%/?#[]@!$&'()*+,;=:~-._", errors="replace"))


def _fits(path: str, rule: str) -> bool:
    """Match a prefix with ``*`` and a final ``$``, in linear time: a rule is a stranger's text."""
    anchored = rule.endswith("$")
    first, *pieces = rule.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not anchored:
        return True
    return path.endswith(pieces[-1]) if pieces else at == len(path)


Fetch = Callable[[str], tuple[int, bytes]]

# These say more about an item than "the rules could not be read", and are no reason to hold back
# from a host that was reached.
_PASSED_ON: Final = frozenset({"private_address", "no_such_host", "deferred", "noai"})


@dataclass(slots=True)
class _Entry:
    """What is known of one origin."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Rules = Rules()
    problem: FetchError | None = None
    fresh_until: float = -1.0


class Robots:
    """The rules of each origin, read once a day; shared by threads.

    Raises:
        FetchError: ``robots_unreachable``. A host whose rules cannot be read is not asked for
            anything: RFC 9309, 2.3.1.4. It is asked for its rules again ten minutes later.
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._entries: dict[str, _Entry] = {}

    def rules(self, origin: str, fetch: Fetch) -> Rules:
        """The rules of ``origin``, read with ``fetch`` (address → status, body) where not known."""
        entry = self._entries.setdefault(origin, _Entry())
        with entry.lock:
            if time.monotonic() >= entry.fresh_until:
                self._read(entry, origin, fetch)
            if entry.problem is not None:
                problem = entry.problem
                raise FetchError(str(problem), code=problem.code, retry_after=problem.retry_after)
            return entry.rules

    def _read(self, entry: _Entry, origin: str, fetch: Fetch) -> None:
        try:
            status, body = fetch(f"{origin}/robots.txt")
        except (FetchError, UnsafeInput) as error:
            if error.code in _PASSED_ON:
                raise
            message = f"{origin}: expected its robots.txt; got {error}"
            entry.problem = FetchError(message, code="robots_unreachable")
            entry.fresh_until = time.monotonic() + UNREACHABLE_SECONDS
            return
        text = body.decode("utf-8-sig", errors="replace") if status == 200 else ""
        entry.rules, entry.problem = parse_robots(text, self._agent), None
        entry.fresh_until = time.monotonic() + FRESH_SECONDS
