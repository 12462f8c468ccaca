"""``albumart guesses``: what people said of covers that they saw blind, beside the model."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.output import Json, percent, say, say_json, say_table
from albumart.cli.stores import open_stores
from albumart.errors import NotFound, ParseError

if TYPE_CHECKING:
    from albumart.evaluation.agreement import Agreement
    from albumart.evaluation.intervals import Estimate
    from albumart.evaluation.people import HumanBaseline, SameCovers
    from albumart.stores.models import ModelVersion
    from albumart.stores.workspace import Workspace

app = typer.Typer(help="People who label covers blind, beside the model on the same covers.")

StudyName = Annotated[
    str, typer.Argument(help="Name of a study, or path of its TOML file.", metavar="STUDY")
]
VersionNumber = Annotated[
    int | None, typer.Option("--version", min=1, help="Beside this version, not the champion.")
]
RaterName = Annotated[
    str, typer.Argument(help="person:NAME, model:NUMBER or truth.", metavar="RATER")
]


@app.command()
def show(study: StudyName, *, version: VersionNumber = None, json: Json = False) -> None:
    """How often people are right, the model on the same covers, and how far all agree."""
    from albumart.guessing import summarize_players

    with _open(study, version) as (chosen, workspace):
        found = summarize_players(chosen, workspace)
    if json:
        say_json(found.to_dict())
    else:
        _tell(found)


@app.command()
def kappa(
    study: StudyName,
    first: RaterName,
    second: RaterName,
    *,
    json: Json = False,
) -> None:
    """Cohen's kappa of any two raters, on the test covers that both judged."""
    from albumart.evaluation.people import LEAST_COMMON
    from albumart.people.raters import compare_raters, parse_rater

    raters = parse_rater(first), parse_rater(second)
    with _open(study, None) as (champion, workspace):
        found = compare_raters(champion, *raters, workspace)
    if json:
        say_json(found.to_dict())
    elif found.agreement is None:
        say(
            f"{found.first} and {found.second} both answered {found.common} covers; of fewer than "
            f"{LEAST_COMMON} nothing is claimed"
        )
    else:
        agreed = percent(asdict(found.agreement.observed))
        say(f"{found.first} and {found.second}: kappa {_kappa(found.agreement)}; alike {agreed}")


@app.command()
def export(
    study: StudyName,
    *,
    output: Annotated[Path | None, typer.Option(help="A CSV file; by default stdout.")] = None,
) -> None:
    """Write every answer that counts as CSV, which `import` reads."""
    from albumart.people.deck import deal_cards
    from albumart.people.files import export_answers

    with _open(study, None) as (champion, workspace):
        rows = export_answers(deal_cards(champion, workspace), workspace)
        if output is None:
            csv.writer(sys.stdout).writerows(rows)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)


@app.command("import")
def import_(
    study: StudyName,
    file: Annotated[Path, typer.Argument(help="CSV: album, player, label; empty: not sure.")],
    *,
    json: Json = False,
) -> None:
    """Take in the answers of people who worked elsewhere; what is known is not written again."""
    from albumart.people.deck import deal_cards
    from albumart.people.files import import_answers, read_answers

    with _open(study, None) as (champion, workspace):
        deck = deal_cards(champion, workspace)
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                guesses, elsewhere = read_answers(lines, deck, str(file))
        except UnicodeDecodeError as error:
            raise ParseError(expected="CSV in UTF-8", got=str(error), where=str(file)) from error
        found = import_answers(guesses, elsewhere, deck, workspace)
    if json:
        say_json(asdict(found))
        return
    say(f"{found.added} answers added, {found.known} known already")
    if found.elsewhere:
        say(f"{found.elsewhere} are of albums that are not in the test split: left out")


@app.command()
def forget(
    study: StudyName,
    player: Annotated[str, typer.Argument(help="Who it was.", metavar="PLAYER")],
) -> None:
    """Drop every answer of one player, for good."""
    from albumart.people.answers import check_player
    from albumart.people.deck import deal_cards, guesses_of

    name = check_player(player)
    with _open(study, None) as (champion, workspace):
        store = guesses_of(deal_cards(champion, workspace), workspace)
        count = store.forget(champion.study, [name.key])
    if not count:
        raise NotFound(f"nobody called {name.shown!r} answered in {champion.study!r}")
    say(f"{count} answers of {name.shown} dropped")


@contextmanager
def _open(study: str, version: int | None) -> "Iterator[tuple[ModelVersion, Workspace]]":
    from albumart.registry import require_study
    from albumart.serving.predictor import find_champion
    from albumart.study import study_name

    name = study_name(study)
    with open_stores() as workspace:
        require_study(workspace.models, name)
        if version is None:
            yield find_champion(name, workspace), workspace
        else:
            yield workspace.models.find_version(name, version), workspace


def _tell(found: "HumanBaseline") -> None:
    from albumart.evaluation.people import LEAST_ANSWERS

    few = f"of fewer than {LEAST_ANSWERS} answers nothing is claimed"
    if found.pooled is None:
        say(f"{sum(found.others)} answers so far: {few}; play: albumart serve")
        return
    head = ("who", "answers", "right", "the model on the same", "minus the model", "s per cover")
    rows = [
        (person.name, *_scores(person.scores), _seconds(person.seconds)) for person in found.people
    ]
    say_table([head, *rows, ("all", *_scores(found.pooled), "")])
    if found.others:
        say(f"in all: {len(found.others)} more with fewer answers; {few}")
    _tell_agreements(found)


def _tell_agreements(found: "HumanBaseline") -> None:
    from albumart.evaluation.people import LEAST_COMMON

    pairs = [
        (person.name, other, agreement)
        for person in found.people
        for other, agreement in (
            (f"model:{found.version}", person.with_model),
            ("truth", person.with_truth),
        )
    ] + [(pair.first, pair.second, pair.agreement) for pair in found.between]
    told = [(one, other, _kappa(each)) for one, other, each in pairs if each is not None]
    say()
    if told:
        say_table([("rater", "rater", "kappa"), *told])
    else:
        say(f"no two raters answered {LEAST_COMMON} covers alike; of fewer no kappa is told")
    if found.several:
        say("a cover carries several labels: right is who names one of them, truth is the first")


def _scores(found: "SameCovers") -> tuple[str, ...]:
    people, model = (percent(asdict(each)) for each in (found.people, found.model))
    return str(found.answers), people, model, _points(found.gain)


def _points(gain: "Estimate | None") -> str:
    if gain is None:
        return "too few"
    value, low, high = (100 * end for end in (gain.value, gain.low, gain.high))
    return f"{value:+.1f} points ({low:+.1f} to {high:+.1f})"


def _kappa(found: "Agreement") -> str:
    kappa = found.kappa
    return f"{kappa.value:.3f} ({kappa.low:.3f} to {kappa.high:.3f}, n = {kappa.n})"


def _seconds(median: float | None) -> str:
    return "" if median is None else f"{median:.1f}"
