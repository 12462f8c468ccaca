"""The stores that stations work on, opened together."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from albumart.album import Origin
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.stores.collections import Document
from albumart.stores.guesses import GuessStore
from albumart.stores.labels import CorrectionStore
from albumart.stores.metadata import AlbumStore
from albumart.stores.migrations import check_schema
from albumart.stores.models import ModelStore
from albumart.stores.mongodb import connect
from albumart.stores.objects import ObjectStore
from albumart.stores.pages import PageStore
from albumart.stores.predictions import PredictionStore
from albumart.stores.scrapes import ScrapeStore

# What the clients of MongoDB and S3 raise when a store fails, for those who answer meanwhile.
STORE_FAILURES: Final = (PyMongoError, BotoCoreError, ClientError)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Albums, objects and models of one database and bucket, and a folder of caches.

    ``albums``, ``pages``, ``scrapes``, ``predictions`` and ``guesses`` are those of ``origin``;
    ``every_origin`` has all albums.
    """

    origin: Origin
    albums: AlbumStore
    pages: PageStore
    scrapes: ScrapeStore
    corrections: CorrectionStore
    predictions: PredictionStore
    guesses: GuessStore
    objects: ObjectStore
    models: ModelStore
    cache: Path
    every_origin: Mapping[Origin, AlbumStore]


@contextmanager
def open_workspace(
    endpoints: Endpoints, cache: Path, origin: Origin = Origin.LIVE
) -> Iterator[Workspace]:
    """Connect to both stores; make collections, indexes and the bucket where they are missing.

    Raises:
        PlatformError: a store does not answer, refuses us, or failed during the block; or its
            documents are of another shape than this code's.
    """
    database = endpoints.mongodb_database
    with open_clients(endpoints) as (client, objects):
        check_schema(client[database])
        stores = {each: AlbumStore(client, database, each) for each in Origin}
        yield Workspace(
            origin=origin,
            albums=stores[origin],
            pages=PageStore(client, database, origin),
            scrapes=ScrapeStore(client, database, origin),
            corrections=CorrectionStore(client, database, origin),
            predictions=PredictionStore(client, database, origin),
            guesses=GuessStore(client, database, origin),
            objects=objects,
            models=ModelStore(client, database),
            cache=cache,
            every_origin=stores,
        )


@contextmanager
def open_clients(endpoints: Endpoints) -> Iterator[tuple["MongoClient[Document]", ObjectStore]]:
    """MongoDB and the object store, connected; the bucket is made if it is missing.

    Raises:
        PlatformError: a store does not answer, refuses us, or failed during the block.
    """
    try:
        with connect(endpoints.mongodb_uri) as client, ObjectStore(endpoints.s3) as objects:
            yield client, objects
    except PyMongoError as error:
        raise PlatformError(f"MongoDB failed: {_first_line(error)}") from error
    except (BotoCoreError, ClientError) as error:
        raise PlatformError(f"S3 failed: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
