"""The table of parts: how each is started, found and shown."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from albumart.embedded import mongod, prefect_server, s3
from albumart.embedded.credentials import Credentials
from albumart.embedded.loopback import HOST
from albumart.embedded.part import Part, Site
from albumart.endpoints import Endpoints, S3Endpoint

Find = Callable[[Endpoints, int, Credentials], Endpoints]


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: how to start the part, and where it then is (``find``), for programs and people."""

    build: Callable[[Site], Part]
    find: Find | None = None
    scheme: str | None = None


KINDS: Final[Mapping[str, Kind]] = {  # in the order of their start
    mongod.NAME: Kind(mongod.mongod_part, mongod.endpoints, "mongodb"),
    s3.NAME: Kind(s3.s3_part, s3.endpoints, "http"),
    prefect_server.NAME: Kind(prefect_server.prefect_part, prefect_server.endpoints, "http"),
    prefect_server.WORKER: Kind(prefect_server.worker_part),
    prefect_server.GPU_WORKER: Kind(prefect_server.gpu_worker_part),
}
STORES: Final = (mongod.NAME, s3.NAME)
WORKERS: Final = (prefect_server.WORKER, prefect_server.GPU_WORKER)
SHOWN: Final = (prefect_server.NAME, *WORKERS, *STORES)  # a person's first question


@dataclass(frozen=True, slots=True)
class Order:
    """What a supervisor is asked to bring up.

    Attributes:
        home: absolute path.
        stays: until it is told to stop; else until nobody uses it.
        ports: the configured ones, by part.
        endpoints: the operator's own; those of the parts asked for are filled in.
    """

    home: str
    parts: tuple[str, ...]
    stays: bool
    endpoints: Endpoints
    ports: Mapping[str, int] = field(default_factory=dict)

    def to_document(self) -> dict[str, object]:
        """For ``from_document`` in another process; holds secrets."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, object]) -> "Order":
        """Inverse of ``to_document``."""
        known, parts = document["endpoints"], document["parts"]
        if not isinstance(known, dict) or not isinstance(parts, list):
            raise TypeError(f"expected an order; got {sorted(document)}")
        endpoints = Endpoints(**{**known, "s3": S3Endpoint(**known["s3"])})
        read = {"endpoints": endpoints, "parts": tuple(parts)}
        return cls(**(document | read))  # type: ignore[arg-type]


def with_embedded(
    known: Endpoints, ports: Mapping[str, int], credentials: Credentials
) -> Endpoints:
    """``known`` with each part that has a port among ``ports``."""
    for name, port in ports.items():
        find = KINDS[name].find
        known = known if find is None else find(known, port, credentials)
    return known


def address_of(name: str, port: int | None) -> str | None:
    """Where a person finds a part; a worker has no address of its own."""
    scheme = KINDS[name].scheme
    return f"{scheme}://{HOST}:{port}" if scheme and port else None
