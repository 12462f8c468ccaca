from pathlib import Path

import pytest

from albumart.embedded.locks import FileLock, held
from albumart.errors import PlatformError


def test_one_holder_or_many_sharers(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.take()
    assert not second.take()
    assert not second.take(shared=True)
    assert first.take(shared=True)
    assert second.take(shared=True)
    assert not first.take()
    second.release()
    assert first.take()
    first.release()
    first.release()
    assert not first.take()


def test_held_waits_with_a_deadline(tmp_path: Path) -> None:
    with (
        held(tmp_path / "lock", timeout=1, what="a lock"),
        pytest.raises(PlatformError, match="expected within 0 s: a second lock"),
        held(tmp_path / "lock", timeout=0.1, what="a second lock"),
    ):
        pass
    with held(tmp_path / "lock", timeout=0.1, what="a third lock") as lock:
        assert lock.take()
