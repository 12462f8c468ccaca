"""A training that moves: where it stands between two stages, kept in the object store as well.

After each epoch its state is on the disk of the machine that trains. At the end of a stage it is
put where every machine can reach it, so that another one goes on with the next stage.
"""

import json
import logging
import shutil
from contextlib import suppress
from pathlib import Path

from albumart.errors import NotFound
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace
from albumart.training.state import STATE

logger = logging.getLogger(__name__)


def training_folder(workspace: Workspace, identity: str) -> Path:
    """Where a training keeps how far it is on this machine."""
    return workspace.cache / "training" / identity


def hand_over(folder: Path, objects: ObjectStore) -> None:
    """Put the state of a training between two stages where other machines find it."""
    root = _root(folder)
    record = (folder / STATE).read_bytes()
    for path in sorted(folder.glob("*.npz")):
        objects.put(root + path.name, path.read_bytes())
    objects.put(root + STATE, record)  # last: it says which of the files counts


def take_over(folder: Path, objects: ObjectStore) -> None:
    """Bring the state of a training here, where another machine has come further with it."""
    root = _root(folder)
    try:
        record = objects.get(root + STATE)
    except NotFound:
        return
    stage = _stage(record)
    if stage <= _own_stage(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    name = f"start-{stage}.npz"
    with suppress(NotFound):  # its training has ended meanwhile: whoever trains will see that
        (folder / name).write_bytes(objects.get(root + name))
        partial = folder / f"{STATE}.partial"
        partial.write_bytes(record)
        partial.replace(folder / STATE)
        logger.info("           goes on with stage %d, as another machine left it", stage + 1)


def forget_training(workspace: Workspace, identity: str) -> None:
    """Remove the state of a training whose outcome is kept."""
    folder = training_folder(workspace, identity)
    shutil.rmtree(folder, ignore_errors=True)
    for key in list(workspace.objects.keys(_root(folder))):
        workspace.objects.delete(key)


def _root(folder: Path) -> str:
    return f"training/{folder.name}/"


def _stage(record: bytes) -> int:
    return int(json.loads(record)["stage"])


def _own_stage(folder: Path) -> int:
    """The stage that this machine is in; -1 where it never began."""
    try:
        return _stage((folder / STATE).read_bytes())
    except FileNotFoundError:
        return -1
