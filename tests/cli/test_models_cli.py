"""``albumart models``: what the registry holds, and the alias moved by hand."""

import json
import subprocess
from collections.abc import Callable

from made_versions import made_answers, made_manifest, made_study, made_version

from albumart.endpoints import Endpoints
from albumart.promotion import judge_version
from albumart.stores.workspace import Workspace

Typed = Callable[..., "subprocess.CompletedProcess[str]"]


def test_promote_roll_back_and_read_what_happened(
    workspace: Workspace, own_endpoints: Endpoints, typed: Typed
) -> None:
    def models(*words: str) -> str:
        done = typed("models", *words, **own_endpoints.as_environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    study, manifest = made_study(), made_manifest({"folk": 60, "jazz": 60})
    for run, share in (("a", 0.8), ("b", 0.7)):
        made_version(workspace, study, manifest, made_answers(manifest, share), run=run)
    assert judge_version(study, 1, workspace).promoted

    models("promote", "made", "2", "--comment", "a whim")
    models("rollback", "made")
    head, first, by_hand, back = models("history", "made").splitlines()
    assert head.split() == ["when", "what", "version", "replaced", "who", "why"]
    assert "first champion: accuracy" in first
    assert by_hand.endswith("promoted by hand: a whim")
    assert "rolled back from version 2" in back
    told = json.loads(models("history", "made", "--json"))["history"]
    assert [event["action"] for event in told] == ["promote", "promote", "rollback"]
    shown = json.loads(models("show", "made", "1"))
    assert shown["version"] == 1
    evidence = shown["history"][0]["evidence"]
    assert evidence["dataset"] == manifest.digest
    assert evidence["value"]["n"] == 36
    assert [found["name"] for found in evidence["classes"]] == ["folk", "jazz"]
