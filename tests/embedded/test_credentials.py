import base64
import json

import pytest

from albumart.embedded.credentials import (
    Credentials,
    obtain_credentials,
    obtain_keyfile,
    read_credentials,
)
from albumart.embedded.folder import PlatformFolder
from albumart.errors import PlatformError


def test_made_once_and_for_nobody_else(folder: PlatformFolder) -> None:
    made = obtain_credentials(folder)
    assert obtain_credentials(folder) == read_credentials(folder) == made
    assert folder.credentials.stat().st_mode & 0o777 == 0o600
    assert Credentials() != made


def test_no_secret_is_printed() -> None:
    made = Credentials()
    for secret in (made.mongodb_password, made.s3_secret_access_key, made.prefect_auth):
        assert secret not in repr(made)


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"mongodb_user": "x"})])
def test_damaged_credentials_are_not_replaced(content: str, folder: PlatformFolder) -> None:
    # New ones would not open the old data.
    folder.credentials.write_text(content)
    with pytest.raises(PlatformError, match="put the file back"):
        obtain_credentials(folder)
    assert folder.credentials.read_text() == content


def test_the_keyfile_is_what_mongod_takes(folder: PlatformFolder) -> None:
    obtain_keyfile(folder)
    key = folder.keyfile.read_text()
    assert 6 <= len(key) <= 1024
    assert len(base64.b64decode(key, validate=True)) == 512
    assert folder.keyfile.stat().st_mode & 0o777 == 0o600
    obtain_keyfile(folder)
    assert folder.keyfile.read_text() == key
