"""``albumart models score | most``: every cover through the champion, and what came of it."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from albumart.album import Origin
from albumart.cli.output import Json, say, say_json, say_table, show_stations
from albumart.cli.prefect import open_prefect
from albumart.cli.stores import open_stores

if TYPE_CHECKING:
    from albumart.scoring import RankedCover

StudyName = Annotated[
    str, typer.Argument(help="Name of a study, or path of its TOML file.", metavar="STUDY")
]
OriginOf = Annotated[
    Origin | None,
    typer.Option(
        "--origin",
        help="Whose albums: live, recorded or sandbox; else as it was trained on.",
    ),
]


def score(
    study: StudyName,
    *,
    origin: OriginOf = None,
    scope: Annotated[
        str | None, typer.Option(help="Only this part of a source, such as bandcamp.")
    ] = None,
    json: Json = False,
) -> None:
    """Let the study's champion score every stored cover.

    What it has scored before it does not score again. `albumart models most` asks for the result.
    """
    from albumart.study import study_name

    show_stations()
    name = study_name(study)
    with open_prefect():
        from flows.score_covers import score_covers

        found = score_covers(name, origin, scope)
    if json:
        say_json(found)
    else:
        _tell(found)


def most(
    study: StudyName,
    label: Annotated[str, typer.Argument(help="A label of the study.", metavar="LABEL")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many covers.")] = 20,
    origin: OriginOf = None,
    json: Json = False,
) -> None:
    """Show the covers that the champion holds most probably LABEL.

    Beside each, its own label where it is in the champion's dataset, and in which split: what it
    was trained on it knows.
    """
    from albumart.scoring import count_scored, origin_of, rank_covers
    from albumart.serving.predictor import find_champion
    from albumart.stores.predictions import class_number
    from albumart.study import study_name

    name = study_name(study)
    with open_stores() as anywhere:
        champion = find_champion(name, anywhere)
        with open_stores(origin or origin_of(champion, anywhere)) as workspace:
            class_number(champion, label)
            scored = sum(count_scored(champion, workspace).values())
            found = rank_covers(champion, [label], workspace, limit=limit)
    if json:
        told: dict[str, Any] = {"study": name, "label": label, "version": champion.version}
        say_json(told | {"scored": scored, "covers": [asdict(each) for each in found]})
    else:
        _tell_ranked(found)


def _tell(found: Mapping[str, Any]) -> None:
    counts = ", ".join(f"{n} {outcome}" for outcome, n in found["counts"].items())
    say(f"{found['study']}: version {found['version']}, {found['origin']} covers: {counts}")
    for label, n in found["labels"].items():
        if n:
            say(f"  {label:<22}{n}")
    if found["most"]:
        asked = shlex.join([found["study"], found["most"][0]["asked"]])
        say(f"  {'ask':<22}albumart models most {asked}")


def _tell_ranked(found: "list[RankedCover]") -> None:
    rows = [
        (
            f"{each.probability:.1%}",
            each.album,
            each.artist or "",
            each.title or "",
            "not sure" if each.not_sure else each.top,
            ", ".join(each.labels),
            each.split,
        )
        for each in found
    ]
    say_table([("probability", "album", "artist", "title", "answer", "its own", "split"), *rows])
