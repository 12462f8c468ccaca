"""What a validation found, as plain values."""

from dataclasses import asdict, dataclass

from albumart.errors import ValidationFailed
from albumart.validation.suites import Severity


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """One check of one suite.

    Attributes:
        expectation: the check's name in its suite (``group_in_one_split``).
        unexpected_count: rows that break it; 0 for a check of the whole table.
        detail: what was asked, by the name Great Expectations gives it, and what was found.
        rows: keys of the first rows that break it.
    """

    suite: str
    expectation: str
    severity: Severity
    passed: bool
    unexpected_count: int
    detail: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Every check of one or more suites, in the order of their tables."""

    results: tuple[ExpectationResult, ...]

    def __add__(self, other: "ValidationReport") -> "ValidationReport":
        return ValidationReport(self.results + other.results)

    def failed(self, severity: Severity) -> tuple[ExpectationResult, ...]:
        """Checks of this severity that did not hold."""
        return tuple(r for r in self.results if not r.passed and r.severity == severity)

    def raise_if_critical(self) -> None:
        """Raise ValidationFailed, naming each critical check that failed and its first rows."""
        if broken := self.failed("critical"):
            raise ValidationFailed("; ".join(_sentence(result) for result in broken))

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "passed": not self.failed("critical"),
            "results": [asdict(result) | {"rows": [*result.rows]} for result in self.results],
        }


def _sentence(result: ExpectationResult) -> str:
    first = ", ".join(result.rows[:5])
    more = ", …" if result.unexpected_count > len(result.rows[:5]) else ""
    rows = f": {first}{more}" if first else ""
    return f"{result.suite}/{result.expectation} failed, {result.detail}{rows}"
