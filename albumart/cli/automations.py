"""``albumart automations apply | blocks``: what the Prefect server does and knows by itself."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.prefect import open_prefect

if TYPE_CHECKING:
    from tasks.automations import Change

app = typer.Typer(help="What the Prefect server does by itself: automations, limits, blocks.")


@app.command()
def apply(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be changed.")
    ] = False,
    json: Json = False,
) -> None:
    """Make the server's automations and limits what this version of albumart wants.

    Run it once for a server of your own, and after each upgrade; `albumart up` does it by itself.
    """
    changes = bring_about(dry_run=dry_run)
    if json:
        say_json({"dry_run": dry_run, "changes": [asdict(change) for change in changes]})
    else:
        tell(changes, dry_run=dry_run)


@app.command()
def blocks(*, json: Json = False) -> None:
    """Put the addresses and keys of the stores, as the environment has them, into secret blocks.

    Workers that are started without ALBUMART_MONGODB_URI and ALBUMART_S3_… read them there.
    """
    from albumart.settings import load_settings

    settings = load_settings()  # as they are without those of an embedded platform
    with open_prefect():
        from tasks.blocks import save_blocks

        saved = save_blocks(settings)
    if json:
        say_json({"saved": saved})
    else:
        say(f"saved: {', '.join(saved)}" if saved else "nothing is set: nothing was saved")


def bring_about(*, dry_run: bool = False) -> "list[Change]":
    """Apply them to the server of the platform that is up, or of the environment."""
    from albumart.settings import load_settings

    with open_prefect():
        from tasks.automations import apply_automations

        return apply_automations(load_settings(), dry_run=dry_run)


def tell(changes: "Sequence[Change]", *, dry_run: bool = False) -> None:
    """What was done, without what was so before."""
    done = [change for change in changes if change.what != "unchanged"]
    if not done:
        say(f"{len(changes)} automations and limits: nothing to change")
        return
    say_table([(change.kind, change.name, change.what) for change in done])
    if dry_run:
        say("nothing was changed: --dry-run")
