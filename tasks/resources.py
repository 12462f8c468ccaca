"""What tasks open: the stores, the polite client, the study, the mirror. Edges of the system."""

import logging
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prefect.logging.handlers import APILogHandler

from albumart.album import Origin
from albumart.collect.permission import check_permission
from albumart.dataset.manifest import Manifest, read_manifest
from albumart.embedded.platform import current_endpoints
from albumart.endpoints import Endpoints
from albumart.errors import BadStudy, NotFound, PlatformError
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.models.label_vectors import prepare_space
from albumart.models.weights import WeightSources, prepare_weights
from albumart.query import Query
from albumart.sandbox.process import sandbox_process
from albumart.settings import load_settings
from albumart.sources import Source, find_source
from albumart.stores.counting import open_counts
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace, open_workspace
from albumart.study import Head, Study, load_study
from tasks.blocks import with_blocks

logger = logging.getLogger("albumart.tasks")


@contextmanager
def open_stores(origin: Origin = Origin.LIVE) -> Iterator[Workspace]:
    """The stores of the environment, or of the embedded platform that is up, or of the blocks."""
    endpoints = _find_endpoints()
    if endpoints is None:
        raise PlatformError(
            "no stores: run `albumart up`, or set ALBUMART_MONGODB_URI and ALBUMART_S3_ENDPOINT, "
            "or make the blocks albumart-mongodb-uri and albumart-s3"
        )
    with open_workspace(endpoints, load_settings().cache, origin) as workspace:
        yield workspace


def _find_endpoints() -> Endpoints | None:
    settings = load_settings()
    known = current_endpoints(settings)
    if known is not None or not settings.prefect_api_url:
        return known  # without an address, Prefect would start a server of its own to look there
    return current_endpoints(with_blocks(settings))


@contextmanager
def open_client(mirror: str | None) -> Iterator[PoliteClient]:
    """The polite client; through ``mirror``, or the configured one, if there is any."""
    settings = load_settings()
    pacer = Pacer(settings.home / "pace")
    with PoliteClient(settings.contact, pacer=pacer, mirror=mirror or settings.mirror) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Sources:
    """Who answers for the sources of a run: ``origin``, and the address that stands for them."""

    origin: Origin
    mirror: str | None


@contextmanager
def open_sources(
    study: Study, *, sandbox: bool | None, real: str | None, mirror: str | None
) -> Iterator[Sources]:
    """Start a sandbox for the block if the run wants one; else the mirror, or the internet."""
    if sum(map(bool, (sandbox, real, mirror))) > 1:
        raise BadStudy("expected at most one of --sandbox, --real and --mirror; got several")
    wanted = study.sandbox if sandbox is None else sandbox
    if real is not None:
        with sandbox_process(real=Path(real)) as address:
            yield Sources(Origin.RECORDED, address)
    elif wanted and not mirror:
        with sandbox_process() as address:
            yield Sources(Origin.SANDBOX, address)
    else:
        yield Sources(Origin.LIVE, mirror or load_settings().mirror or None)


def find_permitted_source(name: str, query: Query, origin: Origin) -> Source:
    """The source, if it can be asked ``query``, and if we may ask it at all.

    Raises:
        Refused: the operator has not stated that they have the source's permission.
    """
    source = find_source(name, query)
    check_permission(source, origin, load_settings().permitted)
    return source


def find_study(
    name: str,
    *,
    backbone: str | None = None,
    weights: str | None = None,
    source: str | None = None,
    url: str | None = None,
) -> Study:
    """The study, with the model and the source that the caller asked for."""
    study = load_study(name).with_model(backbone=backbone, weights=weights)
    return study.with_source(source, url)


def prepare_study(study: Study, workspace: Workspace) -> Study:
    """The study with weights that lie on this machine, brought here where they did not."""
    settings = load_settings()

    def open_way() -> PoliteClient:
        return PoliteClient(settings.contact, pacer=Pacer(settings.home / "pace"))

    def champion(name: str) -> tuple[bytes, str]:
        version = workspace.models.champion(name)
        if version is None:
            raise NotFound(f"study {name!r} has no champion to lend its weights")
        return workspace.objects.get(version.object_key), version.sha256

    sources = WeightSources(workspace.cache / "weights", open_way, champion)

    def ready(head: Head) -> Head:
        space = prepare_space(head.space, workspace.cache / "label-vectors", open_way)
        return head.model_copy(update={"space": space})

    return study.model_copy(
        update={
            "model": prepare_weights(study.model, sources),
            "head": ready(study.head),
            "compare": tuple(map(ready, study.compare)),
        }
    )


@cache
def find_dataset(digest: str) -> Manifest:
    """A dataset version; immutable, so each process reads it once."""
    with open_stores() as workspace:
        return read_manifest(workspace.objects, digest)


def record_station(station: str, seconds: float, *, failed: bool) -> None:
    """Add one run of a station to what `albumart metrics` tells. Never what fails a run."""
    try:
        if (endpoints := _find_endpoints()) is not None:
            with open_counts(endpoints) as counts:
                counts.add_seconds(station, seconds, failed=failed)
    except PlatformError as error:
        logger.warning("the seconds of %s are not counted: %s", station, error)


def copy_object(objects: ObjectStore, key: str) -> str:
    """Address of a copy of an object on this machine; empty where there is no such object.

    A browser cannot open the object itself, and a signed address must be in no artifact.
    """
    path = load_settings().home / key
    try:
        body = objects.get(key)
    except NotFound:
        return ""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(body)
    return path.resolve().as_uri()


def flush_logs() -> None:
    """Send what Prefect has not sent yet, before its server is stopped.

    Logs go in batches; without this the last ones would be lost, and the process would wait at its
    end for a server that is gone.
    """
    APILogHandler().flush()


def command_line(study: str, options: Mapping[str, str | int | None]) -> str:
    """The command that repeats a run; options that were not given are left out."""
    given = {name: value for name, value in options.items() if value}
    words = [
        word
        for name, value in given.items()
        for word in (f"--{name}", *(() if value is True else (str(value),)))
    ]
    return shlex.join(["albumart", "run", study, *words])
