"""The command line as a user types it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from albumart.endpoints import Endpoints

Typed = Callable[..., "subprocess.CompletedProcess[str]"]

STUDY_COMMANDS = [
    "run",
    "scrape",
    "train",
    "predict",
    "report",
    "up",
    "down",
    "status",
    "env",
    "sandbox",
]


def albumart(
    *words: str, home: Path, endpoints: Endpoints | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    known = endpoints.as_environment() if endpoints else {}
    return subprocess.run(
        [sys.executable, "-m", "albumart", *words],
        env=os.environ | {"ALBUMART_HOME": str(home), "COLUMNS": "100"} | known | environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    done = albumart("--help", home=tmp_path)
    assert done.returncode == 0
    assert all(command in done.stdout for command in [*STUDY_COMMANDS, "study", "models", "data"])
    code = (
        "import sys, albumart.cli.app; "
        "heavy = {'keras', 'prefect', 'great_expectations', 'pandas', 'numpy', 'boto3'}; "
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "bandcamp-gnre"], "no study 'bandcamp-gnre' (did you mean 'bandcamp-genre'?)"),
        (["run", "sandbox-genre", "--backbone", "ResNet34"], "no backbone 'ResNet34'; there are:"),
        (["run", "bandcamp-genre", "--weights", "no.h5"], "no weights at 'no.h5'; expected"),
        (["run", "bandcamp-genre", "--real", "/nowhere"], "--real /nowhere: expected a folder"),
        (["run", "bandcamp-genre", "--backbone", "small"], "no imagenet weights for small"),
        (["study", "check", "/nowhere.toml"], "cannot read study file /nowhere.toml"),
        (["study", "show", "nothing"], "no study 'nothing'"),
        (["sandbox", "--real", "/nowhere"], "/nowhere"),
        (["scrape", "itunse"], "no source 'itunse' (did you mean 'itunes'?); there are: allmusic"),
        (["scrape", "bandcamp", "--country", "gb"], "source 'bandcamp' takes url; got country"),
        (["scrape", "bandcamp", "--sandbox", "--mirror", "http://x/"], "got several"),
        (["run", "bandcamp-genre", "--from", "x"], "--from: expected --source with it"),
        (["env"], "the platform is not up; run: albumart up"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    words: list[str], said: str, typed: Typed
) -> None:
    done = typed(*words)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.startswith("albumart: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_live_run_wants_a_contact_first(typed: Typed, tmp_path: Path) -> None:
    done = typed("run", "bandcamp-genre", "--no-sandbox", "--weights", "random")
    assert done.returncode == 1
    assert "got none: set ALBUMART_CONTACT" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "home" / "platform").exists()  # nothing was started for it


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ALBUMART_S3_PORT": "abc"}, "ALBUMART_S3_PORT: Input should be a valid integer"),
        ({"ALBUMART_HOME": "/proc/nowhere"}, "/proc/nowhere"),
    ],
)
def test_a_wrong_setting_is_one_line(
    environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    done = albumart("data", "status", home=tmp_path, **environment)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALBUMART_MONGODB_URI", "mongodb://u:secret@h:999999", "ALBUMART_MONGODB_URI: expected"),
        ("ALBUMART_S3_ENDPOINT", "localhost:9000", "ALBUMART_S3_ENDPOINT: expected http"),
        ("PREFECT_API_URL", "http://127.0.0.1:9/api", "expected a Prefect server at http://127"),
    ],
)
def test_a_wrong_address_is_one_line_without_its_secret(
    name: str, value: str, said: str, tmp_path: Path, own_endpoints: Endpoints
) -> None:
    known = {"PREFECT_API_URL": "http://127.0.0.1:9/api", name: value}
    words = ("run", "sandbox-genre") if name == "PREFECT_API_URL" else ("data", "status")
    done = albumart(*words, home=tmp_path, endpoints=own_endpoints, **known)
    assert done.returncode == 1
    assert said in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_study_list_show_and_check(typed: Typed) -> None:
    listed = json.loads(typed("study", "list", "--json").stdout)
    names = [study["name"] for study in listed["studies"]]
    assert {"sandbox-genre", "bandcamp-genre"} <= set(names)
    shown = json.loads(typed("study", "show", names[0]).stdout)
    assert shown["split"]["train"] == 0.7
    path = Path(__file__, "../../../albumart/studies/sandbox-genre.toml").resolve()
    assert "is fine" in typed("study", "check", str(path)).stdout
    assert "sandbox-genre" in typed("study", "list").stdout


def test_empty_stores_are_told_apart_from_no_stores(typed: Typed, own_endpoints: Endpoints) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return typed(*words, **own_endpoints.as_environment())

    empty = json.loads(run("data", "status", "--json").stdout)
    assert empty == {"origins": {"live": {}, "recorded": {}, "sandbox": {}}}
    assert "scope" in run("data", "status").stdout
    assert run("data", "retry").stdout == "pages: none\ncovers: none\n"
    assert "0 objects older than an hour belong to no album (kept" in run("data", "sweep").stdout
    assert json.loads(run("models", "list", "--json").stdout) == {"models": []}
    assert "figure" in run("models", "list").stdout
    for words in (["models", "show", "x", "1"], ["models", "promote", "x", "1"],
                  ["models", "rollback", "x"], ["report", "sandbox-genre"],
                  ["report", "x"]):  # fmt: skip
        done = run(*words)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
    done = run("predict", __file__, "--study", "sandbox-genre")
    assert "has no champion yet; run: albumart run sandbox-genre" in done.stderr


def test_a_study_file_with_a_mistake_names_the_line(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ntitle = "x"\ncolour = 3\n')
    done = typed("study", "check", str(path))
    assert done.returncode == 1
    assert "mine.toml:3: colour: unknown key; expected one of" in done.stderr
