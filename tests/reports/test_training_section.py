"""The training section: what each stage came to, how its rate was found, and the plan in tables."""

import re
from dataclasses import replace
from html import unescape

import pytest

from albumart.reports.sections import SECTIONS
from albumart.training.lr_finder import RateSearch


def said(report):
    text = unescape(re.sub(r"<[^>]+>", " ", str(SECTIONS["training"].body(report))))
    return " ".join(text.split()).replace("\u00a0", " ")


def rows(report, caption):
    """Cells of the table with that caption, the heads of its columns first."""
    body = str(SECTIONS["training"].body(report))
    (table,) = re.findall(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", body, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[1:]]
    return [[unescape(cell).replace("\u00a0", " ") for cell in row] for row in cells]


def with_errors(report, errors):
    """The report with that many stages, with these validation errors."""
    stages = [
        replace(stage, best=stage.best | {"val_accuracy": 1 - error})
        for stage, error in zip(report.stages * 3, errors, strict=False)
    ]
    return replace(report, stages=tuple(stages))


def without_errors(report):
    stages = [replace(stage, best={"val_loss": stage.best["val_loss"]}) for stage in report.stages]
    return replace(report, stages=tuple(stages))


def test_each_stage_has_its_row(full_report):
    head, first, second, *_ = rows(full_report, "Stages, each in its best epoch")
    assert head == [
        *("stage", "image size", "what learns", "highest rate", "epochs", "validation loss"),
        *("validation error", "batch", "precision"),
    ]
    assert first == [
        *("1", "224²", "head", "found: 0.0012", "3", "1.882", "71.3 %", "64", "float32"),
    ]
    assert second == [
        *("2", "224²", "all", "2e−4", "3", "1.500", "65.5 %", "64", "mixed bfloat16"),
    ]


def test_columns_that_say_nothing_are_left_out(full_report):
    plain = [replace(stage, precision="float32", batch_size=64) for stage in full_report.stages]
    head, *_ = rows(replace(full_report, stages=tuple(plain)), "Stages, each in its best epoch")
    assert head[-1] == "validation error"


def test_the_error_is_read_stage_by_stage(full_report):
    assert (
        "By stage, the error on validation covers is 71.3 → 65.5 → 64.8 → 61.1 %. Each stage "
        "lowers it." in said(full_report)
    )


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        ((0.213, 0.187), "is 21.3 → 18.7 %. Each stage lowers it."),
        ((0.2, 0.25, 0.1), "Stage 2 did not lower it."),
        ((0.2, 0.2, 0.3, 0.1), "Stages 2 and 3 did not lower it."),
    ],
)
def test_a_stage_that_did_not_help_is_named(full_report, errors, sentence):
    assert sentence in said(with_errors(full_report, errors))


def test_one_stage_has_no_steps(full_report):
    told = said(with_errors(full_report, (0.4,)))
    assert "Trained in one stage" in told
    assert "the error on validation covers is 40.0 %." in told
    assert "from stage to stage" not in told


def test_many_stages_are_only_numbered_in_the_figure(full_report):
    report = with_errors(full_report, (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2))
    assert "Under a step: its stage. " in said(report)
    assert ">stage 6<" in str(SECTIONS["training"].body(with_errors(full_report, (0.5,) * 6)))
    assert ">stage 7<" not in str(SECTIONS["training"].body(report))


def test_without_errors_the_loss_is_compared(full_report):
    report = without_errors(full_report)
    told = said(report)
    assert "the loss on validation covers is 1.882 → 1.500 → 1.209 → 0.989. Each" in told
    assert "interval" not in told
    assert rows(report, "By stage, in the epoch that was kept")[0] == [
        *("stage", "loss on validation covers"),
    ]


def test_an_error_has_an_interval_where_the_covers_are_counted(full_report, multi_report):
    assert "interval from 580 covers, the same in every stage" in said(full_report)
    assert rows(full_report, "By stage, in the epoch that was kept")[1] == [
        *("1", "71.3 %", "67.6–74.9"),
    ]
    several = replace(multi_report, stages=full_report.stages)
    assert "interval" not in said(several)


def test_what_learns_without_a_plan(full_report):
    told = rows(replace(full_report, plan={}), "Stages, each in its best epoch")
    assert told[2][2] == "stem, stage2, stage3, stage4, stage5 and head"
    assert "6 groups" in str(SECTIONS["training"].body(replace(full_report, plan={"stages": 4})))


def test_each_search_is_drawn_and_read(full_report):
    body = str(SECTIONS["training"].body(full_report))
    told = said(full_report)
    assert body.count('aria-label="Range test of stage') == 2 * 2  # a figure and a table each
    assert "Stage 1: the loss at each rate tried, and the rate suggested." in told
    assert "The diamond is at the rate suggested, 6e−4, which the stage was trained" in told
    assert "What lies above the frame is cut off." in told
    assert "hardly" not in told
    search = full_report.stages[2].search
    numbers = rows(full_report, "Range test of stage 3")[1:]
    assert len(numbers) == len(search.rates)
    assert numbers[0] == ["1e−7", f"{search.losses[0]:.4f}"]


def test_a_search_that_found_nothing_is_said(full_report):
    search = RateSearch((1e-3, 1e-2, 1e-1), (2.0, 1.99, 2.05), 1e-2)
    told = said(replace(full_report, stages=(replace(full_report.stages[0], search=search),)))
    assert "the smoothed loss hardly comes down; its lowest is 1.990 at a rate of 0.01" in told
    assert "a rate set by hand may be better" in told
    assert "cut off" not in told


def test_without_a_search_nothing_is_said_of_it(full_report):
    stages = tuple(replace(stage, search=None) for stage in full_report.stages)
    assert "How the rate was found" not in said(replace(full_report, stages=stages))


def test_a_plan_of_stages_is_a_table_with_a_column_each(full_report):
    told = rows(full_report, "Training parameters: stages")
    assert told[0] == ["stages", "1", "2", "3", "4"]
    found = {name: values for name, *values in told[1:]}
    assert found["image size"] == ["224", "224", "320", "320"]  # what is left open is the model's
    assert found["learning rate"] == ["find", "2e−5, 2e−4", "find", "1e−5, 1e−4"]
    assert found["unfrozen"] == ["head", "all", "head", "all"]
    assert "warmup" not in found  # which no stage sets
    flat = dict(rows(full_report, "Training parameters")[1:])
    assert "stages" not in flat
    assert flat["clip norm"] == "not set"
    assert flat["weight decay"] == "1e−5"


def test_a_plan_of_nothing_but_stages(full_report):
    plan = {"stages": [{"epochs": 3, "warmup": None}, {"epochs": 4, "warmup": 0.1}]}
    report = replace(full_report, plan=plan)
    assert "<caption>Training parameters</caption>" not in str(SECTIONS["training"].body(report))
    assert rows(report, "Training parameters: stages")[1:] == [
        ["epochs", "3", "4"],
        ["warmup", "not set", "0.1"],
    ]


def test_lists_that_are_no_tables_stay_in_their_row(full_report):
    plan = {"augment": ["flip", "shift"], "nothing": [], "mixed": [{"a": 1}, "b"], "empty": {}}
    assert rows(replace(full_report, plan=plan), "Training parameters")[1:] == [
        ["augment", "flip, shift"],
        ["nothing", "none"],
        ["mixed", "a 1, b"],
        ["empty", "none"],
    ]


def test_epochs_are_numbered_and_rates_keep_their_digits(full_report):
    head, *epochs = rows(full_report, "Epochs")
    fifth = dict(zip(head, epochs[4], strict=True))
    assert (fifth["epoch"], fifth["stage"], fifth["batch size"]) == ("5", "2", "64")
    assert fifth["learning rate"] == "2.4e−4"
