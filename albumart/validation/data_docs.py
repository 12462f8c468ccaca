"""Great Expectations' Data Docs of what a validation found, as one page that needs no network.

The page is Great Expectations' own. Taken out of it: scripts, style sheets and pictures of other
hosts, and links that lead out of it. Great Expectations writes values into the page as they are,
so whatever a stranger wrote is escaped before it comes there; and should anything slip through,
the page's own policy forbids scripts and requests.
"""

import hashlib
import html
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from albumart.stores.objects import ObjectStore
from albumart.validation.checkpoint import load_great_expectations
from albumart.validation.report import ExpectationResult, ValidationReport

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

ROW: Final = "row"  # header of the column of keys

_OUTWARD: Final = re.compile(
    r"<(script|footer)\b.*?</\1\s*>"  # the footer subscribes to a newsletter
    r"|<(?:link|img)\b[^>]*>"
    r"|\burl\([^)]*\)"  # of a picture
    r'|\s(?:on\w+|href)="(?!\#)[^"]*"',
    re.DOTALL | re.IGNORECASE,
)
# The icons came from a font of another host, and the card of buttons needs its scripts.
_HEAD: Final = """<head>
    <meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
    <style>
      body { font-family: system-ui, sans-serif; margin: 1rem; }
      table { border-collapse: collapse; }
      td, th { border: 1px solid #ccc; padding: .2rem .5rem; vertical-align: top; }
      .fa-times::before { content: "✗"; color: #b00; }
      .fa-check-circle::before { content: "✓"; color: #080; }
      .fa-exclamation-triangle::before { content: "!"; color: #b60; }
      .card.mb-3, .breadcrumb-item:first-child { display: none; }
    </style>
"""


def publish_data_docs(
    objects: ObjectStore, report: ValidationReport, *, scope: str, at: datetime | None = None
) -> str:
    """Put the page of the scope's last validation into the object store; returns its key."""
    page = render_data_docs(report, scope=scope, at=at or datetime.now(UTC))
    key = data_docs_key(scope)
    objects.put(key, page, content_type="text/html; charset=utf-8")
    return key


def data_docs_key(scope: str) -> str:
    """Object key of a scope's page; ``data-docs/itunes/index.html``.

    What does not belong in a key is left out, and told apart by a digest.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", scope).strip("-")[:80]
    if plain != scope:
        plain = f"{plain}-{hashlib.sha256(scope.encode(errors='replace')).hexdigest()[:8]}"
    return f"data-docs/{plain}/index.html"


def render_data_docs(report: ValidationReport, *, scope: str, at: datetime) -> bytes:
    """The page: every check with its counts, and its first rows where it does not hold."""
    load_great_expectations()
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    document = ValidationResultsPageRenderer().render(_suite_result(report, scope, at))
    page = str(DefaultJinjaPageView().render(document, show_how_to_buttons=False))
    page = _OUTWARD.sub("", page).replace("<head>", _HEAD, 1)
    return page.encode(errors="replace")


def _suite_result(
    report: ValidationReport, scope: str, at: datetime
) -> "ExpectationSuiteValidationResult":
    from great_expectations.core import ExpectationSuiteValidationResult

    when = at.astimezone(UTC).replace(microsecond=0).isoformat()
    held, asked = sum(result.passed for result in report.results), len(report.results)
    return ExpectationSuiteValidationResult(
        success=not report.failed("critical"),
        results=[_result(result) for result in report.results],
        suite_name=_plain(scope),
        suite_parameters={},
        statistics={
            "evaluated_expectations": asked,
            "successful_expectations": held,
            "unsuccessful_expectations": asked - held,
            "success_percent": 100 * held / max(asked, 1),
        },
        meta={
            "great_expectations_version": load_great_expectations().__version__,
            "run_id": {"run_name": when, "run_time": when},
        },
    )


def _result(result: ExpectationResult) -> "ExpectationValidationResult":
    """The result as Great Expectations would have given it for all batches at once."""
    gx = load_great_expectations()
    from great_expectations.core import ExpectationValidationResult

    expectation = getattr(gx.expectations, result.check.expectation)(
        **result.check.arguments, severity=result.severity, description=_description(result)
    )
    return ExpectationValidationResult(
        success=result.passed,
        expectation_config=expectation.configuration,
        result=_found(result),
        meta={},
        exception_info={
            "raised_exception": False,
            "exception_message": None,
            "exception_traceback": None,
        },
    )


def _found(result: ExpectationResult) -> dict[str, object]:
    if result.observed is not None:
        return {"observed_value": html.escape(result.observed)}
    values = [html.escape(value) for value in result.values]
    rows = [html.escape(row.encode(errors="backslashreplace").decode()) for row in result.rows]
    share = 100 * result.unexpected_count / max(result.checked, 1)
    column = cast("str", result.check.arguments["column"])
    return {
        "element_count": result.checked,
        "unexpected_count": result.unexpected_count,
        "unexpected_percent": share,
        "partial_unexpected_list": values,
        "partial_unexpected_counts": [
            {"value": value, "count": count} for value, count in Counter(values).items()
        ],
        "unexpected_index_column_names": [ROW],
        "unexpected_index_list": [
            {column: value, ROW: row} for value, row in zip(values, rows, strict=False)
        ],
    }


def _description(result: ExpectationResult) -> str:
    told = f"{result.suite}/{result.expectation} ({result.severity}): {result.check.asked}"
    return html.escape(told).replace("$", "$$")  # a dollar would begin a placeholder


def _plain(text: str) -> str:
    """Without what means something in markup: this stands in some places as it is."""
    return re.sub("[<>&\"'`]", " ", text)
