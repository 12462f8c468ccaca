"""Pages that somebody saved."""

from dataclasses import replace
from pathlib import Path

import pytest
from toy_source import TOY, Scrape

from albumart.collect.saved import saved_pages, saved_source
from albumart.errors import NotFound
from albumart.sources.base import Query
from albumart.stores.workspace import Workspace


def test_a_part_belongs_to_its_page(tmp_path: Path) -> None:
    for name in ("a.html", "a.moods.html", "b.html", "c.moods.html"):
        (tmp_path / name).write_text(name)
    pages = {Path(page.url).name: page for page in saved_pages("toy", tmp_path)}
    assert sorted(pages) == ["a.html", "b.html", "c.moods.html"]
    assert [part.body for part in pages["a.html"].also] == [b"a.moods.html"]
    assert pages["b.html"].also == ()


def test_one_file_is_one_page(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_text("x")
    (page,) = saved_pages("toy", file)
    assert (page.url, page.body) == (file.as_uri(), b"x")


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected saved pages"):
        list(saved_pages("toy", tmp_path))
    with pytest.raises(NotFound, match="expected saved pages"):
        list(saved_pages("toy", tmp_path / "none.html"))


def test_saved_pages_are_stored_like_scraped_ones(
    scrape: Scrape, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "one.json").write_text('{"id": "1", "genre": "jazz", "title": "One"}')
    source = saved_source(replace(TOY, needs_permission=True))
    assert not source.needs_permission
    query = Query(url=str(tmp_path))
    assert scrape(source=source, query=query).albums.inserted == 1
    assert scrape(source=source, query=query).run is None
    assert [album.title for album in workspace.albums.find_albums("toy")] == ["One"]
