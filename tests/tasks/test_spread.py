import pytest

from tasks import spread


@pytest.mark.parametrize("minutes", [0.5, 30])
def test_the_wait_is_within_its_minutes(minutes: float, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(spread.time, "sleep", slept.append)
    found = {spread.spread_start.fn(minutes) for _ in range(20)}
    assert len(found) == 20
    assert sorted(found) == sorted(slept)
    assert 0 <= min(found) <= max(found) <= 60 * minutes
