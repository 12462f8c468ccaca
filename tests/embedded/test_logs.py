import json
from pathlib import Path

import pytest

from albumart.embedded import logs
from albumart.embedded.logs import last_words, turn_log


def mongod_line(severity: str, message: str, **attr: str) -> str:
    return json.dumps({"s": severity, "msg": message, "attr": attr})


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "it wrote nothing"),
        (["starting", "all fine"], "all fine"),
        (["OSError: disk gone", "Server stopped!", "|_|", ""], "OSError: disk gone"),
        (
            [
                mongod_line("F", "DBException in initAndListen", error="Not a directory"),
                mongod_line("I", "Now exiting"),
            ],
            "DBException in initAndListen: Not a directory",
        ),
        ([mongod_line("I", "Now exiting")], "Now exiting"),
        (['{"cut', "plain"], "plain"),
    ],
)
def test_last_words(lines: list[str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    path.write_text("\n".join(lines))
    assert last_words(path) == words


def test_words_of_an_earlier_life_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    path.write_text("error: old\n")
    size = path.stat().st_size
    assert last_words(path, size) == "it wrote nothing"
    with path.open("a") as log:
        log.write("new\n")
    assert last_words(path, size) == "new"


def test_no_log_at_all(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none") == "it wrote nothing"
    assert turn_log(tmp_path / "none") == 0


def test_a_large_log_is_set_aside_under_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_TURN_AT", 10)
    path = tmp_path / "part.log"
    with path.open("a") as writer:
        print("short", file=writer, flush=True)
        assert turn_log(path) == 6
        print("and longer", file=writer, flush=True)
        assert turn_log(path) == 0
        print("next", file=writer, flush=True)
    assert path.read_text() == "next\n"
    assert (tmp_path / "part.1.log").read_text() == "short\nand longer\n"
