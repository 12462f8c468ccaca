"""``albumart models most``: what the champion said, asked for."""

import json
import subprocess
from collections.abc import Callable

from made_versions import made_answers, made_manifest, made_study, made_version

from albumart.album import Album
from albumart.endpoints import Endpoints
from albumart.registry import promote_by_hand
from albumart.stores.predictions import Score
from albumart.stores.workspace import Workspace

Typed = Callable[..., "subprocess.CompletedProcess[str]"]


def test_most_red_is_asked_for(
    workspace: Workspace, own_endpoints: Endpoints, typed: Typed
) -> None:
    def most(*words: str, code: int = 0) -> str:
        done = typed("models", "most", *words, **own_endpoints.as_environment())
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    manifest = made_manifest({"blue": 30, "red": 30})
    version = made_version(
        workspace, made_study(), manifest, made_answers(manifest, 0.9), run="a"
    )  # fmt: skip
    promote_by_hand(workspace.models, "made", version.version)
    assert (
        "version 1 of made has scored no cover of origin sandbox yet; "
        "run: albumart models score made"
    ) in most("made", "red", code=1)

    names = ["red000", "blue003", "none"]
    workspace.albums.upsert_albums(
        [Album("bandcamp", name, ("http://x.test",), title=f"<{name}>\x1b[2J") for name in names]
    )
    scores = [
        Score(f"bandcamp:{name}", "0" * 64, (1 - p, p), not_sure=name == "blue003")
        for name, p in zip(names, (0.9, 0.55, 0.1), strict=True)
    ]
    workspace.predictions.upsert(version, scores)

    told = json.loads(most("made", "red", "--limit", "2", "--json"))
    assert (told["study"], told["label"], told["version"], told["scored"]) == ("made", "red", 1, 3)
    first, second = told["covers"]
    assert first == {
        "asked": "red", "album": "bandcamp:red000", "title": "<red000>\x1b[2J", "artist": None,
        "probability": 0.9, "top": "red", "not_sure": False, "labels": ["red"], "split": "test",
    }  # fmt: skip
    assert (second["labels"], second["split"]) == (["blue"], "validation")

    head, *lines = most("made", "red").splitlines()
    assert head.split("  ")[0] == "probability"
    assert [line.split()[:3] for line in lines] == [
        ["90.0%", "bandcamp:red000", "<red000>"],
        ["55.0%", "bandcamp:blue003", "<blue003>"],
        ["10.0%", "bandcamp:none", "<none>"],
    ]
    assert lines[1].split()[-4:] == ["not", "sure", "blue", "validation"]
    assert lines[2].split()[-1] == "blue"
    assert "\x1b" not in "".join(lines)
    wrong = most("made", "blu", code=1)
    assert "no label 'blu' (did you mean 'blue'?); there are: blue, red" in wrong
