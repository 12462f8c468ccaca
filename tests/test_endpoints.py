from pathlib import Path

import pytest
from pydantic import SecretStr

from albumart.endpoints import (
    AWS,
    Endpoints,
    S3Endpoint,
    display_address,
    endpoints_from_settings,
    endpoints_template,
)
from albumart.settings import Settings

S3 = S3Endpoint("http://127.0.0.1:9000", "covers", "eu-west-1", "KEYID", "s3-secret")
ENDPOINTS = Endpoints(
    "mongodb://user:mongo-secret@db/?x=1", "albums", S3, "http://p/api", "a:prefect-secret"
)


def external_settings(**more: object) -> Settings:
    return Settings(
        mongodb_uri=SecretStr("mongodb://db"), s3_endpoint="http://s3", home=Path("h"), **more
    )


def test_no_secret_is_printed() -> None:
    assert "secret" not in f"{ENDPOINTS} {ENDPOINTS!r} {S3}"


def test_environment_names_every_place() -> None:
    assert ENDPOINTS.as_environment() == {
        "ALBUMART_MONGODB_URI": "mongodb://user:mongo-secret@db/?x=1",
        "ALBUMART_MONGODB_DATABASE": "albums",
        "ALBUMART_S3_ENDPOINT": "http://127.0.0.1:9000",
        "ALBUMART_S3_BUCKET": "covers",
        "ALBUMART_S3_REGION": "eu-west-1",
        "ALBUMART_S3_ACCESS_KEY_ID": "KEYID",
        "ALBUMART_S3_SECRET_ACCESS_KEY": "s3-secret",
        "PREFECT_API_URL": "http://p/api",
        "PREFECT_API_AUTH_STRING": "a:prefect-secret",
    }


def test_environment_leaves_out_what_is_not_known() -> None:
    known = endpoints_from_settings(external_settings())
    assert known is not None
    assert not any("KEY" in name or "PREFECT" in name for name in known.as_environment())


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", AWS])
def test_settings_read_from_the_environment_give_the_same_endpoints(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = endpoints_from_settings(
        Settings(
            mongodb_uri=SecretStr("mongodb://db"),
            s3_endpoint=endpoint,
            s3_access_key_id=SecretStr("id"),
            s3_secret_access_key=SecretStr("key"),
            prefect_api_url="http://p/api",
        )
    )
    assert first is not None
    for name, value in first.as_environment().items():
        monkeypatch.setenv(name, value)
    assert endpoints_from_settings(Settings()) == first


def test_aws_has_no_address() -> None:
    settings = Settings(mongodb_uri=SecretStr("mongodb://db"), s3_endpoint=AWS)
    known = endpoints_from_settings(settings)
    assert known is not None
    assert known.s3.endpoint_url is None


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(mongodb_uri=SecretStr("mongodb://db")),
        Settings(s3_endpoint="http://s3"),
    ],
)
def test_none_where_a_store_has_no_address(settings: Settings) -> None:
    assert endpoints_from_settings(settings) is None


def test_template_leaves_room() -> None:
    template = endpoints_template(Settings(s3_bucket="b"))
    assert (template.mongodb_uri, template.s3.endpoint_url) == ("", None)
    assert template.s3.bucket == "b"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mongodb+srv://user:pass@a.b,c.d:1/db?authSource=admin", "mongodb+srv://a.b,c.d:1/db"),
        ("http://127.0.0.1:4200", "http://127.0.0.1:4200"),
        ("aws", "aws"),
    ],
)
def test_display_address(address: str, shown: str) -> None:
    assert display_address(address) == shown
