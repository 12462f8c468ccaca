"""A version's registered figures in words, as its report has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from albumart.evaluation.metrics import METRICS
from albumart.evaluation.multi_metrics import MULTI_METRICS
from albumart.judged import HEADLINE
from albumart.reports.wording import UNKNOWN, baseline_title, capital, number, percent
from albumart.serving.intended import carries_several
from albumart.stores.models import Event, ModelVersion

PERCENT: Final = "\u00a0%"
_ACTIONS: Final = {
    "promote": "promoted",
    "refuse": "not promoted",
    "approve": "approved",
    "reject": "rejected",
    "rollback": "rolled back to",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its interval, in words; ``at``, ``low`` and ``high`` for its bar, in 0…1."""

    title: str
    value: str
    interval: str
    meaning: str = ""
    better: str = ""
    at: float | None = None
    low: float | None = None
    high: float | None = None


def headline_figure(version: ModelVersion) -> Figure:
    """What the version is known by: its accuracy, or its micro PR-AUC."""
    name = _headline(version)
    return _figure(name, version.evaluation["metrics"][name])


def version_figures(version: ModelVersion) -> list[Figure]:
    """Every registered figure."""
    return [_figure(name, found) for name, found in version.evaluation["metrics"].items()]


def baseline_figures(version: ModelVersion, noun: str) -> list[Figure]:
    """What the version is to be read beside: the same figure of whoever needs no cover, or less."""
    found = []
    for name, told in version.baselines.items():
        title = capital(baseline_title(name, noun))
        if "reason" in told:
            found.append(Figure(title, UNKNOWN, "", meaning=f"not run: {told['reason']}"))
        else:
            found.append(_with_bar(title, told, _as_share(_headline(version))))
    return found


def threshold_sentence(version: ModelVersion) -> str:
    """When the version answers, and how often it is right then."""
    told = version.threshold
    if carries_several(version):
        least = percent(version.evaluation["threshold"], 0)
        return f"A label is said of a cover from a probability of {least} on."
    if told is None:
        return "At no confidence is it right as often as the study asks: it is sure of no cover."
    return (
        f"It answers from a confidence of {percent(told['confidence'], 0)} on: that is "
        f"{percent(told['coverage']['value'], 0)} of the test covers, of which "
        f"{percent(told['precision']['value'], 0)} are right. Below that it says “not sure”."
    )


def _headline(version: ModelVersion) -> str:
    metrics = version.evaluation["metrics"]
    return next(name for name in HEADLINE.values() if name in metrics)


def action_word(event: Event) -> str:
    """What happened, in a word or two."""
    return _ACTIONS.get(event.action, event.action)


def _figure(name: str, found: Mapping[str, Any]) -> Figure:
    metric: Any = {**METRICS, **MULTI_METRICS}.get(name)
    if metric is None:
        return _with_bar(capital(name.replace("_", " ")), found, as_share=False)
    shown = _with_bar(capital(metric.title), found, _as_share(name))
    better = "higher is better" if metric.higher_is_better else "lower is better"
    return Figure(
        title=shown.title,
        value=shown.value,
        interval=shown.interval,
        meaning=metric.meaning,
        better=better,
        at=shown.at,
        low=shown.low,
        high=shown.high,
    )


def _with_bar(title: str, found: Mapping[str, Any], as_share: bool) -> Figure:
    value, low, high = found["value"], found["low"], found["high"]
    words = percent if as_share else number
    known = low is not None and high is not None
    return Figure(
        title=title,
        value=UNKNOWN if value is None else words(value),
        interval=_joined(words(low), words(high)) if known else UNKNOWN,
        at=value,
        low=low,
        high=high,
    )


def _joined(low: str, high: str) -> str:
    """``37.1–45.4 %``."""
    return f"{low.removesuffix(PERCENT)}–{high}"


def _as_share(name: str) -> bool:
    """Whether it is a share of covers, which is told in per cent."""
    return name in METRICS and METRICS[name].proportion
