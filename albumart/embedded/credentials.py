"""Passwords of the private parts, made once and kept from everybody else."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field, fields

from albumart.embedded.folder import PlatformFolder, write_private
from albumart.errors import PlatformError


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens the private parts. All of it is safe inside a URL."""

    mongodb_user: str = "albumart"
    mongodb_password: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(32))
    s3_access_key_id: str = field(default_factory=lambda: secrets.token_hex(10).upper())
    s3_secret_access_key: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(32))
    prefect_auth: str = field(
        repr=False, default_factory=lambda: f"albumart:{secrets.token_urlsafe(24)}"
    )


def obtain_credentials(folder: PlatformFolder) -> Credentials:
    """The stored credentials; at the first start, new ones."""
    if folder.credentials.exists():
        return read_credentials(folder)
    made = Credentials()
    write_private(folder.credentials, json.dumps(asdict(made), indent=2))
    return made


def read_credentials(folder: PlatformFolder) -> Credentials:
    """Credentials of an earlier start, or PlatformError."""
    try:
        found = json.loads(folder.credentials.read_text(encoding="utf-8"))
        return Credentials(**{known.name: found[known.name] for known in fields(Credentials)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlatformError(
            f"{folder.credentials}: expected the credentials of an earlier start; "
            f"got {type(error).__name__}: {error}; put the file back, or remove {folder.root}"
        ) from None


def obtain_keyfile(folder: PlatformFolder) -> None:
    """Make mongod's key file if it is not there; mongod refuses one that others may read."""
    if not folder.keyfile.exists():
        key = base64.b64encode(secrets.token_bytes(512))
        write_private(folder.keyfile, key.decode())
