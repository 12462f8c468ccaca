"""A suite and a frame → a ValidationReport. Great Expectations is asked here and nowhere else."""

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

import pandas as pd

from albumart.errors import NotFound, ValidationFailed
from albumart.validation.report import FIRST_ROWS, ExpectationResult, ValidationReport
from albumart.validation.suites import SUITES, Check, Expected
from albumart.validation.views import VIEWS, build_view

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationValidationResult
    from great_expectations.core.batch import Batch

LONGEST_VALUE: Final = 200  # characters of a value that a result quotes

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
    names = dict.fromkeys(check.view for check in checks)
    views = {name: build_view(name, frame, expected.classes) for name in names}
    named = {name: view.set_index(VIEWS[name].key, drop=False) for name, view in views.items()}
    return run_suite(suite, checks, named)


def run_suite(
    suite: str, checks: Sequence[Check], views: Mapping[str, pd.DataFrame]
) -> ValidationReport:
    """The checks' results in their order, each with the first rows that break it.

    Args:
        suite: name of the suite, for the results.
        checks: what must hold of the views.
        views: by name, frames whose index names their rows.
    """
    found: dict[str, ExpectationResult] = {}
    for name, view in views.items():
        wanted = [check for check in checks if check.view == name]
        results = run_checks(suite, view, wanted, keys=view.index.astype("str"))
        found |= {result.expectation: result.shortened() for result in results}
    return ValidationReport(tuple(found[check.name] for check in checks))


def run_checks(
    suite: str, frame: pd.DataFrame, checks: Sequence[Check], *, keys: Iterable[str]
) -> tuple[ExpectationResult, ...]:
    """The checks' results, in their order, each with every row that breaks it.

    Args:
        suite: name of the suite, for the results.
        frame: with a column for each check.
        checks: what must hold of the frame.
        keys: names of the frame's rows.

    Raises:
        ValidationFailed: a check could not be made at all.
    """
    with _ONE_AT_A_TIME:
        gx_suite = _expectation_suite(suite, checks)
        # No unexpected_index_column_names: rows come back as positions, which is 20 times faster
        # than by name where many of them fail.
        frame = frame.reset_index(drop=True)
        outcome = _batch(frame).validate(
            gx_suite,
            result_format={
                "result_format": "COMPLETE",
                "return_unexpected_index_query": False,
                "partial_unexpected_count": FIRST_ROWS,
            },
        )
    found = {result.expectation_config.meta["name"]: result for result in outcome.results}
    names = tuple(keys)
    return tuple(_read(suite, check, found[check.name], names) for check in checks)


def _read(
    suite: str, check: Check, result: "ExpectationValidationResult", keys: Sequence[str]
) -> ExpectationResult:
    said = cast("Mapping[str, object]", result.result)
    if not said:
        raise ValidationFailed(f"{suite}/{check.name}: {check.asked}: {_failure(result)}")
    positions = cast("Sequence[int]", said.get("unexpected_index_list") or ())
    values = cast("Sequence[object]", said.get("partial_unexpected_list") or ())
    observed = said.get("observed_value")
    return ExpectationResult(
        suite=suite,
        check=check,
        passed=bool(result.success),
        checked=cast("int", said.get("element_count", len(keys))),
        unexpected_count=cast("int", said.get("unexpected_count", 0)),
        observed=None if observed is None else str(observed),
        rows=tuple(keys[position] for position in positions),
        values=tuple(_spell(value) for value in values),
    )


def _spell(value: object) -> str:
    if isinstance(value, str):
        return repr(value[:LONGEST_VALUE])
    return "None" if value is None or value is pd.NA or value != value else str(value)


def _failure(result: "ExpectationValidationResult") -> str:
    causes = cast("Mapping[str, Mapping[str, object]]", result.exception_info).values()
    return "; ".join(str(cause["exception_message"]) for cause in causes)


def _batch(frame: pd.DataFrame) -> "Batch":
    """The frame as one batch of a context that lives in memory and writes no file."""
    gx = load_great_expectations()
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
    gx = load_great_expectations()
    expectations = [
        getattr(gx.expectations, check.expectation)(
            **check.arguments, severity=check.severity, meta={"name": check.name}
        )
        for check in checks
    ]
    return gx.ExpectationSuite(name=name, expectations=expectations)


def load_great_expectations() -> ModuleType:
    """The module, imported late: it takes seconds."""
    # Both before the import, which is where it logs most and decides on analytics.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    import great_expectations

    return cast("ModuleType", great_expectations)
