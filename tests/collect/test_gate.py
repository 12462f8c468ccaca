"""What may change between two scrapes."""

import pytest

from albumart.collect.gate import SHOWN, compare_totals, refusals
from albumart.sources.base import Gate

GATE = Gate(shrink=0.25, growth=2.0, genre_floor=20)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (100, 75, ""),
        (100, 74, "shrank by more than 25%"),
        (100, 200, ""),
        (100, 201, "grew to more than 2 times"),
        (100, 0, "shrank by more than 25%"),
        (0, 500, ""),
    ],
)
def test_a_whole_is_judged_by_its_size(before: int, now: int, verdict: str) -> None:
    whole = compare_totals({"a": before} if before else {}, {"a": now}, GATE)[0]
    assert (whole.genre, whole.before, whole.now, whole.verdict) == ("all", before, now, verdict)


def test_small_genres_are_not_judged() -> None:
    changes = compare_totals({"a": 1000, "b": 19}, {"a": 1000}, GATE)
    assert refusals(changes) == ()
    assert refusals(compare_totals({"a": 1000, "b": 20}, {"a": 1000}, GATE)) == (
        "b: 0 albums, before 20: shrank by more than 25%",
    )


def test_a_whole_has_a_least_size() -> None:
    (reason,) = refusals(compare_totals({}, {"a": 5}, GATE, at_least=10_000))
    assert reason == "all: 5 albums, before 0: expected 10,000 albums or more"


def test_the_largest_genres_come_first_and_every_refused_one_is_shown() -> None:
    before = {f"g{n:03}": 1000 - n for n in range(SHOWN + 50)}
    now = dict(before) | {f"g{SHOWN + 40:03}": 0}
    changes = compare_totals(before, now, GATE)
    assert [change.genre for change in changes[1:4]] == ["g000", "g001", "g002"]
    assert len(changes) == SHOWN + 2
    assert changes[-1].verdict
