"""Kept pages read again by a mended parser."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from toy_source import HOST, TOY, Scrape, ToySite, entry, parse

from albumart.album import Album, CoverStatus
from albumart.collect.reparse import reparse_source
from albumart.errors import ParseError
from albumart.sandbox.server import Sandbox
from albumart.sources import Page
from albumart.stores.workspace import Workspace


def shouting(page: Page) -> Iterator[Album]:
    """A mended parser: titles in capitals."""
    for album in parse(page):
        yield replace(album, title=(album.title or "").upper(), genres=("polka",))


MENDED = replace(TOY, parse=shouting)


def test_all_of_history_is_read_again_without_a_request(
    scrape: Scrape, workspace: Workspace, site: ToySite, toy_server: Sandbox
) -> None:
    scrape()
    site.write("one", entry(0, title="Renamed"), entry(1))
    scrape()
    asked = toy_server.requests.count(f"/{HOST}/")
    counts = reparse_source(workspace, MENDED)
    assert toy_server.requests.count(f"/{HOST}/") == asked
    assert (counts.pages, counts.broken) == (4, 0)
    titles = {album.key: album.title for album in workspace.albums.find_albums()}
    assert titles["toy:0"] == "RENAMED"  # the newest page decides
    assert titles["toy:2"] == "ALBUM 2"  # and an album that left is mended too
    assert reparse_source(workspace, MENDED).albums.changed == 0


def test_the_next_scrape_is_compared_with_what_the_mended_parser_reads(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    scrape()
    reparse_source(workspace, MENDED)
    site.write("one", *(entry(n) for n in range(6)))
    assert scrape(source=MENDED).reasons == ()


def test_a_page_that_could_not_be_read_is_read_by_a_mended_parser(
    scrape: Scrape, workspace: Workspace, site: ToySite
) -> None:
    site.pages["/two"] = b"not yet understood"
    with pytest.raises(ParseError):
        scrape()

    def mended(page: Page) -> Iterator[Album]:
        return iter([Album("toy", "99", ())]) if b"not" in page.body else parse(page)

    understanding = replace(TOY, parse=mended)
    counts = reparse_source(workspace, understanding)
    assert (counts.pages, counts.broken, counts.albums.inserted) == (1, 0, 1)
    assert workspace.pages.find("toy", f"https://{HOST}/two").status is CoverStatus.STORED


def test_a_page_that_still_cannot_be_read_is_counted(scrape: Scrape, workspace: Workspace) -> None:
    scrape()

    def broken(page: Page) -> Iterator[Album]:
        raise ParseError(expected="sense", got="none", where=page.url)

    counts = reparse_source(workspace, replace(TOY, parse=broken))
    assert (counts.pages, counts.broken) == (3, 3)
    assert len(list(workspace.albums.find_albums())) == 15
