"""A stored report is shown as it is, and made anew once people have labelled its covers."""

from pathlib import Path

import pytest
from made_players import add_champion, answer
from made_versions import made_study

from albumart.reports import store
from albumart.reports.store import fetch_report
from albumart.stores.workspace import Workspace


def test_a_report_is_made_anew_when_people_have_answered(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, made = add_champion(workspace), []
    monkeypatch.setattr(store, "assemble_report", lambda *_, **__: None)

    def render(_: object, path: Path) -> None:
        made.append(path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"page {len(made)}")

    monkeypatch.setattr(store, "render_report", render)

    def page() -> str:
        path = fetch_report(workspace, made_study(), version.version, folder=tmp_path / "reports")
        return path.read_text()

    assert [page(), page()] == ["page 1", "page 1"]
    answer(version, workspace, "Ada", ["folk"] * 9)  # too few to be told of
    assert page() == "page 1"
    answer(version, workspace, "Bo", ["folk"] * 9)
    assert [page(), page()] == ["page 2", "page 2"]
    workspace.objects.delete(f"reports/{version.study}/v1.answers")  # of an older albumart
    assert page() == "page 3"
