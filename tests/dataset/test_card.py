import dataclasses
import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.album import Origin
from albumart.dataset.card import (
    NOT_FOR,
    SOURCE_NOTES,
    Circumstances,
    card_key,
    describe_dataset,
    escape,
    read_card,
    render_card,
    write_card,
)
from albumart.dataset.duplicates import DuplicateCounts
from albumart.errors import NotFound, UnsafeInput
from albumart.sources import SOURCES
from albumart.study import Collect, load_study

HOSTILE = "<img src=x onerror=alert(1)> [x](javascript:y) | `rm` ![p](q) *_~#\n# head \x1b[31m"
LIVE = Circumstances(Origin.LIVE, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


@pytest.fixture
def study():
    return load_study("bandcamp-genre")


@pytest.fixture
def describe(study):
    """manifest, changes of the circumstances → its card."""

    def make(manifest, **how):
        return describe_dataset(manifest, study, dataclasses.replace(LIVE, **how))

    return make


def test_a_card_counts_what_is_there(describe, make_manifest, make_row):
    twins = {"pixel_sha256": "0" * 64, "genres": ("jazz",)}
    rows = [make_row(n, artist="Ä" if n < 10 else None) for n in range(60)]
    rows += [make_row(n, **twins) for n in (100, 101)]
    rows += [make_row(200, blank=True), make_row(201, genres=("polka",)), make_row(2, album="x:1")]
    card = describe(make_manifest(rows))
    assert card.sources == {"bandcamp": 63, "x": 1}
    assert (card.albums, card.covers) == (64, 63)
    assert sum(card.by_split.values()) == 64
    assert {name: sum(row.values()) for name, row in card.by_class.items()} == {
        "jazz": 22, "metal": 20, "folk": 22,
    }  # fmt: skip
    assert card.excluded == {"unmapped_label": 1}
    assert card.duplicates == DuplicateCounts(equal=4, clusters=2, albums=4, groups=53)
    assert card.groups["largest"] == 11
    assert card.groups["parted"] == 0
    assert card.unknown["artist"] == 54
    assert card.blank == 1
    assert card.years is not None
    assert card.corrected == 0


def test_groups_that_are_parted_all_the_same_are_counted(describe, make_manifest, make_row):
    manifest = make_manifest(make_row(n, artist="A") for n in range(9))
    frame = manifest.frame.assign(split=["train", "test", "test"] * 3)
    card = describe(dataclasses.replace(manifest, frame=frame))
    assert card.groups["parted"] == 1
    assert "1 groups lie in more than one split" in render_card(card)


def test_a_card_says_all_that_a_reader_must_know(describe, make_manifest, make_row):
    rows = [make_row(n) for n in range(60)] + [make_row(99, genres=("polka",), corrected=True)]
    manifest = dataclasses.replace(make_manifest(rows), rare_labels={"ska": 3})
    text = render_card(describe(manifest, limit=61))
    for heading in (
        "# Dataset card: Bandcamp",
        "## Sources, licences and manners",
        "## Labels and splits",
        "## What was left out",
        "## Groups, duplicates, corrections",
        "## Known limits",
        "## What it must not be used for",
        "## How to build it again",
    ):
        assert f"\n{heading}" in f"\n{text}"
    for line in (
        manifest.digest,
        "| asked of | bandcamp |",
        "| who answered | the source itself |",
        "Yanir Seroussi",
        "robots.txt",
        "| class | albums | train | validation | test |",
        "| jazz | 20 | 14 | 3 | 3 |",
        "| unmapped label | 1 |",
        "| ska | 3 |",
        "1 albums have words that a person corrected",
        "no artist is known",
        NOT_FOR,
        "`albumart run bandcamp-genre --limit 61`",
        "| split.seed | 0 |",
    ):
        assert line in text, line


@pytest.mark.parametrize(
    ("origin", "command", "limit"),
    [
        (Origin.SANDBOX, "albumart run bandcamp-genre --sandbox", "are made: figures say that"),
        (Origin.RECORDED, "albumart run bandcamp-genre --real DIR", "come from recorded files"),
        (Origin.LIVE, "albumart run bandcamp-genre", "One source"),
    ],
)
def test_a_card_says_who_answered(describe, manifest, origin, command, limit):
    card = describe(manifest, origin=origin)
    assert card.reproduce == command
    assert any(limit in told for told in card.limits)
    assert (origin is Origin.LIVE) == ("the source itself" in render_card(card))


def test_what_is_known_is_no_limit(describe, make_manifest, make_row):
    rows = [make_row(n, artist=f"A {n}", album=f"{'xy'[n % 2]}:{n}") for n in range(300)]
    told = " ".join(describe(make_manifest(rows)).limits)
    for absent in ("no artist", "One source", "Fewer than", "one colour", "lacks a label"):
        assert absent not in told


def test_a_card_tells_of_copies_and_of_each_source(study, make_manifest, make_row):
    one = [make_row(n, artist=f"Artist {n}", title=f"Song {n} of moons") for n in range(60)]
    other = [
        row | make_row(n + 100, album=f"itunes:{n}", genres=row["genres"])
        | {"artist": row["artist"].upper(), "title": row["title"]}
        for n, row in enumerate(one[:10])
    ]  # fmt: skip
    other[9] |= {"genres": ("metal",)}
    nothing = [make_row(n, artist=f"A {n}", pixel_sha256="0" * 64) for n in range(900, 905)]
    collect = (*study.collect, Collect(source="itunes", country="gb"))
    both = study.model_copy(update={"collect": collect})
    card = describe_dataset(make_manifest([*one, *other, *nothing]), both, LIVE)
    assert card.scopes == ("bandcamp", "itunes?country=gb")
    assert card.duplicates == DuplicateCounts(
        works=9, told=18, contradicting_works=2, placeholders=5, groups=59
    )
    text = render_card(card)
    for line in (
        "| asked of | bandcamp, itunes?country=gb |",
        "| collect 1.source | bandcamp |",
        "| collect 2.country | gb |",
        "9 albums are told by several sources, 18 times in all",
        "2 are left out, for the same album is told",
        "5 albums are left out for one",
        "| placeholder | 5 |",
        "| contradicting work | 2 |",
    ):
        assert line in text, line
    assert "One source" not in text


def test_a_card_of_when_a_study_had_one_source_is_read(objects, describe, manifest):
    told = json.loads(describe(manifest).model_dump_json())
    told["scope"] = told.pop("scopes")[0]
    told["duplicates"] = {"clusters": 2, "albums": 4, "parted": 0}
    objects.put(card_key(manifest.digest, "bandcamp-genre"), json.dumps(told).encode())
    card = read_card(objects, manifest.digest, "bandcamp-genre")
    assert card.scopes == ("bandcamp",)
    assert card.duplicates == DuplicateCounts(clusters=2, albums=4)
    assert "2 covers are on more than one album" in render_card(card)


def test_a_dataset_of_several_labels_says_so(describe, make_manifest, make_row):
    rows = [make_row(n, moods=("Sad", "Angry")) for n in range(20)]
    card = describe(make_manifest(rows, classes=("Angry", "Sad"), scheme="ordered"))
    text = render_card(card)
    assert "an album carries several, the source's first one first" in text
    assert "That an album lacks a label says little" in text
    assert {name: sum(counts.values()) for name, counts in card.by_class.items()} == {
        "Angry": 20,
        "Sad": 20,
    }


def test_an_empty_dataset_has_a_card_too(describe, make_manifest):
    text = render_card(describe(make_manifest([])))
    assert "Nothing that had a cover." in text
    assert "| years | unknown |" in text


def test_what_strangers_wrote_is_escaped(study, make_manifest, make_row):
    classes = ("jazz", HOSTILE)
    rows = [make_row(n, genres=(classes[n % 2],)) for n in range(40)]
    manifest = dataclasses.replace(
        make_manifest(rows, classes=classes), rare_labels={HOSTILE: 2}, excluded={HOSTILE: 1}
    )
    collect = study.collect[0].model_copy(update={"url": HOSTILE})
    hostile = study.model_copy(
        update={"title": HOSTILE, "description": HOSTILE, "collect": (collect,)}
    )
    plain = render_card(describe_dataset(make_manifest(rows, classes=classes), study, LIVE))
    text = render_card(describe_dataset(manifest, hostile, LIVE))
    assert not re.search(r"<|\[|javascript:.*\)|\x1b", text)
    # No line begins with what it says, and no cell of a table ends in it.
    assert text.count("\n# ") == 0
    assert text.count("\n## ") == plain.count("\n## ")
    rows = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert set(rows) == {3, 6}


@given(st.text())
def test_escaped_text_is_one_line_without_any_markup(text):
    found = escape(text)
    assert found.isprintable()
    assert not set(re.sub(r"&#\d+;", "", found)) & set("<>&|`[]()*_~!\\")


def test_every_source_has_its_licence_and_manners():
    assert SOURCE_NOTES.keys() == SOURCES.keys()


def test_a_card_lies_beside_the_manifest(objects, describe, manifest):
    card = describe(manifest)
    assert write_card(objects, card) == f"datasets/{manifest.digest}/bandcamp-genre.md"
    assert write_card(objects, card) == card_key(card.digest, card.study, "md")
    assert read_card(objects, manifest.digest, "bandcamp-genre") == card
    assert objects.get(card_key(card.digest, card.study, "md")).decode() == render_card(card)


def test_what_is_no_card_is_refused(objects):
    with pytest.raises(NotFound):
        read_card(objects, "0" * 64, "s")
    objects.put(card_key("0" * 64, "s"), b'{"digest": 1}')
    with pytest.raises(UnsafeInput, match="expected a dataset card"):
        read_card(objects, "0" * 64, "s")
