"""Run a TrainPlan: stage after stage, each from the best weights of the one before.

The same plan, data and seed give the same weights on the same machine's CPU, also when the
training was killed on the way: no random number comes from a global generator.
"""

import gc
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from albumart.progress import progress_bar
from albumart.train_plan import Stage, TrainPlan
from albumart.training.devices import (
    BFLOAT16,
    FLOAT32,
    bfloat16_pays,
    computing_in_bfloat16,
    is_out_of_memory,
)
from albumart.training.feed import Floats
from albumart.training.layout import Network, unfreeze, variable_multipliers
from albumart.training.lr_finder import RateSearch, find_learning_rate
from albumart.training.state import StageResult, State, load_state, save_state
from albumart.training.task import Task, Trained, fingerprint
from albumart.training.trainee import (
    Trainee,
    check_finite,
    compile_trainee,
    compute_features,
    evaluate,
    prepare_trainee,
    train_epoch,
)
from albumart.training.variables import read_variables, seed_generators, write_variables

if TYPE_CHECKING:
    from albumart.training.optimizers import PlannedRate

logger = logging.getLogger(__name__)

MONITOR: Final = "val_loss"
RANGE_TEST: Final = 1_000_000  # number of its first epoch, beyond those of any stage


def _nothing() -> None:
    """Nobody takes over."""


def train_network(
    plan: TrainPlan,
    task: Task,
    folder: Path | None = None,
    between: Callable[[], object] = _nothing,
    *,
    lasting: Sequence[int] = (),
) -> Trained:
    """Train by ``plan``; keep the state in ``folder`` after each epoch and go on from there.

    The folder is left as it is when all is done, so that a second call returns at once; it is the
    caller's to delete. ``between`` is called between two stages, when the folder holds the one
    that is over. ``lasting`` tells after how many epochs each stage ends with the weights that it
    has then, whatever validation says; its rates are those of the whole stage, cut short.

    Raises:
        Diverged: the loss is no longer a finite number.
        BadStudy: the plan does not fit the network or the head.
    """
    name = fingerprint(plan, task)
    state = load_state(folder, name) or State(plan.batch_size)
    if state.history:
        logger.info("           goes on after epoch %d of all stages", len(state.history))
    network = None
    with progress_bar("training", plan.epochs, unit="epochs") as advance:
        advance(len(state.history))
        run = _Run(plan, task, state, folder, name, advance, tuple(lasting))
        while state.stage < len(plan.stages):
            network = _run_stage(run, network)
            if state.stage < len(plan.stages):
                between()
    last = plan.stages[-1].image_size or task.image_size
    if network is None:
        network = task.build(last)
        write_variables(network.model.variables, state.start or [])
    unfreeze(network, Stage(unfrozen="all"))
    return Trained(network, last, state.history, tuple(state.results))


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A plan on its way; ``state`` is what changes."""

    plan: TrainPlan
    task: Task
    state: State
    folder: Path | None
    fingerprint: str
    advance: Callable[[int], object]
    lasting: tuple[int, ...] = ()

    @property
    def epochs(self) -> int:
        """After which this stage ends at the latest."""
        return self.lasting[self.state.stage] if self.lasting else self.stage.epochs

    @property
    def stage(self) -> Stage:
        return self.plan.stages[self.state.stage]

    @property
    def image_size(self) -> int:
        return self.stage.image_size or self.task.image_size

    @property
    def peak(self) -> float:
        """This stage's highest rate, which is known once its training begins."""
        return self.state.peak or 0.0

    def save(self) -> None:
        save_state(self.folder, self.state, self.fingerprint)


def _run_stage(run: _Run, before: Network | None) -> Network:
    """Train one stage to its end; with smaller batches where the memory does not hold them."""
    network = _build(run, before)
    while True:
        try:
            result = _fit_stage(run, network)
        except Exception as error:
            if not is_out_of_memory(error) or run.state.batch_size == 1:
                raise
            _halve_batches(run, network)
        else:
            break
    run.state.results.append(result)
    run.state.next_stage(read_variables(network.model.variables), run.plan.batch_size)
    run.save()
    return network


def _build(run: _Run, before: Network | None) -> Network:
    """The network at the stage's size, with the weights that the stage starts from."""
    state = run.state
    if before is not None and state.results[-1].image_size == run.image_size:
        return before
    network = run.task.build(run.image_size)
    if state.start is None:
        seed_generators(network.model, run.plan.seed)
        state.start = read_variables(network.model.variables)
        run.save()
    else:
        write_variables(network.model.variables, state.start)
    return network


def _halve_batches(run: _Run, network: Network) -> None:
    state = run.state
    logger.warning(
        "           out of memory with batches of %d: stage %d again with %d",
        state.batch_size,
        state.stage + 1,
        state.batch_size // 2,
    )
    gc.collect()
    run.advance(-state.epoch)
    state.forget_stage(state.batch_size // 2)
    write_variables(network.model.variables, state.start or [])
    run.save()


def _fit_stage(run: _Run, network: Network) -> StageResult:
    """Train ``network`` by the stage; it is left with the best weights."""
    state, stage = run.state, run.stage
    groups = unfreeze(network, stage)
    wide = run.plan.mixed_precision == "off" or not bfloat16_pays()
    with nullcontext() if wide else computing_in_bfloat16(network.model):
        trainee = _prepare(run, network)
        multipliers = variable_multipliers(network, trainee.model, stage, groups)
        if state.peak is None:
            state.search = _search(run, trainee, multipliers) if stage.peak is None else None
            state.peak = state.search.suggestion if state.search else stage.peak
        schedule = _schedule(run, trainee)
        compile_trainee(trainee, run.task, run.plan, rate=schedule, multipliers=multipliers)
        _take_up(run, trainee)
        while state.epoch < run.epochs and state.epoch - state.best_epoch < run.plan.patience:
            _run_epoch(run, trainee, schedule)
    write_variables(trainee.model.variables, state.best or [])
    return _conclude(run, groups, precision=FLOAT32 if wide else BFLOAT16)


def _prepare(run: _Run, network: Network) -> Trainee:
    """What this stage trains: a head on features that stay the same, or the whole network."""
    features = None
    if run.stage.trains_head_only and network.extractor is not None and not run.plan.augment:
        features = _features(run, network)
    return prepare_trainee(
        run.task,
        network,
        run.plan,
        image_size=run.image_size,
        batch_size=run.state.batch_size,
        features=features,
    )


def _features(run: _Run, network: Network) -> Floats:
    examples = run.task.examples
    untouched = all(stage.trains_head_only for stage in run.plan.stages[: run.state.stage])
    if examples.features is not None and untouched:
        return examples.features(run.image_size)
    return compute_features(
        network.extractor, examples, image_size=run.image_size, batch_size=run.state.batch_size
    )


def _search(run: _Run, trainee: Trainee, multipliers: tuple[float, ...]) -> RateSearch:
    compile_trainee(trainee, run.task, run.plan, rate=1.0, multipliers=multipliers)
    batches = trainee.train.cycle(run.plan.seed, run.state.stage, RANGE_TEST)
    search = find_learning_rate(trainee.model, batches)
    logger.info("           stage %d: rate %.2g found", run.state.stage + 1, search.suggestion)
    return search


def _schedule(run: _Run, trainee: Trainee) -> "PlannedRate":
    from albumart.training.optimizers import PlannedRate

    stage = run.stage
    steps = stage.epochs * len(trainee.train)
    return PlannedRate(stage.schedule, steps, peak=run.peak, warmup=stage.warmup)


def _take_up(run: _Run, trainee: Trainee) -> None:
    """Set what the latest epoch left, where the stage was begun before."""
    if run.state.latest is not None:
        model, optimizer = run.state.latest
        write_variables(trainee.model.variables, model)
        write_variables(trainee.model.optimizer.variables, optimizer)


def _run_epoch(run: _Run, trainee: Trainee, schedule: "PlannedRate") -> None:
    """Train and evaluate once over, and keep what came of it."""
    state, model = run.state, trainee.model
    logs = train_epoch(trainee, (run.plan.seed, state.stage, state.epoch))
    logs |= {f"val_{name}": value for name, value in evaluate(trainee).items()}
    check_finite(logs, stage=state.stage + 1, epoch=state.epoch + 1, rate=run.peak)
    lowest = min((entry[MONITOR] for entry in state.stage_history), default=float("inf"))
    state.epoch += 1
    state.history.append(
        {
            "stage": float(state.stage + 1),
            "epoch": float(state.epoch),
            "learning_rate": float(schedule.rates[state.epoch * len(trainee.train) - 1]),
            "batch_size": float(state.batch_size),
            **logs,
        }
    )
    state.latest = read_variables(model.variables), read_variables(model.optimizer.variables)
    if run.lasting or logs[MONITOR] < lowest:
        state.best_epoch, state.best = state.epoch, state.latest[0]
    run.save()
    run.advance(1)


def _conclude(run: _Run, groups: tuple[str, ...], *, precision: str) -> StageResult:
    state = run.state
    best = state.stage_history[state.best_epoch - 1]
    told = f"best validation loss {best[MONITOR]:.3f} in epoch {state.best_epoch} of {state.epoch}"
    if run.lasting:
        told = f"again, on train and validation, for {state.epoch} epochs"
    count, number = len(run.plan.stages), state.stage + 1
    logger.info("           stage %d of %d, %d²: %s", number, count, run.image_size, told)
    return StageResult(
        image_size=run.image_size,
        unfrozen=groups,
        learning_rate=run.peak,
        batch_size=state.batch_size,
        epochs=state.epoch,
        precision=precision,
        best=best,
        search=state.search,
    )
