"""Label vectors from made files of word vectors."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from albumart.errors import NotFound, ParseError
from albumart.models.glove import read_glove, read_vectors

ROWS = """the 1 1 1
cerebral 3 0 4
Freewheeling 0 1 0
FREEWHEELING 0 0 1
laid-back 2 0 0
mellow 0 5 0
fantasy 0 0 2
like 9 9 9
street 1 0 0
smart 0 1 0
warm blooded 7 7 7
childlike 0 3 4
sad 1 0 0
Sad 0 1 0
"""
H = 0.5**0.5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "made.3d.txt"
    file.write_text(ROWS)
    return file


@pytest.mark.parametrize(
    ("label", "vector", "words"),
    [
        ("Cerebral", [0.6, 0, 0.8], None),
        ("Freewheeling", [0, 1, 0], None),
        ("Laid-Back/Mellow", [H, H, 0], ("laid-back", "mellow")),
        ("Child-like", [0, 0.6, 0.8], ("childlike",)),
        ("Fantasy-like", [0, 0, 1], ("fantasy",)),
        ("Street-Smart", [H, H, 0], ("street", "smart")),
        ("Street Smart", [H, H, 0], ("street", "smart")),
        ("Smart Motoric", [0, 1, 0], ("smart",)),
        ("Warm", None, None),
        ("Motoric/Unheard", None, None),
        ("Mellow/Motoric", [0, 1, 0], ("mellow",)),
        ("Like", [3**-0.5] * 3, None),
        ("Sad", [1, 0, 0], None),
    ],
)
def test_a_label_is_found_or_composed(
    path: Path, label: str, vector: list[float] | None, words: tuple[str, ...] | None
) -> None:
    space = read_glove(path, ("The", label))
    assert space.missing == (() if vector else (label,))
    assert space.composed == ({label: words} if words else {})
    assert space.vectors[1] == pytest.approx(np.array(vector or [0, 0, 0, 1]), abs=1e-6)
    assert "made.3d.txt" in space.maker


def test_only_the_wanted_rows_are_kept(path: Path) -> None:
    assert set(read_vectors(path, {"sad", "unheard", "freewheeling"})) == {"sad", "freewheeling"}


def test_a_file_that_knows_no_label_covers_none(path: Path) -> None:
    space = read_glove(path, ("Motoric", "Unheard"))
    assert space.coverage == 0
    assert (space.vectors == np.eye(2)).all()


@pytest.mark.parametrize("kind", ["gz", "zip", "crlf", "word2vec", "trailing"])
def test_all_kinds_of_files_tell_the_same(path: Path, tmp_path: Path, kind: str) -> None:
    other = tmp_path / f"other.{kind}"
    if kind == "gz":
        other.write_bytes(gzip.compress(ROWS.encode()))
    elif kind == "zip":
        with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir("made")
            archive.writestr("made/small.txt", "the 1\n")
            archive.writestr("made/large.txt", ROWS)
    elif kind == "crlf":
        other.write_bytes(ROWS.replace("\n", "\r\n").encode())
    elif kind == "word2vec":
        other.write_text(f"{ROWS.count(chr(10))} 3\n{ROWS}")
    else:
        other.write_text(ROWS.replace("\n", " \n"))
    labels = ("Cerebral", "Laid-Back/Mellow", "Sad")
    assert (read_glove(other, labels).vectors == read_glove(path, labels).vectors).all()


@pytest.mark.parametrize(
    ("rows", "line", "expected"),
    [
        ("the 1 2\nsad 1\n", 2, "a word and 2 numbers"),
        ("the 1 2\n\nsad 1 2\n", 2, "a word and 2 numbers"),
        ("the 1 2\nsad 1 two\n", 2, "2 finite numbers"),
        ("the 1 2\nof 2 1\nsad 1 nan\n", 3, "2 finite numbers"),
        ("the 1 2\nsad 1 inf\n", 2, "2 finite numbers"),
        ("the 1 2\nsad 0 0\n", 2, "2 finite numbers"),
        ("the 1 2\nsad 1 2 3\n", 2, "2 finite numbers"),
        ("the\n", 1, "a word and its numbers"),
        ("2 2\nsad 1\n", 2, "a word and 2 numbers"),
        ("the 1 2\n" + "9" * (1 << 17), 2, "lines under"),
    ],
)
def test_a_malformed_line_is_told(tmp_path: Path, rows: str, line: int, expected: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(rows)
    with pytest.raises(ParseError, match=expected) as refused:
        read_glove(path, ("Sad",))
    assert refused.value.where == f"{path}, line {line}"
    assert len(refused.value.got) < 80


def test_a_word_with_a_space_in_it_is_another_word(tmp_path: Path) -> None:
    path = tmp_path / "spaced.txt"
    path.write_text("the 1 2\nsad song 3 4\nsad 5 6\n")
    assert read_vectors(path, {"sad"})["sad"].tolist() == [5, 6]


def test_what_is_no_utf_8_is_no_wanted_word(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"s\xe4d 1 2\nsad 5 6\n")
    assert list(read_vectors(path, {"sad"})) == ["sad"]


def damaged_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("words.txt", ROWS * 50)
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(data)


def empty_zip(path: Path) -> None:
    zipfile.ZipFile(path, "w").close()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("none.txt", lambda path: path.write_bytes(b"")),
        ("cut.gz", lambda path: path.write_bytes(gzip.compress(ROWS.encode())[:-9])),
        ("text.gz", lambda path: path.write_text(ROWS)),
        ("text.zip", lambda path: path.write_text(ROWS)),
        ("empty.zip", empty_zip),
        ("damaged.zip", damaged_zip),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, name: str, write: object) -> None:
    path = tmp_path / name
    write(path)  # type: ignore[operator]
    with pytest.raises(ParseError) as refused:
        read_glove(path, ("Sad",))
    assert str(path) in refused.value.where


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"words\.txt"):
        read_glove(tmp_path / "words.txt", ("Sad",))
