"""Two machines that would ask one live source: one of them waits."""

import threading
from collections.abc import Iterator
from contextvars import copy_context

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from albumart.album import Origin
from albumart.endpoints import Endpoints
from tasks.turns import own_turn, turn_name, turn_names


@pytest.fixture
def limit(prefect_endpoints: Endpoints) -> Iterator[str]:
    """The limit for bandcamp's covers, as it is set up."""
    name = turn_name("bandcamp", "covers")
    given = {
        PREFECT_API_URL: prefect_endpoints.prefect_api_url,
        PREFECT_API_AUTH_STRING: prefect_endpoints.prefect_auth,
    }
    with temporary_settings(given), get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name, 1)
        yield name


def asks(origin: Origin, asked: threading.Event) -> threading.Thread:
    """Somebody else, who waits for a turn."""

    def ask() -> None:
        with own_turn("bandcamp", "covers", origin):
            asked.set()

    thread = threading.Thread(target=copy_context().run, args=(ask,))
    thread.start()
    return thread


@pytest.mark.usefixtures("limit")
def test_a_live_source_is_asked_by_one() -> None:
    asked = threading.Event()
    with own_turn("bandcamp", "covers", Origin.LIVE):
        other = asks(Origin.LIVE, asked)
        assert not asked.wait(2)
    other.join(60)
    assert asked.is_set()


@pytest.mark.usefixtures("limit")
def test_a_made_source_bears_any_number() -> None:
    asked = threading.Event()
    with own_turn("bandcamp", "covers", Origin.LIVE):
        asks(Origin.SANDBOX, asked).join(10)
    assert asked.is_set()


def test_pages_and_covers_are_asked_for_side_by_side() -> None:
    assert len(set(turn_names())) == len(turn_names())
    assert {turn_name("itunes", "pages"), turn_name("itunes", "covers")} <= set(turn_names())
