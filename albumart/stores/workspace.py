"""The stores that stations work on, opened together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from albumart.endpoints import Endpoints
from albumart.stores.metadata import AlbumStore
from albumart.stores.models import ModelStore
from albumart.stores.mongodb import connect
from albumart.stores.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Workspace:
    """Albums, objects and models of one database and bucket, and a folder of caches."""

    albums: AlbumStore
    objects: ObjectStore
    models: ModelStore
    cache: Path


@contextmanager
def open_workspace(endpoints: Endpoints, cache: Path) -> Iterator[Workspace]:
    """Connect to both stores; make collections, indexes and the bucket where they are missing."""
    database = endpoints.mongodb_database
    with connect(endpoints.mongodb_uri) as client, ObjectStore(endpoints.s3) as objects:
        yield Workspace(AlbumStore(client, database), objects, ModelStore(client, database), cache)
