"""The page: one file that loads nothing, runs nothing, and reads in order."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from albumart.evaluation.baselines import NotRun
from albumart.evaluation.evaluate import evaluate_predictions
from albumart.evaluation.intervals import wilson
from albumart.evaluation.multi_evaluate import evaluate_multi_predictions
from albumart.evaluation.multi_scores import check_multi_scores
from albumart.evaluation.not_sure import Threshold
from albumart.evaluation.seeds import summarize_seeds
from albumart.evaluation.shortcut import SourceProbe
from albumart.evaluation.slices import Slice
from albumart.evaluation.trials import Trials
from albumart.reports import report as module
from albumart.reports.drawing import THEME
from albumart.reports.inputs import (
    CoverExample,
    CoverPlane,
    DatasetFacts,
    Decision,
    ExpectationRow,
    Look,
    LookedAt,
    Looks,
    PlacedCover,
    PublishedResult,
    ReportInput,
    Sighting,
    StudyFacts,
)
from albumart.reports.report import render_report, report_html
from albumart.reports.sections import SECTIONS, Section
from albumart.training.lr_finder import RateSearch
from albumart.training.state import StageResult

VOID = {"meta", "img", "link", "br", "hr", "input"}
HOSTILE = "<img src=x onerror=alert(1)>[x](javascript:alert(1))\"'></style></title><script>"


class Page(HTMLParser):
    """Start tags with their attributes, in order; open tags must be closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


def hostile_report():
    """Every text of a report is the hostile one."""
    picture = np.zeros((8, 8, 3), np.uint8)
    example = CoverExample(HOSTILE, picture, HOSTILE, f"{HOSTILE}2", 0.9, HOSTILE, HOSTILE)
    looked = LookedAt(example, (Look(HOSTILE, 0.9, picture, HOSTILE), Look(HOSTILE, 0.1, None)))
    looks = Looks(
        method=HOSTILE,
        reading=HOSTILE,
        source=HOSTILE,
        typical={HOSTILE: (looked,)},
        mistakes=(looked,),
        correlation=0.9,
        checked=2,
    )
    seeds = summarize_seeds([wilson(1, 2)])
    stage = StageResult(
        image_size=64,
        unfrozen=(HOSTILE, HOSTILE),
        learning_rate=1e-3,
        batch_size=8,
        epochs=1,
        precision=HOSTILE,
        best={HOSTILE: 1.0, "val_loss": 1.0, "val_accuracy": 0.5},
        search=RateSearch((1e-4, 1e-3, 1e-2), (2.0, 1.0, 9.0), 1e-3),
    )
    classes = (HOSTILE, f"{HOSTILE}2")
    return ReportInput(
        study=StudyFacts(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        dataset=DatasetFacts(
            HOSTILE,
            by_split={HOSTILE: dict.fromkeys(classes, 3)},
            by_status={HOSTILE: 3},
            excluded={HOSTILE: 3},
            by_source={HOSTILE: 3},
        ),
        evaluation=evaluate_predictions(
            [0, 1], [[0.9, 0.1], [0.8, 0.2]], classes=classes, groups=[0, 1]
        ),
        headline_note=HOSTILE,
        published=(PublishedResult(HOSTILE, 0.3, source=HOSTILE),),
        validation=(ExpectationRow(HOSTILE, HOSTILE, HOSTILE, passed=False, detail=HOSTILE),),
        baselines={
            "majority": wilson(1, 2),
            HOSTILE: wilson(1, 2),
            f"{HOSTILE}2": NotRun(HOSTILE),
        },
        history=({HOSTILE: 1.0, "loss": 1.0},),
        stages=(stage, replace(stage, unfrozen=(HOSTILE,))),
        covers={HOSTILE: (picture,)},
        top_losses=(example,),
        typical={HOSTILE: (example,)},
        looks=looks,
        plane=CoverPlane(
            HOSTILE,
            (
                PlacedCover(HOSTILE, (HOSTILE,), HOSTILE, 0.1, 0.9, HOSTILE, picture),
                PlacedCover(HOSTILE, (HOSTILE,), f"{HOSTILE}2", 0.9, 0.1, None),
            ),
            n=3,
        ),
        sightings=(Sighting(example, ((HOSTILE, 0.5),)),),
        confused=((HOSTILE, HOSTILE, 3),),
        slices=(
            Slice(HOSTILE, HOSTILE, 60, wilson(3, 60)),
            Slice(HOSTILE, f"{HOSTILE}2", 3, None),
            Slice(f"{HOSTILE}3", HOSTILE, 3, None),
        ),
        threshold=Threshold(0.7, 0.8, wilson(1, 2), wilson(1, 1)),
        probe=SourceProbe(wilson(60, 80), 0.5, (HOSTILE, HOSTILE), (HOSTILE,)),
        trials=Trials((0,), {"accuracy": seeds, HOSTILE: seeds}, {"accuracy": seeds}),
        decision=Decision(promoted=False, reason=HOSTILE, version=HOSTILE),
        plan={HOSTILE: HOSTILE, f"{HOSTILE}2": [{HOSTILE: HOSTILE}, {HOSTILE: [HOSTILE]}]},
        reproduce=HOSTILE,
        versions={HOSTILE: HOSTILE},
        made_on=HOSTILE,
    )


def hostile_multi_report():
    """The same with several labels for each cover."""
    truth, probabilities = [[1, 0], [1, 1]], [[0.9, 0.1], [0.8, 0.2]]
    evaluation = evaluate_multi_predictions(
        check_multi_scores(truth, probabilities),
        (HOSTILE, f"{HOSTILE}2"),
        groups=[0, 1],
        shares=[0.5, 0.5],
    )
    return replace(hostile_report(), evaluation=evaluation)


@pytest.fixture(scope="module")
def full_text(full_report):
    return report_html(full_report)


@pytest.fixture(
    scope="module",
    params=["full", "minimal", "several labels", "hostile", "hostile, several labels"],
)
def text(request, full_text, minimal_report, multi_report):
    made = {
        "full": lambda: full_text,
        "minimal": lambda: report_html(minimal_report),
        "several labels": lambda: report_html(multi_report),
        "hostile": lambda: report_html(hostile_report()),
        "hostile, several labels": lambda: report_html(hostile_multi_report()),
    }
    return made[request.param]()


def test_nothing_is_loaded(text):
    page = Page(text)
    for _, attrs in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action"):
            address = attrs.get(name) or "#"
            assert address.startswith(("#", "data:image/jpeg;base64,")), address[:80]
    styles = " ".join([*re.findall(r"<style>(.*?)</style>", text, re.DOTALL)])
    assert "@import" not in styles
    assert "url(" not in styles
    assert not page.all("script", "link", "iframe", "object", "embed", "base", "form")


def test_nothing_hostile_becomes_markup(text):
    page = Page(text)
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert not [src for src in page.all("img") if not src["src"].startswith("data:")]
    head, _, body = text.partition("</head>")
    assert head.count("<title>") == head.count("</title>") == 1
    # In the body the covers of the map have titles, as many as there are.
    placed = len(page.all("image", "circle"))
    assert body.count("<title>") == body.count("</title>") == placed
    assert text.count("</style>") == 1


def test_content_security_policy_forbids_everything_else(text):
    metas = {attrs.get("http-equiv"): attrs.get("content") for attrs in Page(text).all("meta")}
    policy = metas["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_it_reads_in_order(text):
    page = Page(text)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == 1


def test_pictures_and_tables_say_what_they_are(text):
    page = Page(text)
    assert all(attrs["alt"] for attrs in page.all("img"))
    assert all(attrs["scope"] for attrs in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert len(page.all("figcaption")) == len(page.all("figure")) == len(page.all("svg"))
    drawings = [attrs for attrs in page.all("div") if attrs.get("role") == "img"]
    assert len(drawings) == len(page.all("figure"))
    assert all(attrs["aria-label"] for attrs in drawings)


def test_ids_are_unique_and_links_arrive(text):
    page = Page(text)
    ids = Counter(attrs["id"] for _, attrs in page.tags if "id" in attrs)
    assert ids.most_common(1)[0][1] == 1
    targets = {attrs["href"][1:] for attrs in page.all("a")}
    assert targets <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)


def test_the_head_says_the_result(full_text):
    plain = full_text.replace("\u00a0", " ").replace("\u2060", "")
    assert "of test covers get their genre right (95 % interval" in plain
    assert "trained from scratch: no ImageNet weights" in plain
    assert "✓ Promoted" in plain
    assert "first champion: above guessing" in plain


def test_a_refusal_is_said(minimal_report):
    refused = replace(minimal_report, decision=Decision(promoted=False, reason="NaN", version="v2"))
    assert "✗ Not promoted:</strong> NaN" in report_html(refused)


def test_sections_are_those_of_the_table_that_have_a_body(full_text, full_report):
    bodies = {name: section.body(full_report) for name, section in SECTIONS.items()}
    shown = [name for name, body in bodies.items() if body is not None]
    assert [attrs["id"] for attrs in Page(full_text).all("section")] == shown
    assert set(SECTIONS) - set(shown) == {
        *("labels", "confused", "multi-metrics", "heads", "nearness", "label-map"),
    }


def test_a_report_on_several_labels_leads_with_what_fits(multi_report):
    plain = report_html(multi_report).replace("\u00a0", " ")
    assert "Saying which moods a cover has" in plain
    assert "<dt>labels</dt><dd>20</dd>" in plain
    assert "<span>1</span>" in plain
    assert "100 %</span></p>" not in plain


def test_a_section_without_body_is_left_out(minimal_report, monkeypatch):
    monkeypatch.setitem(SECTIONS, "mute", Section("Mute", lambda report: None))
    assert "Mute" not in report_html(minimal_report)


def test_equal_inputs_are_equal_bytes(full_report, full_text):
    assert report_html(full_report) == full_text


def test_light_and_dark_define_every_colour_of_the_figures():
    css = files("albumart.reports").joinpath("templates", "report.css").read_text()
    light, dark = css.split("prefers-color-scheme: dark")
    for colour, variable in THEME.items():
        assert f"{variable}: " in light, colour
        assert f"{variable}: " in dark.split("@media")[0], colour


def test_ten_classes_of_noise_stay_under_three_megabytes(full_text, minimal_report):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    covers = {f"genre {number}": (noise,) * 12 for number in range(10)}
    noisy = report_html(replace(minimal_report, covers=covers))
    assert len(noisy.encode()) + len(full_text.encode()) < 3_000_000


def test_render_writes_the_page_and_makes_its_folder(tmp_path, minimal_report):
    path = tmp_path / "reports" / "tiny.html"
    assert render_report(minimal_report, path) == path
    assert path.read_text(encoding="utf-8") == report_html(minimal_report)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["tiny.html"]


def test_what_fails_half_way_leaves_the_old_report(tmp_path, minimal_report, monkeypatch):
    path = render_report(minimal_report, tmp_path / "tiny.html")
    before = path.read_bytes()

    def broken(report):
        raise RuntimeError("no")

    monkeypatch.setattr(module, "report_html", broken)
    with pytest.raises(RuntimeError, match="no"):
        render_report(minimal_report, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["tiny.html"]
