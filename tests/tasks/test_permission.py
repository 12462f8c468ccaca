"""A source that needs permission is asked for nothing without it: neither pages nor covers."""

import pytest

from albumart.album import Origin
from albumart.errors import Refused
from albumart.query import Query
from tasks.covers import find_due_covers
from tasks.resources import find_permitted_source


def test_covers_are_asked_for_by_permission_too() -> None:
    """Albums of saved pages are there without any."""
    with pytest.raises(Refused, match="ALBUMART_PERMISSIONS=allmusic"):
        find_due_covers.fn("allmusic?url=file:///saved", Origin.LIVE, None)


def test_who_has_permission_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused):
        find_permitted_source("allmusic", Query(), Origin.LIVE)
    assert find_permitted_source("allmusic", Query(), Origin.SANDBOX).name == "allmusic"
    monkeypatch.setenv("ALBUMART_PERMISSIONS", "other, allmusic")
    assert find_permitted_source("allmusic", Query(), Origin.LIVE).name == "allmusic"
