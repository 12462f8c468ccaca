"""The JSON dump: what it is packed in, which lines are kept, and files that end early."""

import gzip
import io
import json
import lzma
import tarfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import NotFound, ParseError
from albumart.http.client import FetchPolicy
from albumart.sources import Page, Query, musicbrainz_dump
from albumart.sources.json_tree import Json
from albumart.sources.musicbrainz import fetch, parse
from albumart.sources.musicbrainz_dump import DUMP_POLICY, Wanted, fetch_dump

SAVED = (Path(__file__).parents[1] / "fixtures" / "musicbrainz" / "dump.jsonl").read_bytes()
GENRES = ("metal", "rap", "country", "rock")
MEMBER = "mbdump/release-group"


class AtHand:
    """A crawl that keeps what is at hand, and downloads from a table."""

    def __init__(self, files: Mapping[str, Path] | None = None) -> None:
        self.files = files or {}
        self.kept: list[str] = []
        self.expected = 0
        self.policy: FetchPolicy | None = None

    def get(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_for: timedelta | None = None,
    ) -> Page | None:
        raise NotImplementedError

    def keep(self, url: str, body: bytes) -> Page:
        self.kept.append(url)
        return Page("musicbrainz", url, body)

    def download(self, url: str, policy: FetchPolicy) -> Path:
        self.policy = policy
        return self.files[url]

    def expect(self, pages: int) -> None:
        self.expected += pages


def tar_of(body: bytes, *names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def line(number: int, *tags: str) -> bytes:
    group = {
        "id": f"44444444-aaaa-4bbb-8ccc-{number:012}",
        "title": f"Album {number}",
        "primary-type": "Album",
        "tags": [{"name": tag, "count": 1} for tag in tags],
    }
    return json.dumps(group).encode() + b"\n"


def albums(pages: Iterable[Page]) -> list[str]:
    return [album.title or "" for page in pages for album in parse(page)]


def read(path: Path, *genres: str) -> list[str]:
    return albums(fetch(AtHand(), Query(url=str(path), genres=genres or GENRES)))


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "release-group": lambda body: body,
    "lines.jsonl": lambda body: body.replace(b"\n", b"\r\n"),
    "lines.jsonl.gz": gzip.compress,
    "lines.jsonl.xz": lzma.compress,
    "release-group.tar": lambda body: tar_of(body, "COPYING", MEMBER),
    "release-group.tar.xz": lambda body: lzma.compress(tar_of(body, "TIMESTAMP", MEMBER)),
    "release-group.tar.gz": lambda body: gzip.compress(tar_of(body, MEMBER)),
    "no-suffix-of-xz": lambda body: lzma.compress(tar_of(body, "release-group")),
    "two-streams.xz": lambda body: lzma.compress(body[:999]) + lzma.compress(body[999:]),
    "no-line-end": lambda body: body.rstrip(),
    "blank-lines": lambda body: b"\n" + body + b"\n\n",
}


@pytest.mark.parametrize("name", PACKINGS)
def test_whatever_it_is_packed_in_the_same_lines_are_kept(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PACKINGS[name](SAVED))
    assert read(tmp_path / name) == ["Salt", "Voltage", "Añil"]


def test_a_genre_is_kept_with_its_spellings_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(SAVED)
    assert read(path, "rap") == ["Voltage"]
    assert read(path, "nueva canción") == ["Añil"]
    assert read(path, "zydeco") == []


def test_an_address_is_downloaded(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(SAVED)
    crawl = AtHand({"https://dumps.test/release-group.tar.xz": tmp_path / "x"})
    assert len(albums(fetch_dump(crawl, "https://dumps.test/release-group.tar.xz", GENRES))) == 3
    assert crawl.policy == DUMP_POLICY
    assert crawl.kept == ["https://dumps.test/release-group.tar.xz#2"]


def test_pages_have_a_thousand_lines_and_are_named_by_their_first(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    tags = ("rock", "blues")
    path.write_bytes(b"".join(line(number, tags[number % 2]) for number in range(1, 5_000)))
    crawl = AtHand()
    pages = list(fetch_dump(crawl, str(path), ("rock",)))
    assert [len(page.body.splitlines()) for page in pages] == [1_000, 1_000, 499]
    assert crawl.kept == [f"{path}#{number}" for number in (2, 2_002, 4_002)]
    assert crawl.expected == 3
    again = AtHand()
    assert [p.body for p in fetch_dump(again, str(path), ("rock",))] == [p.body for p in pages]


def test_long_lines_make_smaller_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicbrainz_dump, "BYTES_PER_PAGE", 250)
    path = tmp_path / "dump"
    path.write_bytes(b"".join(line(number, "rock") for number in range(6)))
    assert [len(page.body.splitlines()) for page in fetch_dump(AtHand(), str(path), ["rock"])] == [
        2,
        2,
        2,
    ]


def test_reading_is_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"".join(line(number, "rock") for number in range(1_500)) + b"torn")
    pages = fetch_dump(AtHand(), str(path), ["rock"])
    assert len(next(pages).body.splitlines()) == 1_000  # before the end was seen


WHOLE = b"".join(line(number, "rock") for number in range(1, 4_001))


@pytest.mark.parametrize(
    ("packed", "at_least"),
    [
        (WHOLE + line(4_001, "rock")[:-9], 4_000),
        (WHOLE + b"<html>\n" + WHOLE, 4_000),
        (WHOLE + b'{"name": "rock"\n', 4_000),
        (WHOLE + b'{"name":"rock",}\n', 4_000),
        (WHOLE + b'{"tags":{"name":"rock"}}\n', 4_000),
        (gzip.compress(WHOLE)[:-1_000], 3_500),
        (lzma.compress(WHOLE)[:-100], 3_500),
        (tar_of(WHOLE, MEMBER)[:-100_000], 3_000),
        (lzma.compress(tar_of(WHOLE, MEMBER))[:-100], 3_500),
        (gzip.compress(WHOLE)[:15_000] + b"x" * 999, 1_000),
    ],
    ids=["cut", "html", "no-json", "odd-json", "odd-shape", "gz", "xz", "tar", "tar.xz", "noise"],
)
def test_a_torn_file_says_where_and_loses_nothing_before(
    packed: bytes, at_least: int, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    path.write_bytes(packed)
    came: list[Page] = []
    with pytest.raises(ParseError) as torn:
        deque(map(came.append, fetch_dump(AtHand(), str(path), ["rock"])))
    number = int(torn.value.where.removeprefix(f"{path}, line ").partition(",")[0])
    assert number > at_least
    assert len(albums(came)) == number - 1


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicbrainz_dump, "LONGEST_LINE", 1_000)
    path = tmp_path / "dump"
    path.write_bytes(line(1, "rock") + b"}" * 5_000)
    with pytest.raises(ParseError, match="line 2: expected a JSON object on one line"):
        list(fetch_dump(AtHand(), str(path), ["rock"]))


@pytest.mark.parametrize("body", [b"", gzip.compress(b"", mtime=0), tar_of(b"", MEMBER)])
def test_an_empty_file_is_no_dump(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(body)
    with pytest.raises(ParseError, match="expected a whole dump; got no line"):
        list(fetch_dump(AtHand(), str(path), ["rock"]))


def test_another_dump_is_refused_and_nothing_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "artist.tar.xz"
    path.write_bytes(lzma.compress(tar_of(b"{}", "COPYING", "mbdump/artist", "../evil")))
    with pytest.raises(ParseError, match="mbdump/release-group; got COPYING, mbdump/artist"):
        list(fetch_dump(AtHand(), str(path), ["rock"]))
    assert [file.name for file in tmp_path.rglob("*")] == ["artist.tar.xz"]


@pytest.mark.parametrize("name", ["missing", "."])
def test_no_such_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected MusicBrainz's JSON dump"):
        list(fetch_dump(AtHand(), str(tmp_path / name), ["rock"]))


WORDS = st.sampled_from(["metal", "death metal", "hip hop", "Hip-Hop/Rap", "pop_music", "métal"])
NAMES = WORDS | st.text(max_size=12)


@given(NAMES, st.lists(NAMES, max_size=3), st.booleans())
def test_the_quick_look_misses_nothing(word: str, tags: list[str], as_ascii: bool) -> None:
    group = {"tags": [{"name": tag, "count": 1} for tag in tags]}
    wanted = Wanted([word])
    if wanted.is_met(Json(group, "here")):
        assert wanted.may_be(json.dumps(group, ensure_ascii=as_ascii).encode())


@pytest.mark.parametrize(
    ("word", "tag", "is_met"),
    [
        ("metal", "metal", True),
        ("metal", "Death Metal", True),
        ("metal", "metallic", False),
        ("hip hop", "hip-hop/rap", True),
        ("hip hop", "hop hip", False),
        ("pop", "pop_music", True),
        ("r&b", "R&B", True),
        ("—", "metal", False),
    ],
)
def test_words_are_whole(word: str, tag: str, is_met: bool) -> None:
    group = Json({"genres": None, "tags": [{"name": tag, "count": 1}]}, "here")
    assert Wanted([word]).is_met(group) == is_met
