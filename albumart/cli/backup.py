"""``albumart backup | restore | upgrade``: the stores in a folder, back, and in a newer shape."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.output import Json, say, say_json, show_stations

if TYPE_CHECKING:
    from albumart.backup import Backup

Folder = Annotated[Path, typer.Argument(help="Folder of the backup.", metavar="DIR")]


def backup(
    folder: Folder,
    *,
    objects: Annotated[
        bool, typer.Option("--objects/--no-objects", help="Copy objects, or only list them.")
    ] = True,
    previous: Annotated[
        Path | None,
        typer.Option(help="Link objects that did not change to this backup.", metavar="DIR"),
    ] = None,
    json: Json = False,
) -> None:
    """Copy MongoDB and the objects to DIR; run it again to go on with a killed one.

    Flows may run meanwhile: the documents are those of one moment, and every object that they name
    is there. Not in it: caches, passwords, and what Prefect's server knows.
    """
    from albumart.backup import write_backup
    from albumart.backup.write import Wanted
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings

    show_stations()
    with open_platform(load_settings(), parts=("mongodb", "s3")) as endpoints:
        made = write_backup(endpoints, folder, Wanted(objects, previous))
    _tell(made, folder, json)


def restore(
    folder: Folder,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only read the backup, and say whether it is whole.")
    ] = False,
    json: Json = False,
) -> None:
    """Put a backup back into empty stores, once every file of it was found whole."""
    from albumart.backup import check_backup, restore_backup
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings

    show_stations()
    if check:
        found = check_backup(folder)
    else:
        with open_platform(load_settings(), parts=("mongodb", "s3")) as endpoints:
            found = restore_backup(endpoints, folder)
    _tell(found, folder, json)


def upgrade() -> None:
    """Bring stores that an older albumart made to this one's shape. Make a backup first."""
    from albumart.embedded.platform import open_platform
    from albumart.settings import load_settings
    from albumart.stores.copying import open_for_copying

    with (
        open_platform(load_settings(), parts=("mongodb", "s3")) as endpoints,
        open_for_copying(endpoints) as (database, _),
    ):
        taken = database.upgrade()
        shape = database.schema_version()
    for step in taken:
        say(f"done: {step}")
    say(f"the documents are of shape {shape}" + ("" if taken else " already"))


def _tell(found: "Backup", folder: Path, json: bool) -> None:
    if json:
        say_json({"folder": str(folder), **found.model_dump()})
        return
    say(f"{folder}: albumart {found.albumart}, documents of {found.moment:%Y-%m-%d %H:%M:%S} UTC")
    for each in found.collections or ():
        if each.documents:
            say(f"  {each.name:<28}{each.documents:>9} documents{each.bytes / 1e6:>10.1f} MB")
    if found.objects is not None:
        verb = "copied" if found.with_objects else "listed, without their bytes"
        size = f"{found.objects.bytes / 1e6:.1f} MB"
        say(f"  {'objects':<28}{found.objects.count:>9} {verb}, {size}")
