"""Collections of one origin: made with their validator and indexes where they are missing."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from albumart.album import Origin

Document = dict[str, Any]

_EXISTS = 48  # NamespaceExists: made by an earlier run


def collection_name(kind: str, origin: Origin) -> str:
    """``albums`` of the live sources, ``albums_sandbox`` of made ones."""
    return kind if origin is Origin.LIVE else f"{kind}_{origin}"


def ensure_collection(
    database: "Database[Document]",
    name: str,
    *,
    schema: Document | None = None,
    indexes: Sequence[IndexModel] = (),
) -> "Collection[Document]":
    """The collection ``name``; what an older version made gets the validator of this one."""
    validator = {"$jsonSchema": schema} if schema else {}
    try:
        database.create_collection(name, check_exists=False, validator=validator)
    except OperationFailure as error:
        if error.code != _EXISTS:
            raise
        if schema and database[name].options().get("validator") != validator:
            database.command("collMod", name, validator=validator)
    collection = database[name]
    if indexes:
        collection.create_indexes(list(indexes))
    return collection


def index_on(*fields: str, unique: bool = False, sparse: bool = False) -> IndexModel:
    """An ascending index over ``fields``; a ``sparse`` one of documents that have them."""
    keys = [(field, ASCENDING) for field in fields]
    return IndexModel(keys, unique=unique, sparse=sparse)
