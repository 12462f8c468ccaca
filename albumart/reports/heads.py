"""Sections about a study's heads side by side: their figures, how near they miss, and the map."""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from albumart.evaluation.heads import (
    HeadComparison,
    MapFacts,
    Nearness,
    SpaceFacts,
    named_labels,
)
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.label_distance import LabelDistance
from albumart.reports import blocks, figures, label_figures
from albumart.reports.figures import Contender
from albumart.reports.headline import headline_figure
from albumart.reports.inputs import ReportInput
from albumart.reports.trials import TITLES
from albumart.reports.wording import (
    UNKNOWN,
    baseline_title,
    capital,
    count,
    listed,
    number,
    number_range,
    percent,
    percent_range,
    plural,
    signed,
)

# What heads are compared in, where they have it.
COMPARED: Final = ("accuracy", "micro_pr_auc", "macro_pr_auc", "map", "ndcg_at_5")


def side_by_side(report: ReportInput) -> Markup | None:
    """Every head's figures, and its gain over the study's own."""
    found = _compared(report)
    if found is None or len(found.heads) < 2:
        return None
    return blocks.join(
        blocks.paragraph(_told(report, found)),
        _figure(report, found),
        _figures_table(report, found),
        _gains_table(found),
    )


def nearness(report: ReportInput) -> Markup | None:
    """How far off wrong answers are, and whether heads in label space are nearer."""
    found = _compared(report)
    if found is None or found.space is None:
        return None
    noun = report.study.label_noun
    named = named_labels(found.space.labels)
    rows = [(head.title, head.distance) for head in found.heads]
    rows += [(baseline_title("popularity", noun), found.popularity_distance)]
    return blocks.join(
        blocks.paragraph(
            f"To call a sad cover gloomy is a nearer mistake than to call it happy. The distance "
            f"of two {plural(noun)} is 0 where they are the same, 1 where they have nothing to do "
            f"with each other and 2 where they are opposites; that of a wrong answer is the one to "
            f"the nearest of the cover’s own {plural(noun)}. A cover is said to have the "
            f"{_counted(named, noun)} that the head holds most probable."
        ),
        *(blocks.paragraph(_nearer_told(row)) for row in found.nearness),
        blocks.table(
            "Distance of wrong answers in label space, with 95 % intervals",
            ("who", "wrong answers", "mean distance of these", "of all answers"),
            [_distance_row(title, distance) for title, distance in rows if distance is not None],
        ),
        *_space_told(report, found.space),
    )


def label_map(report: ReportInput) -> Markup | None:
    """The labels in two dimensions, with covers where a head's answers lie."""
    found = _compared(report)
    if found is None or found.map is None or found.space is None:
        return None
    shown, nouns = found.map, plural(report.study.label_noun)
    return blocks.join(
        blocks.figure(
            label_figures.plot_label_map(shown),
            alt=f"A map of {len(shown.labels)} {nouns} and {count(len(shown.covers))} covers.",
            shows=f"Where the {nouns} lie, and where the covers are put among them.",
            reading=_map_told(report, shown),
        ),
        blocks.details(
            f"Which {nouns} are near each other",
            blocks.table(
                f"For each of the {nouns}, those that lie nearest to it in label space",
                (report.study.label_noun, "nearest, the nearest first"),
                [(name, ", ".join(near)) for name, near in found.space.neighbours.items()],
                text_columns=(0, 1),
            ),
        ),
    )


def _compared(report: ReportInput) -> HeadComparison | None:
    return None if report.trials is None else report.trials.compared


def _told(report: ReportInput, found: HeadComparison) -> str:
    text = (
        f"{capital(_counted(len(found.heads), 'head'))} on the same backbone, trained on the same "
        "covers and tested on the same ones. The first is this report’s; the others are only "
        "compared."
    )
    if any(head.metadata for head in found.heads):
        text += (
            " A head that is shown the album’s genres and year knows more than the cover: what it "
            "is better by, the cover need not tell. So none of these is ever promoted; beside each "
            "stands what it says of the same covers where its metadata is hidden, “cover alone”."
        )
    return text


def _rows(
    report: ReportInput, found: HeadComparison
) -> list[tuple[str, str, Mapping[str, Estimate]]]:
    """Title, mark and figures of all that is compared."""
    guess = baseline_title("popularity", report.study.label_noun)
    rows: list[tuple[str, str, Mapping[str, Estimate]]] = []
    rows += [(guess, "baseline", found.popularity)] if found.popularity else []
    for head in found.heads:
        rows.append((head.title, "published" if head.metadata else "ours", head.metrics))
        rows += [(f"{head.title}: cover alone", "ours", head.alone)] if head.alone else []
    return rows


def _figure(report: ReportInput, found: HeadComparison) -> Markup:
    figure = headline_figure(report)
    contenders = [
        Contender(title, metrics[figure.metric], kind)
        for title, kind, metrics in _rows(report, found)
    ]
    told = "; ".join(f"{one.label} {figure.value(one.estimate.value)}" for one in contenders)
    diamond = " Diamonds are shown metadata." if any(h.metadata for h in found.heads) else ""
    return blocks.figure(
        figures.plot_comparison(contenders, figure.value),
        alt=f"{capital(figure.title)} of each head: {told}",
        shows=f"Which head reaches which {figure.title}.",
        reading=f"The line through a mark is its 95\u00a0% interval.{diamond} Intervals of heads "
        "may overlap though one is surely better on these covers: the table of differences tells.",
    )


def _figures_table(report: ReportInput, found: HeadComparison) -> Markup:
    rows = _rows(report, found)
    names = [name for name in COMPARED if name in rows[-1][2]]
    return blocks.table(
        f"Figures on {count(rows[-1][2][names[0]].n)} test covers, with 95 % intervals",
        ("head", *map(_column, names)),
        [(title, *(_with_interval(metrics[name]) for name in names)) for title, _, metrics in rows],
    )


def _gains_table(found: HeadComparison) -> Markup:
    first, *others = found.heads
    names = [name for name in COMPARED if name in others[0].gain]
    return blocks.table(
        f"Difference to “{first.title}” on the same covers, paired, with 95 % intervals",
        ("head", *map(_column, names)),
        [
            (head.title, *(_with_interval(head.gain[name], signs=True) for name in names))
            for head in others
        ],
    )


def _distance_row(title: str, distance: LabelDistance) -> tuple[str, ...]:
    share = distance.share_wrong
    return (
        title,
        f"{percent(share.value)} ({percent_range(share)})",
        _with_interval(distance.wrong),
        _with_interval(distance.every),
    )


def _nearer_told(row: Nearness) -> str:
    """What is shown of the two, and of the same covers where both are wrong."""
    if row.wrong.high < 0:
        verdict = f"“{row.near}” makes nearer mistakes than “{row.far}”"
    elif row.wrong.low > 0:
        verdict = f"“{row.near}” makes mistakes that are further off than those of “{row.far}”"
    else:
        verdict = f"“{row.near}” is not shown to make nearer mistakes than “{row.far}”"
    return (
        f"{verdict}: the mean distance of its wrong answers differs by {_difference(row.wrong)}. "
        "The two are wrong on different covers; on those where both say something wrong it differs "
        f"by {_difference(row.both_wrong)}."
    )


def _difference(estimate: Estimate) -> str:
    return (
        f"{signed(estimate.value, 3)} (95\u00a0% interval {signed(estimate.low, 3)} to "
        f"{signed(estimate.high, 3)})"
    )


def _space_told(report: ReportInput, space: SpaceFacts) -> list[Markup]:
    """How the labels came to lie where they do, and what is known of them."""
    nouns = plural(report.study.label_noun)
    known = space.labels - len(space.missing)
    text = (
        f"Where the {nouns} lie: {space.maker}, {space.width} numbers each. All distances here "
        "are measured in this space. The heads that answer in it were trained to be near in it: "
        "that they are does not show that a listener would call their mistakes near. "
        f"It knows {count(known)} of {count(space.labels)} {nouns} "
        f"({percent(known / space.labels)})"
    )
    if space.missing:
        text += (
            f"; without a vector: {listed(space.missing)}. Each of these has an axis of its own, "
            "as far from every other as from any"
        )
    pieces = [blocks.paragraph(f"{text}.", "aside")]
    if space.composed:
        rows = [(label, ", ".join(parts)) for label, parts in space.composed.items()]
        columns = (report.study.label_noun, "mean of the vectors of")
        table = blocks.table(f"Composed {nouns}", columns, rows, text_columns=(0, 1))
        pieces.append(blocks.details(f"{capital(nouns)} that are made of several words", table))
    return pieces


def _map_told(report: ReportInput, shown: MapFacts) -> str:
    right = sum(is_right for _, _, is_right in shown.covers)
    noun, covers = report.study.label_noun, count(len(shown.covers))
    sample = f" a sample of {covers} of" if len(shown.covers) < shown.n else ""
    return (
        f"Squares are {plural(noun)}, named where there is room. Dots are{sample} "
        f"{count(shown.n)} test covers, each where the answer of “{shown.title}” lies; filled "
        f"where the {noun} that it names first is one of the cover’s own ({count(right)} of "
        f"{covers}), a ring where it is not. Drawn by {_METHODS.get(shown.method, shown.method)}: "
        f"{shown.meaning}."
    )


def _column(name: str) -> str:
    """A title for a narrow column: its abbreviation, where it has one."""
    title = TITLES[name]
    return title.partition("(")[2].rstrip(")") or title


_METHODS: Final = {"tsne": "t-SNE", "pca": "PCA"}


def _with_interval(estimate: Estimate, *, signs: bool = False) -> str:
    if signs:
        value, low, high = (signed(x, 3) for x in (estimate.value, estimate.low, estimate.high))
        return value if low == UNKNOWN else f"{value} ({low} to {high})"
    interval = number_range(estimate)
    return number(estimate.value) + ("" if interval == UNKNOWN else f" ({interval})")


def _counted(n: int, noun: str) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return f"{words[n] if n < len(words) else n} {noun if n == 1 else plural(noun)}"
