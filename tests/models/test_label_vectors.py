"""Which label space a head has: learnt, or that of a file of word vectors, named by its content."""

import hashlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from albumart.errors import BadStudy, NotFound, ParseError, UnsafeInput
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.models.label_space import LabelSpace, build_label_space
from albumart.models.label_vectors import find_space, prepare_space, space_identity

ROWS = b"calm 1 0\nsad 0 1\nthe 3 3\n"
SHA256 = hashlib.sha256(ROWS).hexdigest()
ABSENT = "0" * 64
LABELS = ("Calm", "Sad", "Wry")
ADDRESS = f"https://words.example.org/made.2d.txt?download=1#sha256={SHA256}"


def learn() -> LabelSpace:
    return build_label_space(LABELS, [[1], [2], [3]], maker="learnt")


def never() -> LabelSpace:
    raise AssertionError("nothing was to be learnt")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "made.2d.txt"
    file.write_bytes(ROWS)
    return file


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[Callable[[], PoliteClient]]:
    """The way to a host that has the file at every address."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(ROWS)))
            self.end_headers()
            self.wfile.write(ROWS)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    mirror = f"http://127.0.0.1:{server.server_port}"
    yield lambda: PoliteClient("", pacer=Pacer(tmp_path), mirror=mirror)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_space_is_named_by_what_is_in_it(path: Path) -> None:
    assert space_identity("cooccurrence") == "cooccurrence"
    for pinned in ("", f"#sha256={SHA256}"):
        assert space_identity(f"glove:{path}{pinned}") == f"glove:{SHA256}"
    assert space_identity(f"glove:{ADDRESS}") == f"glove:{SHA256}"


@pytest.mark.parametrize(
    ("space", "error", "said"),
    [
        ("glove:/nowhere/words.txt", NotFound, "expected word vectors at /nowhere/words.txt"),
        ("glove:x#sha256=12", BadStudy, "word vectors 'x#sha256=12': expected 64 hexadecimal"),
        ("glove:https://words.example.org/a.txt", BadStudy, "expected #sha256=… after the address"),
        (f"glove:http://words.example.org/a#sha256={SHA256}", UnsafeInput, "expected https"),
        (f"glove:https://10.0.0.1/a.txt#sha256={SHA256}", UnsafeInput, "a public address"),
    ],
)
def test_what_cannot_be_had_is_said_at_once(space: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        space_identity(space)


def test_another_file_than_the_one_that_was_meant_is_refused(path: Path) -> None:
    with pytest.raises(UnsafeInput, match=f"expected word vectors with sha256 {ABSENT}") as refused:
        space_identity(f"glove:{path}#sha256={ABSENT}")
    assert refused.value.code == "digest"


def test_only_the_rows_of_the_labels_are_kept(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    found = find_space(f"glove:{path}", LABELS, kept, learn=never)
    assert found.missing == ("Wry",)
    assert found.maker == "word vectors of made.2d.txt"
    (file,) = kept.iterdir()
    file.write_bytes(LabelSpace(LABELS, found.vectors, (), "as it was kept").to_bytes())
    again = find_space(f"glove:{path}#sha256={SHA256}", LABELS, kept, learn=never)
    assert again.maker == "as it was kept"  # the file was not read a second time
    other = find_space(f"glove:{path}", LABELS[:2], kept, learn=never)
    assert other.labels == LABELS[:2]
    assert len(list(kept.iterdir())) == 2


def test_without_a_file_the_space_is_learnt(tmp_path: Path) -> None:
    assert find_space("cooccurrence", LABELS, tmp_path, learn=learn).maker == "learnt"
    assert not list(tmp_path.iterdir())


def test_a_file_without_vectors_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(b"")
    with pytest.raises(ParseError, match="an empty file"):
        find_space(f"glove:{path}", LABELS, tmp_path / "kept", learn=never)
    assert not (tmp_path / "kept").exists()


def test_an_address_is_brought_once(
    open_client: Callable[[], PoliteClient], tmp_path: Path, path: Path
) -> None:
    folder = tmp_path / "brought"
    near = prepare_space(f"glove:{ADDRESS}", folder, open_client)
    assert near == f"glove:{folder}/{SHA256}/made.2d.txt#sha256={SHA256}"
    assert prepare_space(f"glove:{ADDRESS}", folder, never) == near  # type: ignore[arg-type]
    assert find_space(near, LABELS, tmp_path / "kept", learn=never).missing == ("Wry",)
    for here in ("cooccurrence", f"glove:{path}"):
        assert prepare_space(here, folder, never) == here  # type: ignore[arg-type]


def test_another_file_at_the_address_is_not_kept(
    open_client: Callable[[], PoliteClient], tmp_path: Path
) -> None:
    folder = tmp_path / "brought"
    wrong = ADDRESS.replace(SHA256, ABSENT)
    with pytest.raises(UnsafeInput, match=f"expected a file with sha256 {ABSENT}; got {SHA256}"):
        prepare_space(f"glove:{wrong}", folder, open_client)
    assert not [file for file in folder.rglob("*") if file.is_file()]
