"""Files, folders, addresses and keys of albums become images."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from scored_covers import store_covers

from albumart.album import cover_key
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.images import MAX_BYTES, inspect_cover
from albumart.sandbox.server import Sandbox, running_sandbox
from albumart.sandbox.wire import PLAIN, Answer, tagged
from albumart.serving.inputs import Input, Inputs, Kind, Reader, find_inputs
from albumart.stores.workspace import Workspace


def picture(kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (9, 99, 200)).save(buffer, kind)
    return buffer.getvalue()


class Shelf:
    """What the sandbox serves as example.test."""

    hosts = frozenset({"example.test"})

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}

    def answer(self, host: str, path: str) -> Answer | None:
        return self.answers.get(path)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def served(shelf: Shelf) -> Iterator[Sandbox]:
    with running_sandbox(shelf) as running:
        yield running


@pytest.fixture
def client(served: Sandbox, tmp_path: Path) -> Iterator[PoliteClient]:
    pacer = Pacer(tmp_path / "pace")
    with PoliteClient("", pacer=pacer, mirror=served.url) as opened:
        yield opened


def names(found: Inputs, folder: Path) -> list[str]:
    return [Path(item.word).relative_to(folder).as_posix() for item in found.items]


def test_a_folder_is_walked_and_what_is_no_image_is_counted(tmp_path: Path) -> None:
    for name in ("b/c.WEBP", "b/d.txt", "a.jpg", "noname", "e.gif", ".hidden.png", ".git/x.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"some words")
    (tmp_path / "noname").write_bytes(picture("WEBP"))  # by how it begins
    (tmp_path / "sound").write_bytes(b"RIFF....WAVEfmt ")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")  # nobody writes into it: to open it would be to wait forever
    found = find_inputs([str(tmp_path)])
    assert names(found, tmp_path) == ["a.jpg", "e.gif", "noname", "b/c.WEBP"]
    # d.txt, sound, .hidden.png, gone.jpg and pipe.jpg.
    assert found.skipped == 5
    assert {item.kind for item in found.items} == {Kind.FILE}


def test_links_that_go_in_circles_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    assert names(find_inputs([str(tmp_path)]), tmp_path) == ["a.png"]


def test_a_file_that_may_not_be_read_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(picture())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert find_inputs([str(tmp_path)]) == Inputs((), 1)


def test_words_tell_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bandcamp:9").write_bytes(picture())
    words = ["HTTPS://x.test/a", "http://x.test", "bandcamp:1", "bandcamp:9", "nobody:1", "x" * 999]
    found = find_inputs(words)
    assert [item.kind.value for item in found.items] == [
        *("address", "address", "album", "file", "file", "file"),
    ]
    assert found.has(Kind.ALBUM)
    assert not find_inputs(["a.jpg"]).has(Kind.ADDRESS)


def test_files_are_read_and_what_is_missing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    read = Reader()
    assert read(Input(Kind.FILE, str(path))).data == picture()
    gone = read(Input(Kind.FILE, str(tmp_path / "b.png")))
    assert (gone.data, gone.error) == (None, "No such file or directory")
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 10)
    data = read(Input(Kind.FILE, str(path))).data
    assert data is not None
    assert len(data) == MAX_BYTES + 1  # enough to be refused
    for kind in (Kind.ADDRESS, Kind.ALBUM):
        assert f"expected a file; got an {kind}" in str(read(Input(kind, "x")).error)


def test_digests_are_told_where_they_are_wanted(tmp_path: Path) -> None:
    path, text = tmp_path / "a.png", tmp_path / "b.png"
    path.write_bytes(picture())
    text.write_text("words")
    assert Reader()(Input(Kind.FILE, str(path))).pixel_sha256 is None
    read = Reader(digests=True)
    told = read(Input(Kind.FILE, str(path))).pixel_sha256
    assert told == inspect_cover(picture("GIF")).pixel_sha256
    unreadable = read(Input(Kind.FILE, str(text)))
    assert (unreadable.data, unreadable.pixel_sha256) == (b"words", None)


def test_stored_covers_are_read_by_the_key_of_their_album(workspace: Workspace) -> None:
    store_covers(workspace, [0, 1])
    read = Reader(workspace)
    (sha256,) = dict(workspace.albums.stored_covers(keys=("bandcamp:red000",) * 2)).values()
    assert read(Input(Kind.ALBUM, "bandcamp:red000")).data == workspace.objects.get(
        cover_key(sha256)
    )
    workspace.albums.forget_covers(["bandcamp:blue000"])
    workspace.objects.delete(cover_key(sha256))
    errors = [
        str(read(Input(Kind.ALBUM, f"bandcamp:{name}")).error)
        for name in ("none", "blue000", "red000")
    ]
    assert "no album 'bandcamp:none'" in errors[0]
    assert "album 'bandcamp:blue000' has no stored cover" in errors[1]
    assert sha256 in errors[2]


def test_addresses_are_fetched(shelf: Shelf, client: PoliteClient) -> None:
    shelf.answers["/cover"] = tagged(picture(), "image/png")
    shelf.answers["/large"] = tagged(b"x" * (MAX_BYTES + 1), PLAIN)
    shelf.answers["/robots.txt"] = tagged(b"User-agent: *\nDisallow: /private", PLAIN)
    read = Reader(client=client)

    def error(url: str) -> str:
        found = read(Input(Kind.ADDRESS, url))
        assert found.data is None
        return str(found.error)

    assert read(Input(Kind.ADDRESS, "https://example.test/cover")).data == picture()
    assert "expected an image; got status 404" in error("https://example.test/none")
    assert str(MAX_BYTES) in error("https://example.test/large")
    assert "robots.txt says no" in error("https://example.test/private")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1/a.png", "expected a public address"),
        ("http://169.254.169.254/latest", "expected a public address"),
        ("http://[::1]/a.png", "expected a public address"),
        ("http://localhost/a.png", "expected a public DNS name"),
        ("http://example.test:22/", "expected port 80 or 443"),
        ("https://me:secret@example.test/", "expected no user name"),
    ],
)
def test_private_addresses_are_refused_unasked(tmp_path: Path, url: str, said: str) -> None:
    with PoliteClient("me@example.org", pacer=Pacer(tmp_path)) as live:
        found = Reader(client=live)(Input(Kind.ADDRESS, url))
    assert said in str(found.error)
    assert "secret" not in str(found.error)


def test_a_client_without_a_contact_says_what_to_do(tmp_path: Path) -> None:
    with PoliteClient("", pacer=Pacer(tmp_path)) as nameless:
        found = Reader(client=nameless)(Input(Kind.ADDRESS, "https://example.test/a.png"))
    assert "set ALBUMART_CONTACT" in str(found.error)
