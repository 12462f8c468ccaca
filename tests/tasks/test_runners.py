import sys
import threading
import time
from collections.abc import Iterator

import pytest
from prefect import flow, task
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner
from prefect_dask.task_runners import DaskTaskRunner

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.settings import Settings
from tasks.runners import (
    RUNNERS,
    batches_at_once,
    is_distributed,
    map_batches,
    task_runner,
    workers_at_once,
)


@pytest.fixture
def server(prefect_endpoints: Endpoints) -> Iterator[None]:
    given = {
        PREFECT_API_URL: prefect_endpoints.prefect_api_url,
        PREFECT_API_AUTH_STRING: prefect_endpoints.prefect_auth,
    }
    with temporary_settings(given):
        yield


@task
def double(number: int) -> tuple[int, str]:
    return 2 * number, threading.current_thread().name


@task
def slow_if_first(number: int) -> int:
    if number == 0:
        deadline = time.monotonic() + 30
        while len(done) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # until others have overtaken it
    done.append(number)
    return number


done: list[int] = []


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def mapped(at_once: int, until: int) -> list[tuple[int, str]]:
    batches = [(number,) for number in range(6)]
    return list(
        map_batches(double, batches, at_once=at_once, until=lambda found: found[0] == until)
    )


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def overtaken() -> list[int]:
    done.clear()
    return list(map_batches(slow_if_first, [(n,) for n in range(5)], at_once=3))


@pytest.mark.usefixtures("server")
def test_one_at_a_time_is_in_the_callers_thread_and_in_order() -> None:
    found = mapped(1, -1)
    assert [number for number, _ in found] == [0, 2, 4, 6, 8, 10]
    assert {name for _, name in found} == {threading.current_thread().name}
    assert [number for number, _ in mapped(1, 4)] == [0, 2, 4]


@pytest.mark.usefixtures("server")
def test_several_at_once_come_as_they_end_and_none_is_lost() -> None:
    found = mapped(3, -1)
    assert sorted(number for number, _ in found) == [0, 2, 4, 6, 8, 10]
    assert threading.current_thread().name not in {name for _, name in found}
    assert sorted(overtaken()) == [0, 1, 2, 3, 4]
    assert done[0] != 0


@pytest.mark.usefixtures("server")
def test_when_it_is_over_only_what_is_on_its_way_comes_in() -> None:
    """A door that closed: no batch is begun that was not begun before."""
    found = sorted(number for number, _ in mapped(2, 0))
    assert found[0] == 0
    assert len(found) <= 3


def test_each_runner_is_what_the_settings_say() -> None:
    threads = RUNNERS["thread"](Settings(workers=3))
    assert threads == ThreadPoolTaskRunner(max_workers=3)
    assert RUNNERS["process"](Settings(workers=3)) == ProcessPoolTaskRunner(max_workers=3)
    cluster = RUNNERS["dask"](Settings(dask_address="tcp://10.0.0.1:8786"))
    assert cluster == DaskTaskRunner(address="tcp://10.0.0.1:8786")
    local = RUNNERS["dask"](Settings())
    assert isinstance(local, DaskTaskRunner)
    assert local.cluster_kwargs["n_workers"] == 2
    assert local.cluster_kwargs["processes"]


@pytest.mark.parametrize(("runner", "module"), [("dask", "prefect_dask"), ("ray", "prefect_ray")])
def test_a_runner_that_is_not_installed_says_so(
    runner: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PlatformError, match=f"ALBUMART_RUNNER={runner}: expected .* pip install"):
        RUNNERS[runner](Settings())


@pytest.mark.parametrize(
    ("runner", "workers", "made", "live", "features"),
    [
        ("thread", None, 1, 1, 1),
        ("thread", "4", 4, 1, 4),
        ("process", None, 4, 1, 4),
        ("dask", "8", 16, 1, 16),
    ],
)
def test_a_live_source_is_asked_by_one_batch_at_a_time(
    runner: str, workers: str | None, made: int, live: int, features: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("ALBUMART_RUNNER", runner)
    if workers:
        monkeypatch.setenv("ALBUMART_WORKERS", workers)
    assert batches_at_once(Origin.SANDBOX) == made
    assert batches_at_once(Origin.LIVE) == live
    assert workers_at_once() == features
    assert is_distributed() is (runner != "thread")


def test_another_word_than_a_runner_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMART_RUNNER", "slurm")
    with pytest.raises(PlatformError, match="ALBUMART_RUNNER"):
        task_runner()
