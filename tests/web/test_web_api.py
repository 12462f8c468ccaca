"""The JSON API: what it says, that nothing breaks it, and that a hundred at once do not either."""

import asyncio
import threading
from collections import Counter

import httpx
import psutil
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from made_site import EACH, STUDY, made_cover, promote
from schemathesis import GenerationMode

from albumart.dataset.manifest import read_manifest
from albumart.stores.workspace import Workspace
from albumart.web.app import create_app
from albumart.web.options import Limits, Rate, WebOptions

BASE = f"/api/v1/studies/{STUDY}"
UNLIMITED = Rate(1e6, 10**6)
MOST_MEMORY = 600 * 2**20  # that a hundred uploads of 4 MB may take more, decoding and all


def _gathered(client: TestClient, path: str) -> httpx.Response:
    for _ in range(100):
        answer = client.get(path)
        if answer.status_code != 429 and answer.json() != {} and "null" not in answer.text[:200]:
            return answer
    return answer


def test_studies_and_their_champion(client: TestClient) -> None:
    (study,) = client.get("/api/v1/studies").json()
    assert (study["name"], study["champion"]) == (STUDY, 2)
    told = client.get(BASE).json()
    assert told["classes"] == ["blue", "green", "red"]
    assert (told["several"], told["least_confidence"]) == (False, 0.5)


def test_judged_covers_come_in_order(client: TestClient) -> None:
    files = [
        ("covers", ("a.jpg", made_cover("green"))),
        ("covers", ("b.jpg", b"text")),
        ("covers", ("c.jpg", made_cover("red"))),
    ]
    fields = {"intended": "red", "explain": "true"}
    told = client.post(f"{BASE}/judge", files=files, data=fields).json()
    first, second, third = told["covers"]
    assert first["intended"]["taken_for"] == "green"
    assert second["error"]["code"] == "not_an_image"
    assert third["intended"]["fits"]
    assert third["labels"][0]["label"] == "red"
    assert sum(each["probability"] for each in third["labels"]) == pytest.approx(1, abs=1e-4)
    assert third["overlay"].startswith("data:image/png;base64,")
    assert told["comparison"].startswith("Of these 2 covers, c.jpg reads most like red")


def test_an_unknown_intended_label_is_told_with_the_choices(client: TestClient) -> None:
    files = [("covers", ("a.jpg", made_cover("green")))]
    answer = client.post(f"{BASE}/judge", files=files, data={"intended": "gren"})
    assert answer.status_code == 404
    assert "did you mean 'green'" in answer.json()["error"]["message"]


def test_covers_albums_versions_and_history(client: TestClient) -> None:
    page = _gathered(client, f"{BASE}/covers?by=own&label=blue").json()
    assert (page["total"], page["pages"]) == (EACH, 2)
    album = client.get(f"{BASE}/albums/bandcamp:red001").json()
    assert (album["own"], album["split"], album["year"]) == (["red"], "test", 1999)
    versions = client.get(f"{BASE}/versions").json()
    assert {each["version"] for each in versions if each["champion"]} == {2}
    assert "accuracy" in client.get(f"{BASE}/versions/2").json()["metrics"]
    assert client.get(f"{BASE}/history").json()[0]["action"] == "promote"
    drawn = _gathered(client, f"{BASE}/map").json()
    assert len(drawn["dots"] or []) in (0, 3 * EACH)


def test_the_game_for_programs(client: TestClient) -> None:
    asked = client.get(f"{BASE}/guess", params={"player": "robot"}).json()
    assert client.get(asked["cover"]).headers["content-type"] == "image/jpeg"
    told = {"player": "robot", "token": asked["token"], "label": "red", "seconds": 0.5}
    verdict = client.post(f"{BASE}/guess", json=told).json()
    assert verdict["is_first"]
    assert verdict["right"] is ("red" in verdict["labels"])
    assert not client.post(f"{BASE}/guess", json=told).json()["is_first"]
    assert client.get(f"{BASE}/guess", params={"player": "\x07"}).status_code == 422
    assert client.get(f"{BASE}/guess/figures").json()["study"] == STUDY


def _for_schemathesis(workspace: Workspace) -> FastAPI:
    limits = Limits(requests=UNLIMITED, uploads=UNLIMITED)
    return create_app(workspace, WebOptions(hosts=None, limits=limits))


def test_nothing_that_can_be_asked_breaks_the_server(filled: Workspace) -> None:
    app = _for_schemathesis(filled)
    seen: Counter[str] = Counter()
    bounded = settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with TestClient(app):  # its lifespan
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        for found in schema.get_all_operations():
            operation = found.ok()

            def ask(case: schemathesis.Case) -> None:
                answer = case.call()
                seen[f"{case.operation.method} {case.operation.path}"] += 1
                assert answer.status_code < 500, answer.text

            for mode in GenerationMode:
                for named in ({"study": STUDY}, None):
                    if named and "{study}" not in operation.path:
                        continue
                    cases = operation.as_strategy(generation_mode=mode, path_parameters=named)
                    try:
                        bounded(given(case=cases)(ask))()
                    except Unsatisfiable:
                        continue  # what takes no parameter cannot be asked wrongly
    assert len(seen) >= 13


def test_a_hundred_covers_at_once_are_answered_or_told_to_wait(filled: Workspace) -> None:
    big = made_cover("red", 3, size=1200) + b"\0" * (4 * 2**20)
    before, most = psutil.Process().memory_info().rss, 0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, psutil.Process().memory_info().rss)

    async def ask() -> list[httpx.Response]:
        limits = Limits(uploads=UNLIMITED, requests=UNLIMITED, places=8)
        app = create_app(filled, WebOptions(limits=limits))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", timeout=120
            ) as client,
        ):
            calls = [
                client.post(f"{BASE}/judge", files={"covers": ("big.jpg", big)}) for _ in range(100)
            ]
            return await asyncio.gather(*calls)

    watcher = threading.Thread(target=watch)
    watcher.start()
    answers = asyncio.run(ask())
    done.set()
    watcher.join()
    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) <= {200, 429}
    assert counts[200] >= 8
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
        else:
            assert answer.json()["covers"][0]["labels"][0]["label"] == "red"
    # The requests themselves lie in this process, too: a hundred times what one holds.
    assert most - before < MOST_MEMORY + 100 * 2 * len(big)


def test_a_new_champion_answers_without_a_restart(filled: Workspace) -> None:
    app = create_app(filled, WebOptions(look_seconds=0.0))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        first = client.get(BASE).json()["version"]
        manifest = read_manifest(filled.objects, filled.models.champion(STUDY).dataset)  # type: ignore[union-attr]
        second = promote(filled, manifest, run="b", sharpness=3.0)
        answers = []
        while len(answers) < 2000 and (not answers or answers[-1] == first):
            answers.append(client.get(BASE).json()["version"])
        assert answers[-1] == second.version
        assert set(answers) == {first, second.version}  # the old one answered until then
        gone = filled.models.champion(STUDY)
        assert gone is not None
        promote(filled, manifest, run="a", sharpness=9.0)
