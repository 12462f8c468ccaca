import json
from collections.abc import Callable
from typing import Any

import pytest

from albumart.sandbox.breakage import Fault
from albumart.sandbox.exchange import MAX_CONTROL_BYTES
from albumart.sandbox.server import Sandbox

Ask = Callable[..., Any]


def post(ask: Ask, value: object) -> Any:
    return ask("/_sandbox/faults", method="POST", body=json.dumps(value).encode())


def test_faults_are_added_listed_and_cleared(ask: Ask, sandbox: Sandbox, cover: str) -> None:
    got = post(ask, {"kind": "status:429", "match": cover, "times": 2, "retry_after": 7})
    assert (got.status, got.headers["Content-Type"]) == (200, "application/json")
    assert sandbox.faults.waiting() == [Fault("status:429", cover, times=2, retry_after=7)]
    refused = ask(cover)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")
    listed = json.loads(ask("/_sandbox/faults").body)
    assert [fault["times"] for fault in listed] == [1]
    assert ask("/_sandbox/faults", method="DELETE").status == 200
    assert ask(cover).status == 200


def test_several_faults_at_once(ask: Ask, sandbox: Sandbox) -> None:
    post(ask, [{"kind": "html", "match": "/"}, {"kind": "svg", "match": "/", "times": None}])
    assert [fault.kind for fault in sandbox.faults.waiting()] == ["html", "svg"]


@pytest.mark.parametrize("body", [b"not json", b'{"kind": "fire", "match": "/"}', b"3"])
def test_what_cannot_be_meant_answers_400_with_the_reason(ask: Ask, body: bytes) -> None:
    got = ask("/_sandbox/faults", method="POST", body=body)
    assert got.status == 400
    assert json.loads(got.body)["error"]


def test_a_wrong_fault_leaves_none_of_its_company(ask: Ask, sandbox: Sandbox) -> None:
    got = post(ask, [{"kind": "html", "match": "/"}, {"kind": "fire", "match": "/"}])
    assert got.status == 400
    assert sandbox.faults.waiting() == []


def test_requests_are_listed_and_cleared(ask: Ask, cover: str) -> None:
    ask(cover, headers={"User-Agent": "albumart/1 (+me)", "Referer": "http://r/"})
    ask(cover, headers={"If-None-Match": '"x"'})
    ask("/example.org/missing?offset=100")
    told = json.loads(ask("/_sandbox/requests").body)
    path = cover.removeprefix("/f1.bcbits.com")
    assert told["counts"] == {
        "f1.bcbits.com": {path: 2},
        "example.org": {"/missing?offset=100": 1},
    }
    first, second, _ = told["requests"]
    assert (first["user_agent"], first["referer"]) == ("albumart/1 (+me)", "http://r/")
    assert (first["is_conditional"], second["is_conditional"]) == (False, True)
    assert first["at"] < second["at"] < told["now"]
    assert told["most_at_once"]["f1.bcbits.com"] == 1
    assert ask("/_sandbox/requests", method="DELETE").status == 200
    assert json.loads(ask("/_sandbox/requests").body)["requests"] == []


def test_unknown_control_paths_and_methods(ask: Ask) -> None:
    assert ask("/_sandbox/").status == 404
    assert ask("/_sandbox/requests", method="POST", body=b"").status == 405


@pytest.mark.parametrize("length", ["-1", "x", str(MAX_CONTROL_BYTES + 1)])
def test_too_long_a_request_is_refused_unread(ask: Ask, length: str) -> None:
    got = ask("/_sandbox/faults", method="POST", headers={"Content-Length": length})
    assert got.status == 413
