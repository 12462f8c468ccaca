"""What tasks open: the stores, the polite client, the study, the mirror. Edges of the system."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path

from prefect.logging.handlers import APILogHandler

from albumart.dataset.manifest import Manifest, read_manifest
from albumart.embedded.platform import current_endpoints
from albumart.errors import PlatformError
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.process import sandbox_process
from albumart.settings import Settings
from albumart.stores.workspace import Workspace, open_workspace
from albumart.study import Study, load_study


@contextmanager
def open_stores() -> Iterator[Workspace]:
    """The stores of the environment, or of the embedded platform that is up."""
    settings = Settings()
    endpoints = current_endpoints(settings)
    if endpoints is None:
        raise PlatformError(
            "no stores: run `albumart up`, or set ALBUMART_MONGODB_URI and ALBUMART_S3_ENDPOINT"
        )
    with open_workspace(endpoints, settings.cache) as workspace:
        yield workspace


@contextmanager
def open_client(mirror: str | None) -> Iterator[PoliteClient]:
    """The polite client; through ``mirror``, or the configured one, if there is any."""
    settings = Settings()
    pacer = Pacer(settings.home / "pace")
    with PoliteClient(settings.contact, pacer=pacer, mirror=mirror or settings.mirror) as client:
        yield client


def open_mirror(
    study: Study, *, sandbox: bool | None, real: str | None, mirror: str | None
) -> AbstractContextManager[str | None]:
    """The address that stands for the sources during a run; None for the internet itself."""
    if real is not None:
        return sandbox_process(real=Path(real))
    if mirror:
        return nullcontext(mirror)
    wanted = study.sandbox if sandbox is None else sandbox
    return sandbox_process() if wanted else nullcontext(Settings().mirror or None)


def find_study(name: str, *, backbone: str | None = None, weights: str | None = None) -> Study:
    """The study, with the model that the caller asked for."""
    study = load_study(name)
    wanted = {"backbone": backbone, "weights": weights}
    changes = {key: value for key, value in wanted.items() if value is not None}
    return study.model_copy(update={"model": study.model.model_copy(update=changes)})


@cache
def find_dataset(digest: str) -> Manifest:
    """A dataset version; immutable, so each process reads it once."""
    with open_stores() as workspace:
        return read_manifest(workspace.objects, digest)


def flush_logs() -> None:
    """Send what Prefect has not sent yet, before its server is stopped.

    Logs go in batches; without this the last ones would be lost, and the process would wait at its
    end for a server that is gone.
    """
    APILogHandler().flush()
