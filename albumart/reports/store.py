"""Reports in the object store, and their copies in a folder that a person opens."""

from pathlib import Path

from albumart.errors import NotFound
from albumart.reports.assemble import assemble_report
from albumart.reports.report import render_report
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Study


def write_report(workspace: Workspace, study: Study, number: int, *, folder: Path) -> Path:
    """Render the report of version ``number``, store it, and return its copy in ``folder``."""
    version = workspace.models.find_version(study.name, number)
    path = _copy_of(version, folder)
    render_report(assemble_report(workspace, study, version), path)
    workspace.objects.put(_key(version), path.read_bytes(), content_type="text/html")
    return path


def fetch_report(workspace: Workspace, study: Study, number: int | None, *, folder: Path) -> Path:
    """The report of a version, by default the newest, in ``folder``; rendered if it is not stored.

    Raises:
        NotFound: the study has no such version.
    """
    if number is None:
        number = next((v.version for v in workspace.models.list_versions(study.name)), None)
    if number is None:
        raise NotFound(f"study {study.name!r} has no model yet; run: albumart run {study.name}")
    version = workspace.models.find_version(study.name, number)
    path = _copy_of(version, folder)
    try:
        page = workspace.objects.get(_key(version))
    except NotFound:
        return write_report(workspace, study, number, folder=folder).resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(page)
    return path.resolve()


def _copy_of(version: ModelVersion, folder: Path) -> Path:
    return folder / f"{version.study}-v{version.version}.html"


def _key(version: ModelVersion) -> str:
    return f"reports/{version.study}/v{version.version}.html"
