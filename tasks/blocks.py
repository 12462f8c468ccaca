"""Where the stores are, as blocks on the Prefect server, for workers that are told nothing else.

Two blocks of Prefect's own type Secret, which the server encrypts and its pages hide:
``albumart-mongodb-uri`` holds the address, and ``albumart-s3`` the text of a JSON object with
``endpoint`` ("aws" for AWS itself), ``bucket``, ``region``, ``access_key_id`` and
``secret_access_key``. What is left out comes from the settings' defaults and from AWS's own chain.
The environment goes first. (As text: of a Secret that is an object, Prefect 3.8 hides nothing.)
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from prefect.blocks.system import Secret
from pydantic import SecretStr

from albumart.errors import PlatformError
from albumart.settings import Settings

MONGODB: Final = "albumart-mongodb-uri"
S3: Final = "albumart-s3"
S3_FIELDS: Final = ("endpoint", "bucket", "region", "access_key_id", "secret_access_key")
_SECRET: Final = ("access_key_id", "secret_access_key")


def with_blocks(settings: Settings) -> Settings:
    """The settings, with what the blocks say where the environment says nothing.

    Raises:
        PlatformError: a block is there and holds something else; its value is not told.
    """
    found: dict[str, object] = {}
    if settings.mongodb_uri is None and (uri := _value(MONGODB)) is not None:
        found["mongodb_uri"] = SecretStr(_text(uri, MONGODB))
    if settings.s3_endpoint is None and (place := _value(S3)) is not None:
        told, by_hand = _place(place), settings.model_fields_set
        found |= {name: value for name, value in told.items() if name not in by_hand}
    return settings.model_copy(update=found)


def save_blocks(settings: Settings) -> list[str]:
    """Put what the environment says of the stores into the blocks; the names of those written."""
    saved = []
    if settings.mongodb_uri is not None:
        Secret(value=settings.mongodb_uri.get_secret_value()).save(MONGODB, overwrite=True)
        saved.append(MONGODB)
    if settings.s3_endpoint is not None:
        values = {name: _reveal(getattr(settings, f"s3_{name}")) for name in S3_FIELDS}
        told = {name: value for name, value in values.items() if value is not None}
        Secret(value=json.dumps(told)).save(S3, overwrite=True)
        saved.append(S3)
    _value.cache_clear()
    return saved


@cache
def _value(name: str) -> object | None:
    """What a block holds; None where there is none. Each process asks once."""
    try:
        # Our tasks run outside an event loop, where Prefect's function is synchronous.
        block: Secret[Any] = Secret.load(name)  # type: ignore[assignment]
    except ValueError:
        return None
    return block.get()


def _place(value: object) -> dict[str, object]:
    fields = value if isinstance(value, Mapping) else {type(value).__name__: value}
    if strange := fields.keys() - {*S3_FIELDS}:
        raise PlatformError(
            f"block secret/{S3}: expected a JSON object of {', '.join(S3_FIELDS)}; "
            f"got {', '.join(sorted(strange))}"
        )
    texts = {f"s3_{name}": _text(each, S3) for name, each in fields.items()}
    secret = {f"s3_{name}" for name in _SECRET}
    return {name: SecretStr(text) if name in secret else text for name, text in texts.items()}


def _text(value: object, block: str) -> str:
    if not isinstance(value, str) or not value:
        raise PlatformError(
            f"block secret/{block}: expected text; got {type(value).__name__}, or nothing"
        )
    return value


def _reveal(value: str | SecretStr | None) -> str | None:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
