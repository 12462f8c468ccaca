"""Secret blocks on a real Prefect server, read where the environment says nothing."""

from collections.abc import Iterator

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from albumart.embedded.platform import current_endpoints
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.settings import Settings
from albumart.stores.counting import open_counts
from tasks import blocks
from tasks.blocks import MONGODB, S3, save_blocks, with_blocks
from tasks.resources import open_stores, record_station

PLANTED = "planted-secret-7f3a"
FULL = Settings(
    mongodb_uri=SecretStr(f"mongodb://me:{PLANTED}@db.example.org/"),
    s3_endpoint="https://s3.example.org",
    s3_bucket="covers",
    s3_region="eu-central-1",
    s3_access_key_id=SecretStr("AKIA"),
    s3_secret_access_key=SecretStr(PLANTED),
)


@pytest.fixture(autouse=True)
def server(prefect_endpoints: Endpoints) -> Iterator[None]:
    given = {
        PREFECT_API_URL: prefect_endpoints.prefect_api_url,
        PREFECT_API_AUTH_STRING: prefect_endpoints.prefect_auth,
    }
    with temporary_settings(given):
        blocks._value.cache_clear()
        yield
        with get_client(sync_client=True) as client:
            for found in client.read_block_documents():
                if found.name in (MONGODB, S3):
                    client.delete_block_document(found.id)
        blocks._value.cache_clear()


def test_where_there_is_no_block_nothing_is_known() -> None:
    assert with_blocks(Settings()) == Settings()
    assert save_blocks(Settings()) == []


def test_what_was_saved_is_read_and_the_environment_goes_first() -> None:
    assert save_blocks(FULL) == [MONGODB, S3]
    assert with_blocks(Settings()) == FULL
    assert save_blocks(FULL) == [MONGODB, S3]

    mine = with_blocks(Settings(mongodb_uri=SecretStr("mongodb://mine/"), s3_bucket="mine"))
    assert mine.mongodb_uri == SecretStr("mongodb://mine/")
    assert (mine.s3_bucket, mine.s3_region) == ("mine", "eu-central-1")
    own = Settings(s3_endpoint="aws")
    assert with_blocks(own).s3_secret_access_key is None  # AWS's own chain


def test_the_server_shows_no_secret() -> None:
    save_blocks(FULL)
    with get_client(sync_client=True) as client:
        shown = client.request("POST", "/block_documents/filter", json={}).text
    assert "albumart-s3" in shown
    assert PLANTED not in shown
    assert PLANTED not in repr(with_blocks(Settings()))


@pytest.mark.parametrize(
    ("block", "value", "told"),
    [
        (MONGODB, {"password": PLANTED}, "expected text; got dict"),
        (S3, {"endpoint": "aws", "secret": PLANTED}, "got secret"),
        (S3, {"endpoint": {"url": PLANTED}}, "expected text; got dict"),
        (S3, f"secret {PLANTED}", "expected a JSON object of endpoint, .* got str"),
    ],
)
def test_a_block_of_another_shape_is_told_without_its_value(
    block: str, value: object, told: str
) -> None:
    Secret(value=value).save(block, overwrite=True)
    with pytest.raises(PlatformError, match=told) as caught:
        with_blocks(Settings())
    assert PLANTED not in str(caught.value)


def test_stations_find_their_stores_by_blocks(
    own_endpoints: Endpoints,
    prefect_endpoints: Endpoints,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    """A worker that is told nothing but where the Prefect server is."""
    known = own_endpoints.as_environment()
    settings = Settings(
        **{
            name.removeprefix("ALBUMART_").lower(): value
            for name, value in known.items()
            if name.startswith("ALBUMART_")
        }
    )
    save_blocks(settings)
    monkeypatch.setenv("PREFECT_API_URL", str(prefect_endpoints.prefect_api_url))
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path))
    monkeypatch.setenv("ALBUMART_MONGODB_DATABASE", own_endpoints.mongodb_database)  # no secret
    assert current_endpoints(Settings()) is None
    with open_stores() as workspace:
        workspace.objects.put("here", b"1")
        assert list(workspace.objects.keys("")) == ["here"]
    record_station("collect", 1.5, failed=False)
    with open_counts(own_endpoints) as counts:
        assert [each.station for each in counts.stations()] == ["collect"]


def test_without_blocks_the_message_names_every_way(
    prefect_endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", str(prefect_endpoints.prefect_api_url))
    monkeypatch.setenv("ALBUMART_HOME", str(tmp_path))
    with (
        pytest.raises(PlatformError, match="albumart up.*ALBUMART_MONGODB_URI.*blocks"),
        open_stores(),
    ):
        pass
