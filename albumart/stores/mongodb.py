"""Connecting to MongoDB, and making a fresh private one usable."""

from typing import Any, Final
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from albumart.errors import PlatformError

Document = dict[str, Any]

REPLICA_SET: Final = "rs0"

_PATIENCE: Final = 2_000  # milliseconds
# Refusals that pass: initialized already, not yet, or being configured at this moment.
_NOT_YET: Final = (23, 94, 109)


def connect(uri: str) -> "MongoClient[Document]":
    """Client whose acknowledged writes survive a crash: majority and journalled, zoned times."""
    try:
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
    except (PyMongoError, ValueError) as error:
        # The address may hold a password, and so may what the driver says of it.
        raise PlatformError(
            "ALBUMART_MONGODB_URI: expected mongodb://[user:password@]host:port/…; "
            f"got one that the driver refuses ({type(error).__name__})"
        ) from None


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
            return _step(anyone, uri, address)
    except ConnectionFailure:
        return None
    except OperationFailure as error:
        if error.code in _NOT_YET:
            return None
        raise PlatformError(
            f"expected the private MongoDB at {address} to know its password; got refused: "
            f"{(error.details or {}).get('errmsg', error)}; put back the credentials.json that was "
            "made with its data, or remove the data"
        ) from None


def initiate_replica_set(client: "MongoClient[Document]", address: str) -> None:
    """Make an empty server the only member of its replica set."""
    members = [{"_id": 0, "host": address}]
    client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})


def create_first_user(client: "MongoClient[Document]", user: str, password: str) -> None:
    """Use the localhost exception, which is open until there is a user."""
    client.admin.command("createUser", user, pwd=password, roles=["root"])


def _step(anyone: "MongoClient[Document]", uri: str, address: str) -> str | None:
    hello = anyone.admin.command("hello")
    if hello["isWritablePrimary"]:
        if version := _version_inside(uri):
            return version
        login = urlsplit(uri)
        create_first_user(anyone, login.username or "", login.password or "")
    elif "setName" not in hello:  # no valid configuration: none at all, or for another port
        if _version_inside(uri):
            _readdress(uri, address)
        else:
            initiate_replica_set(anyone, address)
    return None


def _version_inside(uri: str) -> str | None:
    try:
        return server_version(uri)
    except OperationFailure:
        return None


def _readdress(uri: str, address: str) -> None:
    with _admin(uri) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        if config["members"][0]["host"] == address:
            return  # it is only about to read it
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _admin(uri: str) -> "MongoClient[Document]":
    return MongoClient(
        uri,
        appname="albumart-platform",
        connectTimeoutMS=_PATIENCE,
        serverSelectionTimeoutMS=_PATIENCE,
        socketTimeoutMS=10_000,
    )
