"""Connecting to MongoDB, and making a fresh private one usable."""

from typing import Any, Final
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from albumart.errors import PlatformError

Document = dict[str, Any]

REPLICA_SET: Final = "rs0"

_PATIENCE: Final = 2_000  # milliseconds
_ALREADY_INITIALIZED: Final = 23
_NOT_YET: Final = (94, 109)  # its own configuration is still being read, or taken in
_AUTHENTICATION_FAILED: Final = 18
_UNAUTHORIZED: Final = 13


def connect(uri: str) -> "MongoClient[Document]":
    """Client whose acknowledged writes survive a crash: majority and journalled, zoned times."""
    return MongoClient(
        uri,
        appname="albumart",
        w="majority",
        journal=True,
        wTimeoutMS=30_000,
        tz_aware=True,
        connectTimeoutMS=5_000,
        serverSelectionTimeoutMS=10_000,
    )


def ping(uri: str) -> bool:
    """Whether a MongoDB answers at ``uri`` and lets us in."""
    try:
        with _admin(uri) as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def server_version(uri: str) -> str:
    """Version that the server states, such as ``6.0.5``."""
    with _admin(uri) as client:
        return str(client.server_info()["version"])


def settle(uri: str) -> str | None:
    """Take a private mongod one step nearer to use; its version once it is there, None until then.

    Idempotent, whatever state a crash left: a fresh one becomes a one-node replica set and gets the
    user of ``uri`` as its first, one that moved to another port is told so.
    """
    login = urlsplit(uri)
    address = f"{login.hostname}:{login.port}"
    try:
        with _admin(f"mongodb://{address}/?directConnection=true") as anyone:
            hello = anyone.admin.command("hello")
            if hello["isWritablePrimary"]:
                if not _lets_in(uri):
                    create_first_user(anyone, login.username or "", login.password or "")
                return server_version(uri)
            if "setName" not in hello:
                _join(anyone, uri, address)
    except ConnectionFailure:
        return None
    except OperationFailure as error:
        if error.code in _NOT_YET:
            return None
        raise PlatformError(
            f"expected a private MongoDB at {address}; got refused: {error.details or error}"
        ) from None
    return None


def initiate_replica_set(client: "MongoClient[Document]", address: str) -> None:
    """Make an empty server the only member of its replica set."""
    members = [{"_id": 0, "host": address}]
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise


def create_first_user(client: "MongoClient[Document]", user: str, password: str) -> None:
    """Use the localhost exception, which is open until there is a user."""
    try:
        client.admin.command("createUser", user, pwd=password, roles=["root"])
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            raise PlatformError(
                "the stored password does not open this MongoDB's data: expected the "
                "credentials.json that was made with it; put it back, or remove the data"
            ) from None
        raise


def _join(anyone: "MongoClient[Document]", uri: str, address: str) -> None:
    if _lets_in(uri):  # has users, so it has a configuration: it names another port
        _readdress(uri, address)
    else:
        initiate_replica_set(anyone, address)


def _readdress(uri: str, address: str) -> None:
    with _admin(uri) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _lets_in(uri: str) -> bool:
    try:
        with _admin(uri) as client:
            client.admin.command("ping")
    except OperationFailure as error:
        if error.code != _AUTHENTICATION_FAILED:
            raise
        return False
    return True


def _admin(uri: str) -> "MongoClient[Document]":
    return MongoClient(
        uri,
        appname="albumart-platform",
        connectTimeoutMS=_PATIENCE,
        serverSelectionTimeoutMS=_PATIENCE,
        socketTimeoutMS=10_000,
    )
