"""``albumart predict`` on real stores and with a real network."""

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from scored_covers import STUDY, made_champion, store_covers

from albumart.album import cover_key
from albumart.endpoints import Endpoints
from albumart.sandbox.server import running_sandbox
from albumart.sandbox.wire import Answer, tagged
from albumart.stores.workspace import Workspace

Run = Callable[..., subprocess.CompletedProcess[str]]


class Shelf:
    """What the sandbox serves as example.test."""

    hosts = frozenset({"example.test"})

    def __init__(self, data: bytes) -> None:
        self._answers = {"/cover.png": tagged(data, "image/png")}

    def answer(self, host: str, path: str) -> Answer | None:
        return self._answers.get(path)


def plain(red: int, blue: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (red, 0, blue)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def run(workspace: Workspace, own_endpoints: Endpoints, typed: Run) -> Run:
    store_covers(workspace, range(20))
    made_champion(workspace)

    def predict(*words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        known = own_endpoints.as_environment() | environment
        done = typed("predict", *words, "--study", STUDY, **known)
        assert done.returncode == code, done.stderr
        return done

    return predict


def test_everything_that_can_be_asked_of_covers(
    run: Run, workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "blue\x1b[2J.png").write_bytes(plain(60, 250))
    (folder / "words.jpg").write_text("no image")
    (folder / "notes.txt").write_text("no image")
    (row,) = (row for row in workspace.albums.rows() if row["album"] == "bandcamp:red009")
    stored = workspace.objects.get(cover_key(row["cover_sha256"]))
    (tmp_path / "cover.png").write_bytes(stored)
    with running_sandbox(Shelf(plain(250, 60))) as served:
        done = run(
            *("mine", "cover.png", "https://example.test/cover.png", "bandcamp:red008"),
            *("https://example.test/none.png", "--intended", "red", "--explain", "mine"),
            *("--similar", "2", "--top", "1"),
            code=1,
            ALBUMART_MIRROR=served.url,
        )
    assert "\x1b" not in done.stdout
    assert (
        "2 of 6 could not be judged\n1 other files in the folders were passed over" in done.stderr
    )
    blocks: list[list[str]] = []
    for line in done.stdout.splitlines():
        if line.startswith("  "):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    blue, words, cover, address, album, none = blocks
    # The made version has no confidence from which on it is sure.
    assert blue[0] == "mine/blue [2J.png: not sure: blue over 99 %"
    assert blue[1].startswith(
        "  Does not clearly read as red (under 1 %, 2nd of 2): it leans to blue"
    )
    assert len(words) == len(none) == 1
    assert words[0].startswith("mine/words.jpg: expected JPEG, PNG, WEBP, GIF")
    assert none[0].endswith("expected an image; got status 404")
    assert cover[0].startswith("cover.png: not sure: red ")
    assert cover[1].startswith("  Leans to red (")
    assert cover[2] == "  where it looked: mine/cover.explained.png"
    # It is stored itself, as red009; that is not told of it.
    assert [line.split()[1] for line in cover[3:]] == ["bandcamp:red008", "bandcamp:red007"]
    assert cover[3].endswith("[31mA – T17 (red)")
    assert address[0].startswith("https://example.test/cover.png: not sure: red ")
    assert address[2] == "  where it looked: mine/cover-2.explained.png"
    near = {line.split()[1] for line in album[3:]}
    assert near == {"bandcamp:red007", "bandcamp:red009"}
    assert {path.name for path in folder.glob("*.explained.png")} == {
        "blue-2J.explained.png", "cover.explained.png", "cover-2.explained.png",
        "bandcamp-red008.explained.png",
    }  # fmt: skip
    with Image.open(folder / "cover.explained.png") as overlay:
        assert (overlay.format, overlay.size) == ("PNG", (32, 32))


def test_a_program_reads_a_line_for_each_image(
    run: Run, workspace: Workspace, tmp_path: Path
) -> None:
    made_champion(workspace, run="b", sharpness=40.0)
    for n in range(40):
        (tmp_path / f"{n:02}.png").write_bytes(plain(100 + n, 60))
    (tmp_path / "00.png").write_text("broken")
    done = run(str(tmp_path), "--json", "--version", "2", "--intended", "blue", code=1)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(each["image"]).name for each in lines] == [f"{n:02}.png" for n in range(40)]
    keys = [
        *("image", "study", "version", "labels", "not_sure"),
        *("intended", "similar", "overlay", "error"),
    ]
    assert all(list(each) == keys for each in lines)
    broken, first, *_ = lines
    assert "expected JPEG" in broken.pop("error")
    image = str(tmp_path / "00.png")
    assert broken == {"study": STUDY, "version": 2, "image": image} | dict.fromkeys(keys[3:-1])
    assert (first["error"], first["similar"], first["overlay"]) == (None, None, None)
    assert [label["label"] for label in first["labels"]] == ["red", "blue"]
    assert sum(label["probability"] for label in first["labels"]) == pytest.approx(1)
    assert first["intended"]["fits"] is False
    assert (first["intended"]["rank"], first["intended"]["taken_for"]) == (2, "red")
    assert set(first["intended"]) == {
        *("intended", "fits", "probability", "rank", "labels"),
        *("taken_for", "not_sure", "sentence"),
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--intended", "bleu"], "no label 'bleu' (did you mean 'blue'?); there are: blue, red"),
        (["--version", "9"], "no version 9 of study 'made'; there are: [1, 2]"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_line(run: Run, words: list[str], said: str) -> None:
    done = run("a.png", *words, code=1)
    assert said in done.stderr
    assert done.stdout == ""


def test_a_folder_without_images_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").touch()
    done = run("empty", code=1)
    assert done.stderr == "albumart: empty: no image in it; 1 other files\n"
