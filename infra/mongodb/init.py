"""Make a fresh mongod a replica set of one, with the user that albumart connects as.

Runs once, before anything else may use the store, and again without harm. Wants
MONGODB_ROOT_PASSWORD and ALBUMART_MONGODB_URI, whose user may do all in its one database and none
outside it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from pymongo import MongoClient
from pymongo.errors import OperationFailure

ALREADY_INITIALIZED = 23
USER_EXISTS = 51003
PATIENCE = 60_000  # milliseconds; a starting server refuses for a while


def main() -> None:
    """Initiate the set if there is none, wait until it takes writes, make the user."""
    uri = urlsplit(os.environ["ALBUMART_MONGODB_URI"])
    address, password = f"{uri.hostname}:{uri.port}", os.environ["MONGODB_ROOT_PASSWORD"]
    root = f"mongodb://root:{password}@{address}/?serverSelectionTimeoutMS={PATIENCE}"
    with _connect(f"{root}&directConnection=true") as client, unless(ALREADY_INITIALIZED):
        members = [{"_id": 0, "host": address}]
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
    with _connect(f"{root}&replicaSet=rs0") as client:
        database = os.environ.get("ALBUMART_MONGODB_DATABASE", "albumart")
        user, rights = unquote(uri.username or ""), ("readWrite", "dbAdmin")
        about: dict[str, Any] = {
            "pwd": unquote(uri.password or ""),
            "roles": [{"role": right, "db": database} for right in rights],
        }
        with unless(USER_EXISTS):
            client.admin.command("createUser", user, **about)
        client.admin.command("updateUser", user, **about)  # a password that was rotated


def _connect(uri: str) -> "MongoClient[dict[str, Any]]":
    return MongoClient(uri)


@contextmanager
def unless(code: int) -> Iterator[None]:
    """Let what fails with ``code`` be: it was done before."""
    try:
        yield
    except OperationFailure as error:
        if error.code != code:
            raise


if __name__ == "__main__":
    main()
