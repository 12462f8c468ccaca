"""Each row of SECTIONS has something to say, says why not, or is left out; never blank."""

import math
import re
from dataclasses import replace
from html import unescape

import pytest

from albumart.dataset.duplicates import DuplicateCounts
from albumart.evaluation.baselines import NotRun
from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.intervals import Estimate, wilson
from albumart.evaluation.multi_evaluate import evaluate_multi_predictions
from albumart.evaluation.multi_scores import check_multi_scores
from albumart.evaluation.not_sure import Threshold
from albumart.evaluation.seeds import summarize_seeds
from albumart.evaluation.shortcut import SourceProbe
from albumart.evaluation.slices import Slice
from albumart.evaluation.trials import Trials
from albumart.reports.sections import SECTIONS

SINGLE = {"classes", "confusion", "calibration", "not-sure", "metrics"}
MULTI = {"labels", "confused", "multi-metrics", "heads", "nearness", "label-map"}

NOT_OF_MOODS = {"typical", "looks", "imagenet"}  # these covers were not asked for


def words(body):
    return unescape(re.sub(r"<[^>]+>", " ", str(body))).split()


def said(name, report):
    return " ".join(words(SECTIONS[name].body(report))).replace("\u00a0", " ")


@pytest.mark.parametrize("name", [name for name in SECTIONS if name not in MULTI])
def test_full(name, full_report):
    body = SECTIONS[name].body(full_report)
    assert body is not None
    assert len(words(body)) > 10
    assert 'class="missing"' not in body


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_of_its_kind_of_evaluation(name, full_report, multi_report):
    assert (SECTIONS[name].body(full_report) is None) == (name in MULTI)
    if name in SINGLE:
        assert SECTIONS[name].body(multi_report) is None


@pytest.mark.parametrize("name", [name for name in SECTIONS if name not in SINGLE | NOT_OF_MOODS])
def test_multi(name, multi_report):
    assert len(said(name, multi_report).split()) >= 5


@pytest.mark.parametrize("name", SECTIONS)
def test_multi_of_one_cover(name, minimal_report):
    scores = check_multi_scores([[1, 0]], [[0.5, 0.5]])
    evaluation = evaluate_multi_predictions(scores, ("a", "b"), groups=["x"], shares=[0.5, 0.5])
    body = SECTIONS[name].body(replace(minimal_report, evaluation=evaluation))
    assert body is None or len(words(body)) >= 5


@pytest.mark.parametrize("name", SECTIONS)
def test_minimal(name, minimal_report):
    body = SECTIONS[name].body(minimal_report)
    assert body is None or len(words(body)) >= 5


@pytest.mark.parametrize(
    "name", ["covers", "typical", "plane", "slices", "source", "not-sure", "confused"]
)
def test_what_was_not_asked_is_left_out(name, minimal_report):
    assert SECTIONS[name].body(minimal_report) is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("comparison", "No baseline was run"),
        ("mistakes", "No mistake was kept"),
        ("validation", "No expectation was checked"),
        ("training", "was not trained in epochs"),
        ("training", "parameters were not recorded"),
        ("dataset", "No stored cover was left out"),
        ("confusion", "No cover was called wrongly"),
        ("trials", "was trained once"),
    ],
)
def test_what_is_missing_is_said(name, sentence, minimal_report):
    assert sentence in SECTIONS[name].body(minimal_report)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("comparison", "colour histogram and Annoy (albumNet)"),
        ("comparison", "31.3–34.7"),
        ("classes", "Easiest here:"),
        ("confusion", "per cent of the row"),
        ("mistakes", "Night | `drive` by Ghost"),
        ("mistakes", "bandcamp:2"),
        ("calibration", "softened by a temperature of 1.40"),
        ("metrics", "Balanced accuracy"),
        ("dataset", "10,000"),
        ("dataset", "labels contradict each other"),
        ("dataset", "no known genre"),
        ("dataset", "No picture lies in two splits."),
        ("comparison", "boosted trees on colour histograms"),
        ("comparison", "xgboost is not installed"),
        ("confusion", "Most-confused pairs"),
        ("confusion", "the diagonal is the precision"),
        ("not-sure", "of 560 covers"),
        ("not-sure", "of 96 answers"),
        ("trials", "with a standard deviation of 1.0\u00a0points"),
        ("trials", "seed 2"),
        ("trials", "Every cover tested once, in 5 folds"),
        ("slices", "too few"),
        ("slices", "All test covers are alike in source: bandcamp."),
        ("slices", "mix of classes"),
        ("source", "bandcamp and itunes"),
        ("typical", "Most metal"),
        ("typical", "but labelled soul"),
        ("looks", "with heat, made by Grad-CAM"),
        ("looks", "0.07 on average"),
        ("looks", "pass this check"),
        ("looks", "most for ambient is found in the upper left"),
        ("looks", "nothing here speaks for dubstep"),
        ("plane", "a sample of 120 of the 560 test covers"),
        ("plane", "t-SNE: near covers are alike"),
        ("cards", "a probability for each of 10 genres"),
        ("cards", "must not be used to guess anything about a person"),
        ("cards", "published by Yanir Seroussi"),
        ("cards", "Its licence is not known here."),
        ("cards", "Who answered: recorded files. Their albums are of 1971 to 2015."),
        ("cards", "albumart run made --real DIR"),
        ("imagenet", "comic book"),
        ("metrics", "by group, centred"),
        ("validation", "1 of 3 expectations"),
        ("training", "64, 64"),
        ("training", "flip yes, crop 0.1"),
        ("training", "next stage of training"),
        ("reproduce", "albumart run sandbox-genre --sandbox"),
    ],
)
def test_what_is_known_is_said(name, sentence, full_report):
    assert sentence in SECTIONS[name].body(full_report)


def test_failures_come_first(full_report):
    body = str(SECTIONS["validation"].body(full_report))
    places = [body.index(text) for text in ("no class below", "is a rumour", "ids are unique")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("comparison", "knowing only how common each mood is"),
        ("labels", "Furthest above:"),
        ("labels", "at a threshold of 40 %"),
        ("confused", "bittersweet"),
        ("multi-metrics", "They are centred"),
        ("mistakes", "but labelled sad, bleak"),
        ("slices", "higher where more of the labels are true"),
        ("source", "allmusic and bandcamp, but whether"),
        ("dataset", "counts once for each of its labels"),
        ("plane", "Where the covers of each mood lie"),
        ("cards", "built without a card"),
        ("dataset", "No two albums of the dataset have the same picture"),
    ],
)
def test_what_is_known_of_several_labels_is_said(name, sentence, multi_report):
    assert sentence in said(name, multi_report)


def test_labels_below_guessing_are_not_said_to_be_above(multi_report):
    evaluation = multi_report.evaluation
    none = [replace(one, average_precision=Estimate(0, 0, 0, 9)) for one in evaluation.per_label]
    many = tuple(replace(one, name=f"{one.name} {time}") for time in range(3) for one in none)
    more = replace(evaluation, per_label=many, labels=tuple(one.name for one in many))
    told = said("labels", replace(multi_report, evaluation=more))
    assert "For 0 of 60" in told
    assert "Furthest" not in told
    assert "the 40 commonest moods" in told


def test_a_report_without_any_baseline_run_says_why(minimal_report):
    told = said("comparison", replace(minimal_report, baselines={"majority": NotRun("no time")}))
    assert "No baseline was run" in told
    assert "no time" in told


@pytest.mark.parametrize(
    ("precision", "sentence"),
    [
        (wilson(75, 96), "as far as these covers tell"),
        (wilson(30, 96), "do not rely on the threshold"),
        (wilson(95, 96), "more than wanted"),
        (wilson(0, 0), "No test cover gets an answer"),
    ],
)
def test_what_a_threshold_is_worth(full_report, precision, sentence):
    threshold = Threshold(0.7, 0.8, wilson(precision.n, 560), precision)
    assert sentence in said("not-sure", replace(full_report, threshold=threshold))


def test_no_threshold_is_no_blank(full_report):
    told = said("not-sure", replace(full_report, threshold=None))
    assert "No threshold reaches that" in told
    assert "upright line" not in told


@pytest.mark.parametrize(
    ("leakage", "sentence"),
    [
        ((0.05, 0.01, 0.09, 9), "knows an artist or a picture again"),
        ((-0.05, -0.09, -0.01, 9), "nothing leaks"),
        ((0.01, -0.02, 0.04, 9), "no leak can be told from chance"),
    ],
)
def test_what_leaks(full_report, leakage, sentence):
    trials = replace(full_report.trials, leakage=Estimate(*leakage))
    assert sentence in said("trials", replace(full_report, trials=trials))


def test_one_seed_without_random_split_and_folds(full_report):
    alone = {"accuracy": summarize_seeds([Estimate(0.4, 0.3, 0.5, 9)])}
    told = said("trials", replace(full_report, trials=Trials((0,), alone, {})))
    assert "one seed only" in told
    assert "random" not in told
    assert "folds" not in told


def test_a_seed_that_failed_is_said(full_report):
    nothing = Estimate(math.nan, math.nan, math.nan, 9)
    found = {"accuracy": summarize_seeds([Estimate(0.4, 0.3, 0.5, 9), nothing])}
    told = said("trials", replace(full_report, trials=Trials((0, 1), found, {})))
    assert "A seed whose training failed has no figure." in told


def test_a_model_without_a_threshold_has_it_on_its_card(full_report):
    told = "No confidence was found"
    assert told not in said("cards", full_report)
    assert told in said("cards", replace(full_report, threshold=None))


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("random", "begun with random weights."),
        ("imagenet", "begun with ImageNet weights (Apache-2.0; Google's"),
        ("/home/ada/mine.h5", "begun with the weights of mine.h5."),
    ],
)
def test_whose_the_weights_are(full_report, weights, told):
    plan = {**full_report.plan, "backbone": "MobileNetV2", "weights": weights}
    assert told in said("cards", replace(full_report, plan=plan))


def test_few_covers_are_placed_where_they_differ_most(full_report):
    few = replace(full_report.plane, method="PCA", n=len(full_report.plane.covers))
    told = said("plane", replace(full_report, plane=few))
    assert "These are the 120 test covers" in told
    assert "PCA: it is the plane in which they differ most" in told


def test_maps_that_do_not_come_from_the_model_are_not_to_be_read(full_report):
    told = said("looks", replace(full_report, looks=replace(full_report.looks, correlation=0.8)))
    assert "fail this check" in told
    without = said("looks", replace(full_report, looks=replace(full_report.looks, mistakes=())))
    assert "worst mistakes" not in without


@pytest.mark.parametrize("name", ["looks", "imagenet"])
def test_where_nobody_asked_the_model_nothing_is_shown(name, minimal_report):
    assert SECTIONS[name].body(minimal_report) is None


def test_slices_that_are_all_alike_draw_nothing(full_report):
    told = said("slices", replace(full_report, slices=(Slice("decade", "unknown", 9, None),)))
    assert told == "All test covers are alike in decade: unknown."


def test_of_skin_colour_it_is_said_what_pixels_cannot_tell(full_report):
    tones = [Slice("skin colour", name, 280, wilson(90, 280)) for name in ("none", "darker")]
    told = said("slices", replace(full_report, slices=tuple(tones)))
    assert "wood, sand and sepia look like it" in told
    assert "wood" not in said(
        "slices", replace(full_report, slices=(tones[0], *full_report.slices))
    )


def test_a_source_that_nobody_can_tell(full_report):
    probe = SourceProbe(wilson(50, 100), 0.5, ("a", "b"), ("metal",))
    assert "no trace of the source" in said("source", replace(full_report, probe=probe))
    assert "one source, bandcamp" in said("source", replace(full_report, probe=None))


def test_a_picture_in_two_splits_is_called_wrong(full_report):
    parted = replace(full_report, duplicates=DuplicateCounts(clusters=3, parted=2))
    assert "2 of these pictures lie in more than one split" in said("dataset", parted)


def test_the_tables_of_intervals_name_each_kind(full_report):
    assert isinstance(full_report.evaluation, Evaluation)
    told = said("metrics", full_report)
    assert told.count("Wilson's") == 2 + 1  # accuracy and top 3, and the explanation
    assert "Brier score" in told
