"""Freshly parsed albums of one source → what holds of them, and which of them must not pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from albumart.album import Album
from albumart.validation.checkpoint import run_checks
from albumart.validation.report import ExpectationResult, ValidationReport
from albumart.validation.scraped_suites import VIEW, VOCABULARIES, scraped_suite
from albumart.validation.scraped_view import Vocabulary, build_scraped_frame
from albumart.validation.suites import Check

ANY_WORDS: Final = Vocabulary()


@dataclass(frozen=True, slots=True)
class ScrapeVerdict:
    """What a batch of albums is worth.

    Attributes:
        report: every check of the source's suite; reports of several batches add up.
        failing: album key → name of the first critical check that the album breaks.
    """

    report: ValidationReport
    failing: Mapping[str, str]


def check_scraped(
    source: str,
    albums: Sequence[Album],
    *,
    vocabulary: Vocabulary | None = None,
    today: date | None = None,
) -> ScrapeVerdict:
    """Check one batch of a source's albums against the source's suite.

    Duplicates are found within the batch. An album that is told twice is failing when one of its
    tellings is.

    Args:
        source: name of the source; one without a suite of its own is held to the common one.
        albums: up to some 10,000.
        vocabulary: words that the source is known to use; by default those known here.
        today: the day from which a year counts as future; by default this one.
    """
    known = VOCABULARIES.get(source, ANY_WORDS) if vocabulary is None else vocabulary
    checks = scraped_suite(source, known, today or datetime.now(UTC).date())
    results = _run(source, albums, checks, known)
    failing: dict[str, str] = {}
    for result in results:
        if result.severity == "critical":
            failing |= {row: result.expectation for row in result.rows if row not in failing}
    return ScrapeVerdict(ValidationReport(tuple(r.shortened() for r in results)), failing)


class ScrapeJudge:
    """Judges the batches of one scrape; ``report`` adds up what was found in all of them."""

    def __init__(self, source: str, *, vocabulary: Vocabulary | None = None) -> None:
        self.report = ValidationReport()
        self._source, self._vocabulary = source, vocabulary

    def __call__(self, albums: Sequence[Album]) -> Mapping[str, str]:
        """Album key → name of the critical check that it breaks."""
        verdict = check_scraped(self._source, albums, vocabulary=self._vocabulary)
        self.report += verdict.report
        return verdict.failing


def check_freshness(
    source: str, newest: datetime, *, within: timedelta | None, now: datetime
) -> ValidationReport:
    """Whether a source told something new lately: one check, a warning.

    Two times are compared without Great Expectations, whose import takes longer than a scrape in
    which nothing changed.

    Args:
        source: name of the source.
        newest: when it last told something new.
        within: ``Source.fresh_within``; None where nothing is expected of it.
        now: when this is asked.
    """
    oldest = None if within is None else now - within
    asked = {"column": "last_change", "min_value": oldest.isoformat() if oldest else None}
    passed = oldest is None or newest >= oldest
    result = ExpectationResult(
        suite=source,
        check=Check("fresh", "warning", VIEW, "ExpectColumnMaxToBeBetween", asked),
        passed=passed,
        checked=1,
        unexpected_count=int(not passed),
        observed=newest.isoformat(),
    )
    return ValidationReport((result,))


def _run(
    source: str, albums: Sequence[Album], checks: Sequence[Check], known: Vocabulary
) -> tuple[ExpectationResult, ...]:
    if not albums:
        return tuple(ExpectationResult(source, check, passed=True) for check in checks)
    columns = {str(check.arguments["column"]) for check in checks}
    frame = build_scraped_frame(albums, sorted(columns), known)
    return run_checks(source, frame, checks, keys=(album.key for album in albums))
