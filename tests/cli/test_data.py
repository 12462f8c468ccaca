"""``albumart data``: on real stores, in this process."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from albumart.album import Album, CoverResult, CoverStatus, Origin
from albumart.cli.app import app
from albumart.endpoints import Endpoints
from albumart.errors import AlbumArtError, NotFound
from albumart.sandbox.server import running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.stores.changes import Told
from albumart.stores.pages import PageState
from albumart.stores.workspace import Workspace, open_workspace

Data = Callable[..., Result]
GENRES = ("ambient", "folk", "jazz", "metal", "pop", "punk", "rock", "soul")


@pytest.fixture
def data(own_endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Data:
    """``data("status")``: the command in this process, on stores of the test's own."""
    for name, value in own_endpoints.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("albumart.cli.pages.show_stations", lambda: None)
    monkeypatch.setattr("albumart.cli.output.show_stations", lambda: None)

    def run(*words: str) -> Result:
        result = CliRunner().invoke(app, ["data", *words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def live(own_endpoints: Endpoints, tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(own_endpoints, tmp_path / "cache") as opened:
        yield opened


def listing(folder: Path, *genres: str) -> Path:
    """A saved Bandcamp list in a folder of its own."""
    folder.mkdir(exist_ok=True)
    rows = [
        f"http://f1.bcbits.com/img/a{number}_2.jpg\t{genre}/a{number}.jpg\n"
        for number, genre in enumerate(genres, start=1)
    ]
    (folder / "list.tsv").write_text("".join(rows))
    return folder


def test_parse_shows_albums_and_stores_nothing(data: Data, tmp_path: Path, live: Workspace) -> None:
    folder = listing(tmp_path / "saved", "jazz", "metal")
    result = data("parse", "bandcamp", str(folder), "--json")
    albums = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(album["source_id"], album["genres"]) for album in albums] == [
        ("1", ["jazz"]),
        ("2", ["metal"]),
    ]
    plain = data("parse", "bandcamp", str(folder / "list.tsv")).stdout
    assert "bandcamp:1\n" in plain
    assert "  genres      jazz\n" in plain
    assert live.albums.scopes() == []


def test_parse_says_what_is_wrong_with_a_page(data: Data, tmp_path: Path) -> None:
    (tmp_path / "bad.tsv").write_text("no tab\n")
    result = data("parse", "bandcamp", str(tmp_path / "bad.tsv"))
    assert result.exit_code == 1
    assert "bad.tsv, line 1: expected 2 tab-separated columns" in result.stderr


def test_parse_knows_its_sources(data: Data, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no source 'bandcmap' \\(did you mean 'bandcamp'"):
        data("parse", "bandcmap", str(tmp_path))


def test_saved_pages_are_imported_once_and_their_shrinking_is_noticed(
    data: Data, tmp_path: Path
) -> None:
    folder = listing(tmp_path / "saved", *GENRES)
    assert ": 8 albums new, 0 changed" in data("import", "bandcamp", str(folder)).stdout
    assert ": 0 albums new, 0 changed" in data("import", "bandcamp", str(folder)).stdout
    listing(folder, GENRES[0])
    refused = data("import", "bandcamp", str(folder))
    assert refused.exit_code == 1
    assert "all: 1 albums, before 8: shrank by more than 5%" in refused.stdout
    (quarantined, current) = json.loads(data("scrapes", "--json").stdout)["scrapes"]
    assert (quarantined["status"], current["status"]) == ("quarantined", "current")
    assert quarantined["run"] in data("scrapes", "--source", "bandcamp").stdout
    accepted = data("accept", quarantined["run"]).stdout
    assert accepted == f"{quarantined['run']} is current: 0 albums new, 0 changed, 0 set aside\n"
    with pytest.raises(AlbumArtError, match="expected a quarantined scrape"):
        data("accept", quarantined["run"])
    with pytest.raises(NotFound, match="no scrape 'nothing'"):
        data("accept", "nothing")


def test_what_changed_has_a_history(data: Data, tmp_path: Path) -> None:
    folder = listing(tmp_path / "saved", *GENRES)
    data("import", "bandcamp", str(folder))
    listing(folder, "metal", *GENRES[1:])
    data("import", "bandcamp", str(folder))
    assert "genres: ['ambient'] → ['metal']" in data("history", "bandcamp:1").stdout
    assert data("history", "bandcamp:2").stdout.startswith("bandcamp:2 has not changed")
    told = json.loads(data("history", "bandcamp:1", "--json").stdout)
    assert told["history"][0]["changes"][0]["new"] == ["metal"]


def test_status_and_pages_count(data: Data, tmp_path: Path) -> None:
    data("import", "bandcamp", str(listing(tmp_path / "saved", *GENRES)))
    origins = json.loads(data("status", "--json").stdout)["origins"]
    (scope,) = origins["live"]
    assert origins["live"][scope]["covers"]["pending"] == 8
    assert "pending" in data("status", "--source", "bandcamp").stdout
    pages = json.loads(data("pages", "--json").stdout)["pages"]
    assert pages == [{"source": "bandcamp", "status": "stored", "code": "", "pages": 1}]
    assert "stored" in data("pages").stdout


def test_reparse_reads_kept_pages(data: Data, tmp_path: Path) -> None:
    data("import", "bandcamp", str(listing(tmp_path / "saved", *GENRES)))
    said = data("reparse", "bandcamp").stdout
    assert "1 pages read again, 0 of them could not be" in said
    assert "0 albums new, 0 changed, 8 unchanged" in said


def test_export_is_a_table_that_no_spreadsheet_runs(data: Data, live: Workspace) -> None:
    live.albums.upsert_albums(
        [
            Album("bandcamp", "1", (), ("metal",), title="=cmd()|A1", tags=("rap",)),
            Album("bandcamp", "2", (), ("polka",)),
        ]
    )
    rows = list(csv.DictReader(io.StringIO(data("export").stdout)))
    assert rows[0]["title"] == "'=cmd()|A1"
    assert (rows[0]["metal"], rows[0]["rap"], rows[0]["sum_genres"]) == ("1", "1", "2")
    assert rows[1]["rock"] == "0"


def test_a_table_without_albums_has_its_header(data: Data) -> None:
    (header,) = csv.reader(io.StringIO(data("export", "--source", "itunes").stdout))
    assert header[0] == "source"
    assert header[-1] == "sum_genres"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("status", "--source", "bandcmap"), "did you mean 'bandcamp'"),
        (("retry", "--source", "nothing"), "no source 'nothing'"),
        (("reparse", "nothing"), "no source 'nothing'"),
        (("import", "nothing", "."), "no source 'nothing'"),
        (("import", "bandcamp", "/nowhere"), "/nowhere: expected saved pages"),
        (("parse", "bandcamp", "/nowhere"), "/nowhere: expected saved pages"),
        (("history", "itunes:1"), "no album 'itunes:1'"),
        (("accept", "nothing"), "no scrape 'nothing'"),
        (("retry", "--origin", "recorded"), "--origin recorded: expected --mirror"),
    ],
)
def test_a_wrong_word_is_one_line(data: Data, words: tuple[str, ...], expected: str) -> None:
    with pytest.raises(AlbumArtError) as raised:
        data(*words)
    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("command", ["pages", "scrapes", "quarantined", "unmapped", "status"])
def test_programs_read_one_object_a_line(
    data: Data, workspace: Workspace, live: Workspace, command: str, origin: Origin
) -> None:
    told = Told("bandcamp", "p\x1b[31m\u2028", "run-1")
    row = Album("bandcamp", "1", (), ("$gt",), year=99999, title="a\x00b\nc\u202e\x1b[31m")
    for stores in (workspace, live):
        stores.albums.upsert_albums([row, replace(row, source_id="2")], told)
        stores.pages.record(PageState("bandcamp", "u\x1b", CoverStatus.AGAIN, "timeout"))
        stores.scrapes.begin("bandcamp", "bandcamp")
    of_it = () if command == "status" else ("--origin", origin)
    lines = data(command, *of_it, "--json").stdout.split("\n")
    found = [json.loads(line) for line in lines if line]
    told_there = command == "quarantined" and origin is not Origin.RECORDED
    assert len(found) == (2 if told_there else int(command != "quarantined"))
    shown = data(command, *of_it).stdout
    assert all(line.isprintable() for line in shown.split("\n"))


def test_what_strangers_wrote_is_shown_without_its_control_characters(
    data: Data, tmp_path: Path
) -> None:
    (tmp_path / "a.tsv").write_text("http://f1.bcbits.com/img/\x1b[31m\x9ba1.jpg\tjazz/a1.jpg\n")
    (tmp_path / "b.tsv").write_text("x\ty\x1b[31m\u202e\n")
    result = data("parse", "bandcamp", str(tmp_path))
    assert "bandcamp:1" in result.stdout
    for text in (result.stdout, result.stderr):
        assert all(line.isprintable() for line in text.split("\n"))
    assert all(line.isprintable() for line in result.stderr.split("\n"))


def test_unmapped_words_are_shown_with_their_albums(data: Data, live: Workspace) -> None:
    words = [("metal",), ("metal", "zzgrindwave"), ("zzgrindwave",)]
    live.albums.upsert_albums([Album("bandcamp", str(n), (), w) for n, w in enumerate(words)])
    said = data("unmapped").stdout
    assert "3 albums; 0 have no word, 1 no known one" in said
    assert "genres: 50.0% of the words met are known" in said
    assert "zzgrindwave  2       genres" in said
    assert json.loads(data("unmapped", "--json").stdout)["unmapped"][0]["albums"] == 2


def test_quarantined_rows_are_listed(data: Data, live: Workspace) -> None:
    live.albums.upsert_albums([Album("bandcamp", "1", (), year=99999)])
    assert data("quarantined").stdout == "bandcamp:1  validator  \n"
    assert json.loads(data("quarantined", "--json").stdout)["reason"] == "validator"


def test_retry_asks_for_what_failed(data: Data, live: Workspace) -> None:
    site = MadeSite(scale=0.1)
    cover = f"http://f1.bcbits.com/img/a{site.catalogue.albums[0].image_id:010}_2.jpg"
    live.albums.upsert_albums([Album("bandcamp", "1", (cover,), ("jazz",))])
    live.albums.record_covers([CoverResult("bandcamp:1", CoverStatus.AGAIN, "timeout")])
    with running_sandbox(site) as sandbox:
        said = data("retry", "--mirror", sandbox.url, "--code", "timeout").stdout
    assert said == "pages: none\ncovers: 1 stored\n"
