"""``albumart labels`` and ``albumart data datasets``: on real stores, in this process."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from albumart.album import Album, Cover, CoverResult, CoverStatus
from albumart.cli import datasets, labels
from albumart.dataset.version import build_version
from albumart.endpoints import Endpoints
from albumart.errors import NotFound, ParseError
from albumart.stores.workspace import Workspace, open_workspace
from albumart.study import load_study

Command = Callable[..., Result]


@pytest.fixture
def command(own_endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``command(app, "list")``: in this process, on stores of the test's own."""
    for name, value in own_endpoints.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path / "home"))

    def run(app: typer.Typer, *words: str) -> Result:
        result = CliRunner().invoke(app, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def live(own_endpoints: Endpoints, tmp_path: Path) -> Iterator[Workspace]:
    """Twenty albums of two genres, each with a cover."""
    with open_workspace(own_endpoints, tmp_path / "cache") as opened:
        albums = [
            Album("bandcamp", str(number), ("http://x.test/y",), (("jazz", "metal")[number % 2],))
            for number in range(40)
        ]
        opened.albums.upsert_albums(albums)
        opened.albums.record_covers(map(stored, albums))
        yield opened


def stored(album: Album) -> CoverResult:
    number = int(album.source_id)
    sha256, phash = f"{number:064x}", f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"
    cover = Cover(sha256, sha256, phash, 350, 350, "JPEG", 1000)
    return CoverResult(album.key, CoverStatus.STORED, url="http://x.test/y", cover=cover)


def last_json(result: Result) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


def test_a_label_is_set_listed_and_unset(command: Command, live: Workspace) -> None:
    said = command(
        labels.app, "set", "bandcamp:1", "--genre", "jazz", "--genre", "hard bop", "--why", "ears"
    )
    assert said.stdout == "bandcamp:1  genres: metal → jazz; hard bop\n"
    again = command(labels.app, "set", "bandcamp:1", "--genre", "jazz; hard bop")
    assert again.stdout == "1 are so already\n"
    listed = command(labels.app, "list").stdout
    assert "bandcamp:1  genres  metal  jazz; hard bop" in listed
    assert "ears" in listed
    assert "*" not in listed
    unset = command(labels.app, "unset", "bandcamp:1")
    assert unset.stdout == "bandcamp:1  genres: metal → as the source tells it\n"
    assert last_json(command(labels.app, "list", "--json")) == {"corrections": []}
    history = last_json(command(labels.app, "list", "bandcamp:1", "--history", "--json"))
    assert [entry["new"] for entry in history["corrections"]] == [["jazz", "hard bop"], None]


def test_who_said_it_is_kept(command: Command, live: Workspace) -> None:
    command(labels.app, "set", "bandcamp:1", "--genre", "jazz", "--who", "Ada")
    command(labels.app, "set", "bandcamp:2", "--mood", "Sad")
    entries = last_json(command(labels.app, "list", "--json"))["corrections"]
    assert entries[0]["who"] == "Ada"
    assert entries[1]["who"]
    assert entries[1]["field"] == "moods"


def test_a_user_without_a_name_is_unknown(
    command: Command, live: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", fail)
    said = command(labels.app, "set", "bandcamp:1", "--genre", "jazz", "--json")
    assert last_json(said)["written"][0]["who"] == "unknown"


def test_a_source_that_changed_its_mind_is_starred(command: Command, live: Workspace) -> None:
    command(labels.app, "set", "bandcamp:1", "--genre", "folk")
    live.albums.upsert_albums([Album("bandcamp", "1", ("http://x.test/y",), ("punk",))])
    assert "*  bandcamp:1" in command(labels.app, "list").stdout
    assert last_json(command(labels.app, "list", "--json"))["corrections"][0]["stale"]


def test_an_unknown_word_is_taken_with_a_warning(command: Command, live: Workspace) -> None:
    said = command(labels.app, "set", "bandcamp:1", "--genre", "death metla").stdout
    assert "warning: the taxonomy does not know 'death metla'; near it: death metal" in said
    told = command(labels.app, "set", "bandcamp:2", "--mood", "xyzzyqwop", "--json")
    assert last_json(told)["unknown"] == {"xyzzyqwop": []}
    plain = command(labels.app, "set", "bandcamp:3", "--mood", "xyzzyqwop").stdout
    assert plain.endswith("does not know 'xyzzyqwop'\n")


def test_what_cannot_be_corrected_is_refused(command: Command, live: Workspace) -> None:
    with pytest.raises(NotFound, match="there is no 'bandcamp:999'"):
        command(labels.app, "set", "bandcamp:999", "--genre", "jazz")
    with pytest.raises(NotFound, match="nothing of 'bandcamp:1' is corrected"):
        command(labels.app, "unset", "bandcamp:1", "--moods")
    for words in ((), ("--genre", " "), ("--mood", ";")):
        said = command(labels.app, "set", "bandcamp:1", *words)
        assert said.exit_code == 2
        assert "expected --genre or --mood with a word" in said.stderr
    sandbox = ("set", "bandcamp:1", "--genre", "jazz", "--origin", "sandbox")
    with pytest.raises(NotFound, match="--origin says whose"):
        command(labels.app, *sandbox)


def test_one_field_can_be_unset(command: Command, live: Workspace) -> None:
    command(labels.app, "set", "bandcamp:1", "--genre", "jazz", "--mood", "Sad")
    told = command(labels.app, "unset", "bandcamp:1", "--genres", "--why", "wrong", "--json")
    (entry,) = last_json(told)["written"]
    assert (entry["field"], entry["why"]) == ("genres", "wrong")
    (left,) = last_json(command(labels.app, "list", "--json"))["corrections"]
    assert left["field"] == "moods"


def test_a_file_is_imported_once_and_exported_again(
    command: Command, live: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(
        "\ufeffalbum,field,words,why\n"
        'bandcamp:1,genres,jazz; hard bop,"it, says"\n'
        "bandcamp:2,moods,'-core;Sad,\n",
        encoding="utf-8",
    )
    told = last_json(command(labels.app, "import", str(file), "--json"))
    assert (len(told["written"]), told["unchanged"]) == (2, 0)
    assert "2 are so already" in command(labels.app, "import", str(file)).stdout
    exported = tmp_path / "out.csv"
    command(labels.app, "export", "--output", str(exported))
    rows = list(csv.DictReader(exported.open(encoding="utf-8", newline="")))
    assert [row["words"] for row in rows] == ["jazz; hard bop", "'-core; Sad"]
    assert command(labels.app, "export").stdout.splitlines()[0].startswith("album,field,words")
    again = last_json(command(labels.app, "import", str(exported), "--json"))
    assert (again["written"], again["unchanged"]) == ([], 2)


def test_a_file_that_is_no_table_is_refused(
    command: Command, live: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(b"album,field,words\nbandcamp:1,genres,\xff\n")
    with pytest.raises(ParseError, match=r"mine.csv: expected CSV in UTF-8"):
        command(labels.app, "import", str(file))
    file.write_text("album,field,words\nbandcamp:1,genres,jazz\nbandcamp:999,genres,jazz\n")
    with pytest.raises(NotFound):
        command(labels.app, "import", str(file))
    assert last_json(command(labels.app, "list", "--json")) == {"corrections": []}


@pytest.fixture
def versions(live: Workspace) -> tuple[str, str]:
    """Digests of two versions, the later one of fewer albums."""
    study = load_study("bandcamp-genre")
    chosen = study.labels.model_copy(update={"classes": ("jazz", "metal"), "min_covers": 10})
    study = study.model_copy(update={"labels": chosen})
    return build_version(study, live).digest, build_version(study, live, limit=33).digest


def test_datasets_are_listed_and_shown(command: Command, versions: tuple[str, str]) -> None:
    old, new = versions
    listed = last_json(command(datasets.app, "list", "--json"))["datasets"]
    assert [each["digest"] for each in listed] == [new, old]
    table = command(datasets.app, "list", "--study", "bandcamp-genre").stdout
    assert f"{new[:12]}  bandcamp-genre" in table
    assert [each["validation"] for each in listed] == ["not checked"] * 2
    assert table.count("not checked") == 2
    assert last_json(command(datasets.app, "list", "--study", "x", "--json")) == {"datasets": []}
    told = last_json(command(datasets.app, "show", old[:8], "--json"))
    assert (told["digest"], told["albums"]) == (old, 40)
    assert told["parameters"]["scheme"] == "single"
    shown = command(datasets.app, "show", old[:8]).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["by_class", "jazz", "20"] in lines
    assert ["duplicates", "groups", "40"] in lines
    assert ["digest", old] in lines


def test_a_card_is_shown_as_text_and_as_json(command: Command, versions: tuple[str, str]) -> None:
    words = ("show", versions[0], "--card", "bandcamp-genre")
    assert command(datasets.app, *words).stdout.startswith("# Dataset card: Bandcamp")
    assert last_json(command(datasets.app, *words, "--json"))["albums"] == 40
    with pytest.raises(NotFound):
        command(datasets.app, "show", versions[0], "--card", "other")


def test_two_datasets_are_compared(command: Command, versions: tuple[str, str]) -> None:
    told = last_json(command(datasets.app, "diff", *versions, "--json"))
    assert (told["added"], len(told["removed"])) == ([], 7)
    assert [row["label"] for row in told["label_drift"]] == ["jazz", "metal"]
    said = command(datasets.app, "diff", versions[0][:10], versions[1][:10]).stdout
    assert f"{versions[0][:12]} → {versions[1][:12]}" in said
    assert "removed                7" in said
    assert ", …" in said
    assert "share moved by, points" in said
    with pytest.raises(NotFound, match="none begins so"):
        command(datasets.app, "diff", versions[0], "0")
