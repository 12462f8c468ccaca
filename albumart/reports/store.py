"""Reports in the object store, and their copies in a folder that a person opens."""

from pathlib import Path

from albumart.errors import NotFound
from albumart.explain.imagenet import ImageNetTop
from albumart.guessing import count_answers
from albumart.reports.assemble import assemble_report
from albumart.reports.report import render_report
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Study


def write_report(
    workspace: Workspace,
    study: Study,
    number: int,
    *,
    folder: Path,
    imagenet: ImageNetTop | None = None,
) -> Path:
    """Render the report of version ``number``, store it, and return its copy in ``folder``."""
    version = workspace.models.find_version(study.name, number)
    path, answers = _copy_of(version, folder), count_answers(version, workspace)
    render_report(assemble_report(workspace, study, version, imagenet=imagenet), path)
    workspace.objects.put(_key(version), path.read_bytes(), content_type="text/html")
    workspace.objects.put(_answers_key(version), str(answers).encode(), content_type="text/plain")
    return path


def fetch_report(
    workspace: Workspace,
    study: Study,
    number: int | None,
    *,
    folder: Path,
    imagenet: ImageNetTop | None = None,
) -> Path:
    """The report of a version, by default the newest, in ``folder``.

    Rendered if it is not stored, and anew with ``imagenet``, so that what that sees is in it, or
    where people have labelled its covers since.

    Raises:
        NotFound: the study has no such version.
    """
    if number is None:
        number = next((v.version for v in workspace.models.list_versions(study.name)), None)
    if number is None:
        raise NotFound(f"study {study.name!r} has no model yet; run: albumart run {study.name}")
    if imagenet is not None:
        return write_report(workspace, study, number, folder=folder, imagenet=imagenet).resolve()
    version = workspace.models.find_version(study.name, number)
    path = _copy_of(version, folder)
    try:
        page = workspace.objects.get(_key(version))
    except NotFound:
        return write_report(workspace, study, number, folder=folder).resolve()
    if _answers_told(workspace, version) != count_answers(version, workspace):
        return write_report(workspace, study, number, folder=folder).resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(page)
    return path.resolve()


def read_report(workspace: Workspace, version: ModelVersion) -> bytes:
    """The stored page, or NotFound where none was stored yet."""
    return workspace.objects.get(_key(version))


def _answers_told(workspace: Workspace, version: ModelVersion) -> int:
    """How many people's answers the stored page rests on."""
    try:
        return int(workspace.objects.get(_answers_key(version)))
    except NotFound:  # written before there were any
        return 0


def _copy_of(version: ModelVersion, folder: Path) -> Path:
    return folder / f"{version.study}-v{version.version}.html"


def _key(version: ModelVersion) -> str:
    return f"reports/{version.study}/v{version.version}.html"


def _answers_key(version: ModelVersion) -> str:
    return f"reports/{version.study}/v{version.version}.answers"
