"""Where the batches of a station run: in threads, in processes, on a Dask or a Ray cluster.

Which, is a setting; how many batches are on their way at once is decided here. Work is parted into
ranges of keys, so that any number of workers share it and none needs a queue of ours.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from prefect import Task
from prefect.futures import as_completed
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from albumart.album import Origin
from albumart.errors import PlatformError
from albumart.settings import Settings, load_settings

Runner = TaskRunner[Any]
Result = TypeVar("Result")

FEW: Final = 2  # workers, where nobody says how many
AHEAD: Final = 2  # batches for each worker, so that none waits for its next


def task_runner() -> Runner:
    """The runner that the settings name; for the flows whose tasks are batches."""
    settings = load_settings()
    return RUNNERS[settings.runner](settings)


def is_distributed() -> bool:
    """Whether batches may run in other processes than the flow's own."""
    return load_settings().runner != "thread"


def batches_at_once(origin: Origin) -> int:
    """How many batches may be on their way.

    One for sources that are alive: their pace is the limit, and one process keeps it.
    """
    settings = load_settings()
    if origin is Origin.LIVE:
        return 1
    return settings.workers or 1 if settings.runner == "thread" else workers_at_once()


def workers_at_once() -> int:
    """Batches that keep every worker busy; one where nothing but threads would share the work."""
    settings = load_settings()
    if settings.runner == "thread":
        return settings.workers or 1
    return AHEAD * (settings.workers or FEW)


def map_batches(
    task: Task[..., Result],
    batches: Iterable[Sequence[Any]],
    *,
    at_once: int,
    until: Callable[[Result], bool] = lambda _: False,
) -> Iterator[Result]:
    """Results of ``task(*batch)`` as they come; one at a time, in the caller's own thread.

    Args:
        task: whose runs are mapped.
        batches: the arguments of each.
        at_once: batches on their way; more than one are submitted to the flow's runner.
        until: of a result: after it no other batch is begun.
    """
    if at_once == 1:
        yield from _one_by_one(task, batches, until)
        return
    coming = iter(batches)
    waiting = [task.submit(*batch) for batch in itertools.islice(coming, at_once)]
    is_over = False
    while waiting:
        done = next(as_completed(waiting))
        waiting.remove(done)
        result = done.result()
        yield result
        is_over = is_over or until(result)
        if not is_over:
            waiting += [task.submit(*batch) for batch in itertools.islice(coming, 1)]


def _one_by_one(
    task: Task[..., Result],
    batches: Iterable[Sequence[Any]],
    until: Callable[[Result], bool],
) -> Iterator[Result]:
    for batch in batches:
        result = task(*batch)
        yield result
        if until(result):
            return


def _threads(settings: Settings) -> Runner:
    return ThreadPoolTaskRunner(max_workers=settings.workers or FEW)


def _processes(settings: Settings) -> Runner:
    return ProcessPoolTaskRunner(max_workers=settings.workers or FEW)


def _dask(settings: Settings) -> Runner:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise PlatformError(
            "ALBUMART_RUNNER=dask: expected prefect-dask; got none: pip install 'albumart[dask]'"
        ) from error
    if settings.dask_address:
        return DaskTaskRunner(address=settings.dask_address)
    # Processes of one thread each: the networks take the cores by themselves.
    local = {"n_workers": settings.workers or FEW, "threads_per_worker": 1}
    return DaskTaskRunner(cluster_kwargs=local | {"processes": True, "dashboard_address": None})


def _ray(settings: Settings) -> Runner:
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise PlatformError(
            "ALBUMART_RUNNER=ray: expected prefect-ray, which is not among our extras; got none: "
            "pip install prefect-ray, or take the runner dask"
        ) from error
    ray: Runner = RayTaskRunner(address=settings.ray_address)
    return ray


RUNNERS: Final[Mapping[str, Callable[[Settings], Runner]]] = {
    "thread": _threads,
    "process": _processes,
    "dask": _dask,
    "ray": _ray,
}
