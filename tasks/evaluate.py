"""Evaluation on the held-out split, the registry's entry and the report."""

from typing import Any

from prefect import task

from albumart import trials
from albumart.holdout import evaluate_candidate, register_candidate
from albumart.reports.key_figures import draw_key_figures
from albumart.reports.store import write_report
from albumart.settings import load_settings
from albumart.study import Study
from albumart.training.candidate import read_candidate
from albumart.training.placing import training_on
from tasks.artifacts import TrackedProgress, publish_key_figures, publish_report
from tasks.resources import find_dataset, open_stores, prepare_study


@task
def evaluate_run(study: Study, dataset: str, run: str) -> dict[str, Any]:
    """Score the candidate of ``run`` on the test split; its numbers as plain values."""
    with open_stores() as workspace:
        candidate, ready = read_candidate(workspace.objects, run), prepare_study(study, workspace)
        holdout = evaluate_candidate(candidate, ready, find_dataset(dataset), workspace)
    return holdout.to_dict()


@task
def run_trials(study: Study, dataset: str, run: str) -> dict[str, Any]:
    """Train the candidate of ``run`` again as its study asks: seeds, a random split, folds."""
    with open_stores() as workspace, training_on(load_settings().device):
        candidate, manifest = read_candidate(workspace.objects, run), find_dataset(dataset)
        ready = prepare_study(study, workspace)
        total = len(trials.plan_trials(ready, manifest))
        with TrackedProgress("trials", total) as progress:
            found = trials.run_trials(candidate, ready, manifest, workspace, progress.advance)
    return found.to_dict()


@task
def register_version(run: str) -> int:
    """Enter the evaluated candidate of ``run`` into the registry; returns its version number."""
    with open_stores() as workspace:
        return register_candidate(run, workspace).version


@task
def render_version(study: Study, version: int) -> str:
    """Write the report of a registered version; returns its path on this machine."""
    with open_stores() as workspace:
        path = write_report(workspace, study, version, folder=load_settings().home / "reports")
    return str(path.resolve())


@task
def show_version(study: Study, version: int, report: str) -> None:
    """Let whoever looks at the run in the Prefect UI see the result: in words, pictures, a link."""
    with open_stores() as workspace:
        found = draw_key_figures(workspace, study, version)
    publish_key_figures(found)
    publish_report(report)
