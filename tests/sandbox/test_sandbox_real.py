import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from albumart.errors import NotFound
from albumart.sandbox.bandcamp import LIST_HOST, LIST_PATH
from albumart.sandbox.real import RealSite
from albumart.sandbox.server import running_sandbox

REAL_DATA = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"))
HOST = "f1.bcbits.com"
ROWS = (
    f"http://{HOST}/img/a0000000001_2.jpg\tjazz/a11.jpg",
    f"http://{HOST}/img/a0000000002_2.jpg\tpop/a12.jpg",  # no such file
    f"http://{HOST}/img/a0000000003_2.jpg\t../../secret.jpg",
    f"http://{HOST}/img/a0000000004_2.jpg\t/etc/passwd",
    f"http://{HOST}/img/a0000000005_2.jpg\tjazz/../../a13.jpg",
    f"http://{HOST}/img/a0000000006_2.jpg\t../a13.jpg",
    f"http://{HOST}/img/a0000000007_2.jpg",
    f"http://{HOST}/img/a0000000008_2.jpg\tjazz/a11.jpg\tmore",
    "http://[broken/img\tjazz/a11.jpg",
    "not a url\tjazz/a11.jpg",
    "",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    covers = tmp_path / "data" / "bandcamp" / "covers"
    (covers / "jazz").mkdir(parents=True)
    (covers / "jazz" / "a11.jpg").write_bytes(b"a cover")
    for outside in (tmp_path / "secret.jpg", covers / "a13.jpg", covers.parent / "a13.jpg"):
        outside.write_bytes(b"outside")
    (covers.parent / "dataset-links.tsv").write_bytes("\r\n".join(ROWS).encode() + b"\xff\n")
    return tmp_path / "data"


def test_the_list_is_served_as_it_lies(folder: Path) -> None:
    answer = RealSite(folder).answer(LIST_HOST, LIST_PATH)
    assert answer.body == (folder / "bandcamp" / "dataset-links.tsv").read_bytes()
    assert answer.etag


def test_a_cover_is_found_by_its_address(folder: Path) -> None:
    answer = RealSite(folder).answer(HOST, "/img/a0000000001_2.jpg")
    assert (answer.body, answer.content_type) == (b"a cover", "image/jpeg")
    assert answer.last_modified.endswith(" GMT")


@pytest.mark.parametrize("image", range(2, 9))
def test_rows_without_a_file_of_their_own_are_dead(folder: Path, image: int) -> None:
    assert RealSite(folder).answer(HOST, f"/img/a000000000{image}_2.jpg") is None


def test_hosts_are_those_of_the_rows(folder: Path) -> None:
    site = RealSite(folder)
    assert site.hosts == {LIST_HOST, HOST}
    assert site.answer(HOST, "/img/../a13.jpg") is None
    assert site.answer("example.org", "/img/a0000000001_2.jpg") is None


def test_served_over_http(folder: Path, ask_url: Callable[..., Any]) -> None:
    with running_sandbox(RealSite(folder)) as sandbox:
        assert ask_url(f"{sandbox.url}/{HOST}/img/a0000000001_2.jpg").body == b"a cover"
        assert ask_url(f"{sandbox.url}/{HOST}/img/a0000000002_2.jpg").status == 404
        assert ask_url(f"{sandbox.url}/{HOST}/robots.txt").status == 200


@pytest.mark.parametrize("name", ["missing", "data/bandcamp", "secret.jpg"])
def test_a_wrong_folder_is_one_line_that_says_what_to_do(folder: Path, name: str) -> None:
    with pytest.raises(
        NotFound, match=r"expected a folder of recorded data .* --real DIR"
    ) as caught:
        RealSite(folder.parent / name)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="ALBUMART_REAL_DATA holds no recorded data")
def test_the_recorded_data_is_served_at_its_real_addresses() -> None:
    site = RealSite(REAL_DATA)
    rows = site.answer(LIST_HOST, LIST_PATH).body.decode().splitlines()
    found = 0
    for url, label in (row.split("\t") for row in rows):
        host, _, path = url.removeprefix("http://").partition("/")
        answer = site.answer(host, f"/{path}")
        file = REAL_DATA / "bandcamp" / "covers" / label
        assert (answer is not None) == file.exists()
        found += answer is not None
    files = sum(1 for _ in (REAL_DATA / "bandcamp" / "covers").glob("*/*.jpg"))
    assert (len(rows), found) == (10_000, files)
