"""Blocks escape what they are given."""

import base64

import numpy as np
import pytest
from markupsafe import Markup

from albumart.reports import blocks
from albumart.reports.inputs import CoverExample

HOSTILE = "<script>alert('x')</script>"
BLACK = np.zeros((8, 8, 3), np.uint8)


def example(label="punk", predicted="metal"):
    return CoverExample(HOSTILE, BLACK, label, predicted, 0.9, HOSTILE, HOSTILE)


@pytest.mark.parametrize(
    "made",
    [
        blocks.paragraph(HOSTILE, HOSTILE),
        blocks.missing(HOSTILE),
        blocks.statement(HOSTILE, HOSTILE),
        blocks.bullets([HOSTILE]),
        blocks.subtitle(HOSTILE),
        blocks.table(HOSTILE, [HOSTILE, HOSTILE], [(HOSTILE, HOSTILE)]),
        blocks.details(HOSTILE, blocks.paragraph(HOSTILE)),
        blocks.command(HOSTILE),
        blocks.cover_row(HOSTILE, [BLACK]),
        blocks.example_cards([example(HOSTILE, HOSTILE)]),
        blocks.typical_cards([example(HOSTILE, "metal")]),
    ],
)
def test_text_is_escaped(made):
    assert isinstance(made, Markup)
    assert "<script" not in made
    assert "&lt;script" in made


def test_join_leaves_out_nothing_but_nothing():
    assert blocks.join(Markup("a"), None, Markup("b")) == "a\nb"


def test_table_has_caption_scopes_and_numbers_to_the_right():
    made = blocks.table("Sums", ("who", "n", "why"), [("a", 1, "x")], text_columns=(0, 2))
    assert "<caption>Sums</caption>" in made
    assert made.count('scope="col"') == 3
    assert '<th scope="row">a</th>' in made
    assert '<td class="number">1</td>' in made
    assert "<td>x</td>" in made


@pytest.mark.parametrize(
    ("shape", "shrunk"),
    [((224, 224), (112, 112)), ((160, 90), (160, 90)), ((350, 350), (116, 116)), ((7, 9), (7, 9))],
)
def test_shrink(shape, shrunk):
    assert blocks.shrink(np.zeros((*shape, 3), np.uint8)).shape == (*shrunk, 3)


def test_shrink_takes_the_mean():
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[::2] = 100
    assert (blocks.shrink(rgb, side=2) == 50).all()


def test_data_uri_is_a_jpeg():
    head, data = blocks.data_uri(np.full((16, 16, 3), 128, np.uint8)).split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("label", "mistakes", "typical"),
    [
        ("punk", "but labelled punk", "but labelled punk"),
        ("metal", ">labelled metal", None),
        ("punk, metal", ">labelled punk, metal", None),
    ],
)
def test_a_card_says_where_the_label_is_another(label, mistakes, typical):
    assert mistakes in blocks.example_cards([example(label)])
    strip = blocks.typical_cards([example(label)])
    assert typical in strip if typical else "labelled" not in strip
