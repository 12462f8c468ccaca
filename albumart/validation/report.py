"""What a validation found, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from albumart.errors import ValidationFailed
from albumart.validation.suites import ROW_COUNT, Check, Severity

FIRST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """One check of one suite.

    Attributes:
        checked: rows that it looked at.
        unexpected_count: rows that break it; 0 for a check of the whole table.
        observed: what a check of the whole table found.
        rows: keys of the first rows that break it.
        values: what stood in the first of those rows, as Python writes it.
    """

    suite: str
    check: Check
    passed: bool
    checked: int = 0
    unexpected_count: int = 0
    observed: str | None = None
    rows: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def expectation(self) -> str:
        """The check's name in its suite (``group_in_one_split``)."""
        return self.check.name

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.check.severity

    @property
    def detail(self) -> str:
        """What was asked, by the name Great Expectations gives it, and what was found."""
        if self.observed is not None:
            return f"{self.check.asked}: got {self.observed}"
        share = f" ({self.unexpected_share:.1%})" if self.check.mostly is not None else ""
        kinds = ", ".join(dict.fromkeys(self.values[:3]))
        got = f", such as {kinds}" if kinds else ""
        count = f"{self.unexpected_count} of {self.checked} unexpected"
        return f"{self.check.asked}: {count}{share}{got}"

    @property
    def unexpected_share(self) -> float:
        """Of the rows that it looked at, 0 to 1."""
        return self.unexpected_count / max(self.checked, 1)

    def __add__(self, other: "ExpectationResult") -> "ExpectationResult":
        """The same check over both batches."""
        summed = replace(
            self,
            passed=self._holds_with(other),
            checked=self.checked + other.checked,
            unexpected_count=self.unexpected_count + other.unexpected_count,
            observed=self._observed_with(other),
            rows=self.rows + other.rows,
            values=self.values + other.values,
        )
        return summed.shortened()

    def _observed_with(self, other: "ExpectationResult") -> str | None:
        if not (self.passed and other.passed):
            return (other if self.passed else self).observed
        if self.check.expectation == ROW_COUNT and self.observed and other.observed:
            return str(int(self.observed) + int(other.observed))
        return other.observed

    def _holds_with(self, other: "ExpectationResult") -> bool:
        mostly = self.check.mostly
        if mostly is None:
            return self.passed and other.passed
        unexpected = self.unexpected_count + other.unexpected_count
        return unexpected <= (1 - mostly) * (self.checked + other.checked)

    def shortened(self) -> "ExpectationResult":
        """Without the rows beyond the first FIRST_ROWS; the counts stay."""
        return replace(self, rows=self.rows[:FIRST_ROWS], values=self.values[:FIRST_ROWS])

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        names = ("suite", "expectation", "severity", "passed", "unexpected_count", "detail")
        return {name: getattr(self, name) for name in names} | {"rows": [*self.rows]}


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Every check of one or more suites, in the order of their tables.

    Attributes:
        skipped: suites that were not run, each with the reason.
        advice: what to do where a critical check failed.
    """

    results: tuple[ExpectationResult, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""

    def __add__(self, other: "ValidationReport") -> "ValidationReport":
        """Both: a check that both have is summed up, so that batches do not pile up."""
        found = {(result.suite, result.expectation): result for result in self.results}
        for result in other.results:
            known = found.get((result.suite, result.expectation))
            found[result.suite, result.expectation] = known + result if known else result
        skipped = {**self.skipped, **other.skipped}
        return ValidationReport(tuple(found.values()), skipped, other.advice or self.advice)

    def failed(self, severity: Severity) -> tuple[ExpectationResult, ...]:
        """Checks of this severity that did not hold."""
        return tuple(r for r in self.results if not r.passed and r.severity == severity)

    def raise_if_critical(self) -> None:
        """Raise ValidationFailed, naming each critical check that failed and its first rows."""
        if broken := self.failed("critical"):
            advice = [self.advice] if self.advice else []
            raise ValidationFailed("; ".join([*map(_sentence, broken), *advice]))

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "passed": not self.failed("critical"),
            "results": [result.to_dict() for result in self.results],
            "skipped": dict(self.skipped),
        }


def _sentence(result: ExpectationResult) -> str:
    first = ", ".join(result.rows[:5])
    more = ", …" if result.unexpected_count > len(result.rows[:5]) else ""
    rows = f": {first}{more}" if first else ""
    return f"{result.suite}/{result.expectation} failed, {result.detail}{rows}"
