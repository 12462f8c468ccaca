"""The sections about a study's heads side by side."""

import math
import re
from dataclasses import replace
from html import unescape

import pytest

from albumart.evaluation.heads import MapFacts, Nearness
from albumart.evaluation.intervals import Estimate
from albumart.reports import heads, label_figures


def said(body):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", str(body))).split()).replace("\u00a0", " ")


def changed(report, **changes):
    compared = replace(report.trials.compared, **changes)
    return replace(report, trials=replace(report.trials, compared=compared))


def test_heads_stand_beside_popularity_and_those_that_know_more_are_marked(multi_report):
    text = said(heads.side_by_side(multi_report))
    assert "Four heads on the same backbone" in text
    assert "knows more than the cover" in text
    assert "image and metadata: cover alone" in text
    assert "knowing only how common each mood is" in text
    for title in ("Micro PR-AUC", "Macro PR-AUC", "mAP", "nDCG@5"):
        assert title in text
    assert "Difference to “image” on the same covers, paired" in text


def test_heads_without_metadata_need_no_remark(multi_report):
    image, _, space, _ = multi_report.trials.compared.heads
    text = said(heads.side_by_side(changed(multi_report, heads=(image, space))))
    assert "Two heads" in text
    assert "knows more" not in text
    assert "Diamonds" not in text
    assert heads.side_by_side(changed(multi_report, heads=(image,))) is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.2, -0.1, "“a” makes nearer mistakes than “b”"),
        (-0.2, 0.1, "“a” is not shown to make nearer mistakes than “b”"),
        (0.1, 0.2, "“a” makes mistakes that are further off than those of “b”"),
        (math.nan, math.nan, "“a” is not shown to make nearer mistakes than “b”"),
    ],
)
def test_nearer_mistakes_are_shown_or_said_not_to_be(multi_report, low, high, verdict):
    row = Nearness("a", "b", Estimate((low + high) / 2, low, high, 9), Estimate(0, -1, 1, 9))
    assert verdict in said(heads.nearness(changed(multi_report, nearness=(row,))))


def test_moods_without_a_vector_are_named(multi_report):
    text = said(heads.nearness(multi_report))
    assert "made vectors" in text
    assert "It knows 18 of 20 moods (90.0 %); without a vector: sweet and warm." in text
    assert "bitter, sweet" in text
    space = replace(multi_report.trials.compared.space, missing=(), composed={})
    whole = said(heads.nearness(changed(multi_report, space=space)))
    assert "It knows 20 of 20 moods (100.0 %)." in whole
    assert "without a vector" not in whole


def test_the_map_says_what_it_shows(multi_report):
    text = said(heads.label_map(multi_report))
    assert "400 test covers, each where the answer of “image to space” lies" in text
    assert "a sample of" not in text
    assert "t-SNE" in text
    shown = replace(multi_report.trials.compared.map, n=9000)
    assert "a sample of 400 of 9,000" in said(heads.label_map(changed(multi_report, map=shown)))


def test_a_study_of_one_head_and_one_label_has_no_such_sections(full_report, multi_report):
    for section in (heads.side_by_side, heads.nearness, heads.label_map):
        assert section(full_report) is None
        assert section(replace(full_report, trials=None)) is None
    bare = changed(multi_report, space=None, map=None)
    assert heads.nearness(bare) is heads.label_map(bare) is None


def test_names_on_the_map_do_not_lie_on_each_other():
    near = ((f"mood {n}", 0.0, n / 1000) for n in range(30))
    crowded = (*near, ("far", 5.0, 5.0))
    shown = MapFacts("a head", "pca", "", crowded, (), 0)
    texts = [text.get_text() for text in label_figures.plot_label_map(shown).axes[0].texts]
    assert texts == ["mood 0", "far"]


def test_a_map_of_one_place_is_drawn():
    shown = MapFacts("a head", "pca", "", (("a", 1.0, 1.0),), ((1.0, 1.0, True),), 1)
    assert len(label_figures.plot_label_map(shown).axes[0].lines) == 2
