"""``albumart data datasets``: versions, what differs between them, what may pass all the same."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from albumart.cli.labels import Who, current_user
from albumart.cli.output import Json, say, say_json, say_table
from albumart.cli.stores import open_stores

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from albumart.dataset.diff import ManifestDiff

app = typer.Typer(help="Dataset versions: which there are, and what differs between them.")

SHORT: Final = 12  # hex digits of a digest that a table shows
FIRST: Final = 5  # albums that a line names

Digest = Annotated[str, typer.Argument(help="A dataset's digest, or its first digits.")]


@app.command("list")
def list_(
    *,
    study: Annotated[str | None, typer.Option(help="Only this study's.")] = None,
    json: Json = False,
) -> None:
    """Every dataset version, the last built first, and what validation said of it."""
    from albumart.dataset.version import list_datasets
    from albumart.validation.record import find_standing

    with open_stores() as workspace:
        objects = workspace.objects
        found = [each for each in list_datasets(objects) if study in (None, each.study)]
        standings = [find_standing(objects, each.digest, each.study).value for each in found]
    if json:
        told = zip(found, standings, strict=True)
        say_json({"datasets": [asdict(each) | {"validation": said} for each, said in told]})
        return
    rows = [
        (
            each.digest[:SHORT],
            each.study,
            f"{each.built:%Y-%m-%d %H:%M}" if each.built else "?",
            each.albums,
            each.classes,
            said,
            " ".join(f"{count} {name}" for name, count in each.by_split.items()),
        )
        for each, said in zip(found, standings, strict=True)
    ]
    head = ("digest", "study", "built", "albums", "classes", "validation", "splits")
    say_table([head, *rows])


@app.command()
def show(
    digest: Digest,
    *,
    card: Annotated[
        str | None, typer.Option(help="Print the card that this study gave it.", metavar="STUDY")
    ] = None,
    json: Json = False,
) -> None:
    """What one dataset version holds, and what was left out of it; or its card."""
    from albumart.dataset.card import read_card, render_card
    from albumart.dataset.duplicates import count_duplicates
    from albumart.dataset.version import find_dataset

    with open_stores() as workspace:
        manifest = find_dataset(workspace.objects, digest)
        found = read_card(workspace.objects, manifest.digest, card) if card else None
    if found:
        say(found.model_dump_json() if json else render_card(found))
        return
    summary = manifest.summary() | {
        "study": manifest.study,
        "rare_labels": dict(manifest.rare_labels),
        "duplicates": asdict(count_duplicates(manifest)),
        "parameters": dict(manifest.parameters),
    }
    if json:
        say_json(summary)
        return
    rows: list[tuple[object, object, object]] = []
    for name, value in summary.items():
        rows += [(name, *cell) for cell in value.items()] if isinstance(value, dict) else []
        rows += [] if isinstance(value, dict) else [(name, "", value)]
    say_table(rows)


@app.command()
def diff(before: Digest, after: Digest, *, json: Json = False) -> None:
    """What differs between two dataset versions: albums, splits, labels, counts and reasons."""
    from albumart.dataset.diff import diff_manifests, label_drift
    from albumart.dataset.version import find_dataset

    with open_stores() as workspace:
        old, new = (find_dataset(workspace.objects, digest) for digest in (before, after))
    found, drift = diff_manifests(old, new), label_drift(old, new)
    if json:
        told = asdict(found) | {"crossed": found.crossed}
        say_json(told | {"label_drift": drift.to_dict(orient="records")})
    else:
        _tell(found, drift)


@app.command()
def accept(
    digest: Digest,
    *,
    study: Annotated[
        str | None, typer.Option(help="Whose version; by default the study that built it last.")
    ] = None,
    who: Who = None,
) -> None:
    """Let a version pass that validation stopped for its drift: you looked at it, and it is meant.

    A version that is wrong by itself, one that leaks or lacks a class, cannot be accepted.
    """
    from albumart.dataset.version import find_dataset
    from albumart.validation.record import accept_drift

    with open_stores() as workspace:
        manifest = find_dataset(workspace.objects, digest)
        name = study or manifest.study
        record = accept_drift(workspace.objects, manifest.digest, name, who=who or current_user())
    say(f"{manifest.digest[:SHORT]} of {name} may pass: {', '.join(record.broken)}; run it again")


def _tell(found: "ManifestDiff", drift: "pd.DataFrame") -> None:
    say(f"{found.before[:SHORT]} → {found.after[:SHORT]}")
    albums = {
        "added": found.added,
        "removed": found.removed,
        "moved between splits": tuple(found.moved),
        "of these train ↔ test": found.crossed,
        "labels changed": tuple(found.relabelled),
        "covers changed": found.recovered,
    }
    say_table([("albums", "", ""), *((what, len(k), _first(k)) for what, k in albums.items())])
    for title, pairs in (
        ("split", found.by_split),
        ("left out", found.excluded),
        ("rare label", found.rare_labels),
        ("parameter", found.parameters),
    ):
        _tell_pairs(title, pairs)
    points = (100 * drift["share_gap"]).round(2)
    columns = (drift["label"], drift["albums_before"], drift["albums_after"], points)
    shares = list(zip(*(column.tolist() for column in columns), strict=True))
    say()
    say_table([("class", "before", "after", "share moved by, points"), *shares])


def _tell_pairs(title: str, pairs: "Mapping[str, tuple[object, object]]") -> None:
    if pairs:
        say()
        say_table([(title, "before", "after"), *((name, *pair) for name, pair in pairs.items())])


def _first(keys: tuple[str, ...]) -> str:
    return ", ".join(keys[:FIRST]) + (", …" if len(keys) > FIRST else "")
