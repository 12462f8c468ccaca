"""The section about people who labelled the test covers blind: the human baseline."""

from typing import Final

from markupsafe import Markup

from albumart.evaluation.agreement import Agreement
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.people import (
    LEAST_ANSWERS,
    LEAST_COMMON,
    HumanBaseline,
    PersonFigures,
    SameCovers,
)
from albumart.reports import blocks, figures
from albumart.reports.figures import Contender
from albumart.reports.inputs import ReportInput
from albumart.reports.wording import (
    UNKNOWN,
    count,
    covers_word,
    number,
    number_range,
    percent,
    percent_range,
    plural,
    signed,
)

DRAWN: Final = 8  # people; the table has all
LISTED: Final = 40


def people(report: ReportInput) -> Markup:
    """How often people are right, the model on the same covers, and how far all agree."""
    found, noun = report.people, report.study.label_noun
    if found is None or found.pooled is None:
        return blocks.missing(
            f"Too few people have labelled these covers blind to say anything: it takes "
            f"{LEAST_ANSWERS} answers. Anybody may: run “albumart serve” and guess the {noun}."
        )
    return blocks.join(
        blocks.paragraph(_told(found, found.pooled)),
        _figure(found, found.pooled),
        blocks.table(
            "Right answers of people, and of the model on the same covers",
            ("who", "answers", "right", "95 % interval", "the model", "people minus the model"),
            [
                *(_row(person.name, person.scores) for person in found.people[:LISTED]),
                _row("all answers", found.pooled),
            ],
        ),
        blocks.paragraph(_caveat(found, noun), "aside"),
        _agreements(found),
    )


def _told(found: HumanBaseline, pooled: SameCovers) -> str:
    people = len(found.people) + len(found.others)
    who = "One person" if people == 1 else f"{count(people)} people"
    told = (
        f"{who} labelled {covers_word(pooled.covers)} of the test split without knowing whose they "
        f"are; of {count(pooled.answers)} answers {percent(pooled.people.value)} are right "
        f"(95\u00a0% interval {percent_range(pooled.people)}). On exactly the same covers this "
        f"model gets {percent(pooled.model.value)} (95\u00a0% interval "
        f"{percent_range(pooled.model)})."
    )
    return f"{told} {_verdict(pooled.gain)}"


def _verdict(gain: Estimate | None) -> str:
    if gain is None:
        return f"Of fewer than {LEAST_COMMON} answers no difference between the two can be claimed."
    told = f"People minus model, paired: {_points(gain)}."
    if gain.low > 0:
        return f"{told} The whole interval lies above zero: these people see more in a cover."
    if gain.high < 0:
        return f"{told} The whole interval lies below zero: the model sees more in a cover."
    return f"{told} The interval holds zero: on these covers neither is told to be better."


def _figure(found: HumanBaseline, pooled: SameCovers) -> Markup:
    contenders = [
        Contender("this model, on the same covers", pooled.model, "ours"),
        Contender("people, all answers", pooled.people, "published"),
    ]
    if len(found.people) > 1:
        contenders += [
            Contender(person.name, person.scores.people, "baseline")
            for person in found.people[:DRAWN]
        ]
    return blocks.figure(
        figures.plot_comparison(contenders),
        alt="Right answers: "
        + "; ".join(f"{one.label} {percent(one.estimate.value)}" for one in contenders),
        shows="How often people are right, and the model on the covers that they saw.",
        reading="The circle is the model, the diamond all people together, a square one person. A "
        "line through a mark is its 95\u00a0% interval.",
    )


def _row(who: str, scores: SameCovers) -> tuple[str, ...]:
    return (
        who,
        count(scores.answers),
        percent(scores.people.value),
        percent_range(scores.people),
        percent(scores.model.value),
        "too few" if scores.gain is None else _points(scores.gain),
    )


def _caveat(found: HumanBaseline, noun: str) -> str:
    told = (
        "A cover that several people answered counts for each of them, and for the model as often. "
        "The intervals say what these people might have got on other covers; other people may "
        "differ more. "
    )
    if found.several:
        told += (
            f"A cover may carry several {plural(noun)}: who names one of them is right, the model "
            "with its likeliest one just so. "
        )
    if found.others:
        told += (
            f"Who gave fewer than {LEAST_ANSWERS} answers ({count(len(found.others))} did) has no "
            "line of their own. "
        )
    unsure = found.pooled.unsure if found.pooled else 0
    if unsure:
        told += f"Times that somebody was not sure: {count(unsure)}; that counts for nobody."
    return told.strip()


def _agreements(found: HumanBaseline) -> Markup:
    title = blocks.subtitle("How far they agree")
    rows = [row for person in found.people for row in _kappas_of(person)]
    rows += [_kappa_row(pair.first, pair.second, pair.agreement) for pair in found.between]
    if not rows:
        return blocks.join(
            title,
            blocks.missing(
                f"No two raters answered {LEAST_COMMON} covers in common yet: of fewer, Cohen's "
                "kappa would be luck."
            ),
        )
    return blocks.join(
        title,
        blocks.table(
            "Cohen's kappa of any two raters, with its 95 % interval",
            ("rater", "rater", "covers", "alike", "kappa", "95 % interval"),
            rows[:LISTED],
            text_columns=(0, 1),
        ),
        blocks.paragraph(_kappa_reading(found), "aside"),
    )


def _kappas_of(person: PersonFigures) -> list[tuple[str, ...]]:
    pairs = (("this model", person.with_model), ("the labels", person.with_truth))
    return [_kappa_row(person.name, who, each) for who, each in pairs if each is not None]


def _kappa_row(first: str, second: str, found: Agreement) -> tuple[str, ...]:
    return (
        first,
        second,
        count(found.kappa.n),
        percent(found.observed.value),
        number(found.kappa.value),
        number_range(found.kappa),
    )


def _kappa_reading(found: HumanBaseline) -> str:
    told = (
        "Kappa is agreement beyond chance: 1 is always the same answer, 0 no more alike than two "
        f"who guess apart. Only raters with {LEAST_COMMON} covers in common are compared."
    )
    if found.several:
        told += " Of a cover with several labels, the first one stands for the labels."
    return told


def _points(gain: Estimate) -> str:
    value, low, high = (signed(100 * end) for end in (gain.value, gain.low, gain.high))
    interval = UNKNOWN if UNKNOWN in (low, high) else f"{low} to {high}"
    return f"{value}\u00a0points ({interval})"
