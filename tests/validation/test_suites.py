import pytest

from albumart.validation.suites import SUITES, Expected
from albumart.validation.views import VIEWS, build_view

EXPECTED = Expected(sources=("bandcamp",), classes=("jazz", "metal", "folk"))


@pytest.mark.parametrize("suite", SUITES)
def test_checks_have_names_of_their_own_and_views_that_exist(suite):
    checks = SUITES[suite](EXPECTED)
    assert len({check.name for check in checks}) == len(checks)
    assert {check.view for check in checks} <= set(VIEWS)
    assert any(check.severity == "critical" for check in checks)


@pytest.mark.parametrize("suite", SUITES)
def test_checks_look_at_columns_that_their_view_has(suite, rows, frame):
    import pandas as pd

    source = frame if suite == "split" else pd.DataFrame(rows)
    for check in SUITES[suite](EXPECTED):
        view = build_view(check.view, source, EXPECTED.classes)
        assert check.arguments.get("column", VIEWS[check.view].key) in view.columns
        assert VIEWS[check.view].key in view.columns
