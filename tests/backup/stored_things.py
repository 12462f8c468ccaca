"""Stores with a little of everything, and what is in them, to be compared."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from albumart.album import Album, Cover, CoverResult, CoverStatus, Origin
from albumart.endpoints import Endpoints
from albumart.stores.mongodb import connect
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace, open_workspace

N = 30


def fill(workspace: Workspace, count: int = N) -> None:
    albums = [
        Album("bandcamp", str(n), (f"http://x.test/{n}.jpg",), ("jazz",), title=f"T{n}")
        for n in range(count)
    ]
    workspace.albums.upsert_albums(albums)
    workspace.albums.record_covers(_stored(workspace, album) for album in albums)
    workspace.objects.put("datasets/a b&é.json", b"{}", content_type="application/json")
    workspace.objects.put("reports/empty.html", b"", content_type="text/html")


def _stored(workspace: Workspace, album: Album) -> CoverResult:
    body = f"the picture of {album.key}".encode()
    digest = hashlib.sha256(body).hexdigest()
    cover = Cover(digest, digest, digest[:16], 40, 40, "JPEG", len(body))
    workspace.objects.put(cover.object_key, body, content_type="image/jpeg")
    return CoverResult(album.key, CoverStatus.STORED, "", album.cover_urls[0], cover)


def contents(endpoints: Endpoints) -> dict[str, object]:
    """Every document, index and validator of the database, every object of the bucket."""
    with connect(endpoints.mongodb_uri) as client, ObjectStore(endpoints.s3) as objects:
        database = client[endpoints.mongodb_database]
        found: dict[str, object] = {
            name: (
                list(database[name].find().sort("_id")),
                database[name].index_information(),
                database[name].options(),
            )
            for name in sorted(database.list_collection_names())
        }
        return found | {key: objects.get(key) for key in objects.keys("")}


def wipe(endpoints: Endpoints) -> None:
    with connect(endpoints.mongodb_uri) as client, ObjectStore(endpoints.s3) as objects:
        client.drop_database(endpoints.mongodb_database)
        for key in list(objects.keys("")):
            objects.delete(key)


def elsewhere(endpoints: Endpoints, name: str) -> Endpoints:
    """Other, empty stores beside these."""
    bucket = replace(endpoints.s3, bucket=f"{endpoints.s3.bucket}-{name}"[:63])
    return replace(endpoints, mongodb_database=f"{endpoints.mongodb_database}_{name}", s3=bucket)


@contextmanager
def opened(endpoints: Endpoints, cache: Path) -> Iterator[Workspace]:
    with open_workspace(endpoints, cache, Origin.SANDBOX) as workspace:
        yield workspace
