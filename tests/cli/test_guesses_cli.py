"""``albumart guesses``: on real stores, in this process."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from made_players import add_champion, answer
from typer.testing import CliRunner

from albumart.cli import guesses, models
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, ParseError
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace

Command = Callable[..., str]


@pytest.fixture
def command(own_endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``command("show", "made")``: its stdout."""
    for name, value in own_endpoints.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path / "home"))

    def run(*words: str, app: typer.Typer = guesses.app) -> str:
        result: Result = CliRunner().invoke(app, list(words))
        if result.exception:
            raise result.exception
        return result.stdout

    return run


@pytest.fixture
def champion(workspace: Workspace) -> ModelVersion:
    return add_champion(workspace)


def last_json(stdout: str) -> Any:
    return json.loads(stdout.splitlines()[-1])


def test_nobody_has_played_yet(
    command: Command, champion: ModelVersion, workspace: Workspace
) -> None:
    assert command("show", "made").startswith("0 answers so far: of fewer than 10 answers nothing")
    answer(champion, workspace, "Ada", ["folk"] * 9)
    assert command("show", "made").startswith("9 answers so far")


def test_figures_of_people_are_shown(
    command: Command, champion: ModelVersion, workspace: Workspace
) -> None:
    answer(champion, workspace, "Ada", ["right"] * 40)
    answer(champion, workspace, "Bo", ["folk", "jazz", "right"] * 11)
    answer(champion, workspace, "Cy", ["folk", "right"] * 6)
    answer(champion, workspace, "Di", [None])
    told = command("show", "made")
    head, ada, bo, cy, everybody, more, _, *agreements = told.splitlines()
    assert head.split()[:3] == ["who", "answers", "right"]
    assert ada.split()[:4] == ["Ada", "40", "100.0", "%"]
    assert ada.endswith("1.5")
    assert bo.split()[:2] == ["Bo", "33"]
    assert "too few" in cy
    assert everybody.split()[:2] == ["all", "85"]
    assert "1 more with fewer answers" in more
    assert [line.split()[:2] for line in agreements] == [
        ["rater", "rater"], ["Ada", "model:1"], ["Ada", "truth"], ["Bo", "model:1"],
        ["Bo", "truth"], ["Ada", "Bo"],
    ]  # fmt: skip
    found = last_json(command("show", "made", "--version", "1", "--json"))
    assert [person["name"] for person in found["people"]] == ["Ada", "Bo", "Cy"]
    assert found["people"][0]["scores"]["people"]["value"] == 1


def test_few_common_covers_have_no_kappa(
    command: Command, champion: ModelVersion, workspace: Workspace
) -> None:
    answer(champion, workspace, "Ada", ["folk"] * 12)
    assert "no two raters answered 30 covers" in command("show", "made")
    told = command("kappa", "made", "person:Ada", "truth")
    assert (
        told
        == "person:Ada and truth both answered 12 covers; of fewer than 30 nothing is claimed\n"
    )


def test_kappa_of_any_two(command: Command, champion: ModelVersion, workspace: Workspace) -> None:
    answer(champion, workspace, "Ada", ["right"] * 40)
    told = command("kappa", "made", "person:ada", "truth")
    assert told.startswith("person:ada and truth: kappa 1.000 (1.000 to 1.000, n = 40); alike 100")
    found = last_json(command("kappa", "made", "model:1", "truth", "--json"))
    assert found["agreement"]["kappa"]["n"] == found["common"] == 60


def test_answers_go_out_and_come_in(
    command: Command, champion: ModelVersion, workspace: Workspace, tmp_path: Path
) -> None:
    answer(champion, workspace, "Ada", ["folk"] * 12)
    file = tmp_path / "answers.csv"
    command("export", "made", "--output", str(file))
    assert file.read_text(encoding="utf-8") == command("export", "made").replace("\r\n", "\n")
    assert command("forget", "made", "ADA") == "12 answers of ADA dropped\n"
    with pytest.raises(NotFound, match="nobody called 'Ada' answered in 'made'"):
        command("forget", "made", "Ada")
    with file.open("a", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerow(["bandcamp:nowhere", "Ada", "folk", *[""] * 7])
    told = command("import", "made", str(file))
    assert told == (
        "12 answers added, 0 known already\n"
        "1 are of albums that are not in the test split: left out\n"
    )
    again = last_json(command("import", "made", str(file), "--json"))
    assert again == {"added": 0, "known": 12, "elsewhere": 1}
    file.write_bytes(b"album,player,label\n\xff")
    with pytest.raises(ParseError, match="CSV in UTF-8"):
        command("import", "made", str(file))


@pytest.mark.parametrize("words", [("list",), ("history",), ("show",)])
def test_a_study_that_is_not_there_is_named(
    command: Command, champion: ModelVersion, words: tuple[str, ...]
) -> None:
    app = guesses.app if words == ("show",) else models.app
    with pytest.raises(NotFound, match="no model of a study 'mades' .* did you mean made"):
        command(*words, "mades", app=app)


def test_no_study_has_a_model_yet(command: Command, workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="no study has one yet"):
        command("list", "made", app=models.app)
    assert command("list", app=models.app).split() == ["study", "version", "figure", "created"]
