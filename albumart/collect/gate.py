"""Whether a scrape may become current: compared with the last one that did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from albumart.http.addresses import printable
from albumart.sources.base import Gate

ALL: Final = "all"
SHOWN: Final = 200  # genres of a comparison; free words can be thousands


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a comparison: albums of a genre, or of ``all``, before and now."""

    genre: str
    before: int
    now: int
    verdict: str = ""


def compare_totals(
    before: Mapping[str, int], now: Mapping[str, int], gate: Gate, *, at_least: int = 1
) -> list[Change]:
    """The largest genres, ``all`` first, each with what is wrong with it, if anything is.

    Args:
        before: albums by genre in the last accepted scrape; empty where there was none.
        now: albums by genre in this one.
        gate: how much may change.
        at_least: albums that the whole must have.
    """
    was, is_now = sum(before.values()), sum(now.values())
    few = "" if is_now >= at_least else f"expected {at_least:,} albums or more"
    whole = Change(ALL, was, is_now, _judge(was, is_now, gate) or few)
    genres = sorted(
        before.keys() | now.keys(), key=lambda g: (-max(before.get(g, 0), now.get(g, 0)), g)
    )
    return [whole, *_judged(genres, before, now, gate)]


def refusals(changes: list[Change]) -> tuple[str, ...]:
    """The sentences that say why the scrape is not accepted."""
    return tuple(
        f"{printable(change.genre)}: {change.now:,} albums, before {change.before:,}: "
        f"{change.verdict}"
        for change in changes
        if change.verdict
    )


def _judged(
    genres: list[str], before: Mapping[str, int], now: Mapping[str, int], gate: Gate
) -> Iterator[Change]:
    for number, genre in enumerate(genres):
        was, is_now = before.get(genre, 0), now.get(genre, 0)
        large = max(was, is_now) >= gate.genre_floor
        verdict = _judge(was, is_now, gate) if large else ""
        if verdict or number < SHOWN:
            yield Change(genre, was, is_now, verdict)


def _judge(before: int, now: int, gate: Gate) -> str:
    if before == 0:
        return ""
    if now < before * (1 - gate.shrink):
        return f"shrank by more than {gate.shrink:.0%}"
    if now > before * gate.growth:
        return f"grew to more than {gate.growth:g} times"
    return ""
