"""A suite and a frame → a ValidationReport. The only module that knows Great Expectations."""

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

import pandas as pd

from albumart.errors import NotFound
from albumart.validation.report import ExpectationResult, ValidationReport
from albumart.validation.suites import SUITES, Check, Expected
from albumart.validation.views import VIEWS, build_view

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationValidationResult
    from great_expectations.core.batch import Batch

FIRST_ROWS: Final = 20

# Great Expectations keeps its current context in a global.
_ONE_AT_A_TIME: Final = threading.Lock()


def validate(
    suite: str,
    frame: pd.DataFrame | Iterable[Mapping[str, object]],
    *,
    expected: Expected | None = None,
) -> ValidationReport:
    """Check ``frame``, or rows of one, against a suite.

    Args:
        suite: ``albums`` (rows as albums are stored), ``covers`` (rows of albums with a stored
            cover) or ``split`` (the frame of a manifest).
        frame: what is checked.
        expected: classes, sources and limits; see Expected.

    Raises:
        NotFound: there is no such suite.
        ValidationFailed: the frame lacks a column that the suite looks at.
    """
    expected = expected or Expected()
    if suite not in SUITES:
        raise NotFound(f"no validation suite {suite!r}; there are {', '.join(SUITES)}")
    checks = SUITES[suite](expected)
    if not isinstance(frame, pd.DataFrame):
        frame = pd.DataFrame(list(frame))
    found: dict[str, ExpectationResult] = {}
    for view in dict.fromkeys(check.view for check in checks):
        seen = build_view(view, frame, expected.classes)
        wanted = [check for check in checks if check.view == view]
        found |= _run_checks(suite, seen, wanted, key=VIEWS[view].key)
    return ValidationReport(tuple(found[check.name] for check in checks))


def _run_checks(
    suite: str, frame: pd.DataFrame, checks: Sequence[Check], *, key: str
) -> dict[str, ExpectationResult]:
    with _ONE_AT_A_TIME:
        gx_suite = _expectation_suite(suite, checks)
        outcome = _batch(frame).validate(
            gx_suite,
            result_format={
                "result_format": "SUMMARY",
                "unexpected_index_column_names": [key],
                "partial_unexpected_count": FIRST_ROWS,
            },
        )
    by_name = {check.name: check for check in checks}
    found = {result.expectation_config.meta["name"]: result for result in outcome.results}
    return {name: _read(suite, by_name[name], result, key) for name, result in found.items()}


def _read(
    suite: str, check: Check, result: "ExpectationValidationResult", key: str
) -> ExpectationResult:
    said = cast("Mapping[str, object]", result.result)
    count = cast("int", said.get("unexpected_count", 0))
    rows = cast("Sequence[Mapping[str, object]]", said.get("partial_unexpected_index_list") or ())
    return ExpectationResult(
        suite=suite,
        expectation=check.name,
        severity=check.severity,
        passed=bool(result.success),
        unexpected_count=count,
        detail=_detail(check, said),
        rows=tuple(str(row[key]) for row in rows),
    )


def _detail(check: Check, said: Mapping[str, object]) -> str:
    asked = ", ".join(f"{name}={value!r}" for name, value in check.arguments.items())
    asked = f"{check.expectation}({asked})"
    if "observed_value" in said:
        return f"{asked}: got {said['observed_value']}"
    values = cast("Sequence[object]", said.get("partial_unexpected_list") or ())
    kinds = ", ".join(dict.fromkeys(repr(value) for value in values[:3]))
    got = f", such as {kinds}" if kinds else ""
    return f"{asked}: {said['unexpected_count']} of {said['element_count']} unexpected{got}"


def _batch(frame: pd.DataFrame) -> "Batch":
    """The frame as one batch of a context that lives in memory and writes no file."""
    gx = _great_expectations()
    config = gx.data_context.types.base
    context = gx.get_context(
        mode="ephemeral",
        project_config=config.DataContextConfig(
            store_backend_defaults=config.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=config.ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    return whole.get_batch(batch_parameters={"dataframe": frame})


def _expectation_suite(name: str, checks: Sequence[Check]) -> "ExpectationSuite":
    gx = _great_expectations()
    expectations = [
        getattr(gx.expectations, check.expectation)(
            **check.arguments, severity=check.severity, meta={"name": check.name}
        )
        for check in checks
    ]
    return gx.ExpectationSuite(name=name, expectations=expectations)


def _great_expectations() -> ModuleType:
    # Both before the import, which is where it logs most and decides on analytics.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    import great_expectations

    return cast("ModuleType", great_expectations)
