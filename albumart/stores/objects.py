"""The object store: all of boto3. Covers, raw pages, datasets, models and reports live here.

Keys are content-addressed or immutable, so that a write repeated after a crash is harmless and no
endpoint feature beyond plain GET, PUT, HEAD, LIST and DELETE is needed.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from albumart.endpoints import S3Endpoint
from albumart.errors import NotFound, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

CONNECTIONS: Final = 32
PLAIN_PAGES: Final = 10  # of a thousand objects that are listed, before it is done by folder
PIECE: Final = 2**20  # bytes of a file that are in memory at once


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the store lists it."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One object that lies in a file."""

    object: StoredObject
    sha256: str
    content_type: str


class ObjectStore:
    """One bucket of any S3. Thread-safe; use as a context manager."""

    def __init__(self, endpoint: S3Endpoint) -> None:
        self._bucket = endpoint.bucket
        self._client = _connect(endpoint)
        _ensure_bucket(self._client, endpoint)

    def __enter__(self) -> "ObjectStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._client.close()

    def put(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Write ``data`` at ``key``; whole or not at all."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """Bytes at ``key``, or NotFound."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise NotFound(f"no object {key!r} in bucket {self._bucket!r}") from None

    def save(self, key: str, path: Path) -> SavedObject:
        """Write the object at ``key`` to a file, by the piece; NotFound where there is none."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            raise NotFound(f"no object {key!r} in bucket {self._bucket!r}") from None
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            for piece in found["Body"].iter_chunks(PIECE):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        told = found.get("ContentType", "")
        return SavedObject(StoredObject(key, size, _bare(found["ETag"])), digest.hexdigest(), told)

    def load(self, key: str, path: Path, *, content_type: str) -> None:
        """Write a file at ``key``, by the piece; the store checks that it came whole."""
        digest = hashlib.md5(usedforsecurity=False)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
            file.seek(0)
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=file,
                ContentType=content_type or "application/octet-stream",
                ContentMD5=base64.b64encode(digest.digest()).decode(),
            )

    def entries(self, *, after: str = "") -> Iterator[StoredObject]:
        """Every object whose key comes ``after``, in the order of the keys."""
        for found in self._entries("", after):
            yield StoredObject(found["Key"], found["Size"], _bare(found["ETag"]))

    def exists(self, key: str) -> bool:
        """Whether there is an object at exactly ``key``."""
        return next(self.keys(key), None) == key

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with ``prefix``, in order."""
        return (entry["Key"] for entry in self._entries(prefix))

    def aged_keys(self, prefix: str, older_than: timedelta) -> Iterator[str]:
        """Those of the keys whose object was last put at least ``older_than`` ago, in order."""
        last = datetime.now(UTC) - older_than
        return (entry["Key"] for entry in self._entries(prefix) if entry["LastModified"] <= last)

    def delete(self, key: str) -> None:
        """Remove ``key``; it need not exist."""
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def _entries(self, prefix: str, after: str = "") -> "Iterator[ObjectTypeDef]":
        for _ in range(PLAIN_PAGES):
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=after
            )
            found = page.get("Contents", [])
            yield from found
            if not page["IsTruncated"]:
                return
            after = found[-1]["Key"]
        yield from self._by_folder(prefix, after)

    def _by_folder(self, prefix: str, after: str) -> "Iterator[ObjectTypeDef]":
        """What comes ``after`` of many objects: rclone reads them all again for each page."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            objects = {entry["Key"]: entry for entry in page.get("Contents", ())}
            folders = {entry["Prefix"] for entry in page.get("CommonPrefixes", ())}
            for name in sorted(objects.keys() | folders):
                if name in folders and (name > after or after.startswith(name)):
                    yield from self._entries(name, after)
                elif name in objects and name > after:
                    yield objects[name]


def _bare(etag: str) -> str:
    return etag.strip('"')  # which some endpoints quote in one answer and not in another


def _connect(endpoint: S3Endpoint) -> "S3Client":
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint.endpoint_url else "auto"},
        # Endpoints other than AWS do not know the checksum trailers that boto3 sends by default.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=CONNECTIONS,
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 5, "mode": "standard"},
    )
    try:
        return boto3.client(
            "s3",
            endpoint_url=endpoint.endpoint_url,
            region_name=endpoint.region,
            aws_access_key_id=endpoint.access_key_id,
            aws_secret_access_key=endpoint.secret_access_key,
            config=config,
        )
    except ValueError as error:
        raise PlatformError(
            f"ALBUMART_S3_ENDPOINT: expected http(s)://host:port; got {endpoint.endpoint_url!r}"
        ) from error


def _ensure_bucket(client: "S3Client", endpoint: S3Endpoint) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    where = endpoint.endpoint_url or "AWS"
    try:
        client.head_bucket(Bucket=endpoint.bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise PlatformError(
                f"S3 at {where} refuses bucket {endpoint.bucket!r}: {error}; "
                "check ALBUMART_S3_ACCESS_KEY_ID and ALBUMART_S3_SECRET_ACCESS_KEY"
            ) from error
        _create_bucket(client, endpoint)
    except BotoCoreError as error:
        raise PlatformError(
            f"expected an S3 endpoint at {where}; got: {error}; check ALBUMART_S3_ENDPOINT"
        ) from error


def _create_bucket(client: "S3Client", endpoint: S3Endpoint) -> None:
    # us-east-1 is the one region that S3 refuses as a location constraint.
    if endpoint.region == "us-east-1":
        client.create_bucket(Bucket=endpoint.bucket)
    else:
        client.create_bucket(
            Bucket=endpoint.bucket,
            CreateBucketConfiguration={"LocationConstraint": endpoint.region},  # type: ignore[typeddict-item]
        )
