import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.sandbox.breakage import FAULTS, Fault
from albumart.sandbox.faults import Faults, fault_fields, fault_from_fields

ARGUMENTS = {
    "status": ":503",
    "redirect": ":http://x.example/",
    "header": ":X-Robots-Tag: noai",
    "page": ":/x",
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_kind_can_be_asked_for(name: str) -> None:
    fault = Fault(name + ARGUMENTS.get(name, ""), "/")
    faults = Faults()
    faults.add(fault)
    assert faults.waiting() == [fault]
    assert fault_from_fields(fault_fields(fault)) == fault


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("fire", "/"), "expected one of status, slow"),
        (Fault("status", "/"), "expected a status from 200 to 599; got ''"),
        (Fault("status:abc", "/"), "expected a status"),
        (Fault("status:42", "/"), "expected a status"),
        (Fault("slow:x", "/"), "could not convert"),
        (Fault("slow:-1", "/"), "expected a number of seconds"),
        (Fault("silent:nan", "/"), "expected a number of seconds"),
        (Fault("bomb:9", "/"), "expected 1 to 3 layers"),
        (Fault("redirect:", "/"), "expected one printable line"),
        (Fault("header:A: b\r\nC: d", "/"), "expected one printable line"),
        (Fault("late:x", "/"), "could not convert"),
        (Fault("page:x", "/"), "expected a path of the same host; got 'x'"),
        (Fault("page:/x\n", "/"), "expected one printable line"),
        (Fault("empty:x", "/"), "expected none"),
        (Fault("html:x", "/"), "expected none"),
        (Fault("html", "/", times=0), "times is 1 or more"),
        (Fault("html", "/", share=0), "share is above 0"),
    ],
)
def test_faults_that_cannot_be_meant_are_refused(fault: Fault, message: str) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=re.escape(message)):
        faults.add(fault)
    assert faults.waiting() == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("html", "expected an object; got str"),
        ({"kind": "html"}, "missing ['match']"),
        ({"kind": "html", "match": "/", "often": 3}, "unknown ['often']"),
        ({"kind": "html", "match": 3}, "match cannot be 3"),
        ({"kind": "html", "match": "/", "times": "3"}, "times cannot be '3'"),
    ],
)
def test_fields_that_cannot_be_read(fields: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fault_from_fields(fields)


def test_faults_are_used_up_in_order() -> None:
    faults = Faults()
    faults.add(Fault("status:503", "/a/", times=2))
    faults.add(Fault("html", "/a/x*"))
    faults.add(Fault("svg", "/b/", times=None))
    taken = [faults.take("/a/xyz") for _ in range(4)]
    assert [fault.kind if fault else None for fault in taken] == [
        "status:503",
        "status:503",
        "html",
        None,
    ]
    assert [faults.take("/b/").kind for _ in range(3)] == ["svg"] * 3
    assert faults.take("/c/") is None
    faults.clear()
    assert faults.take("/b/") is None


@pytest.mark.parametrize(
    ("match", "path", "expected"),
    [
        ("/host/img/", "/host/img/a.jpg", True),
        ("/host/img/", "/host/robots.txt", False),
        ("*.jpg", "/host/img/a.jpg", True),
        ("/host/*/a?.jpg", "/host/img/a1.jpg", True),
        ("/HOST/*", "/host/img", False),
    ],
)
def test_matching(match: str, path: str, expected: bool) -> None:
    assert Fault("html", match).matches(path) is expected


@given(st.floats(0.05, 0.95))
def test_a_share_spoils_the_same_paths_each_time(share: float) -> None:
    fault, more = Fault("html", "/", share=share), Fault("html", "/", share=min(1, share + 0.04))
    paths = [f"/host/{number}" for number in range(400)]
    spoilt = [path for path in paths if fault.matches(path)]
    assert spoilt == [path for path in paths if fault.matches(path)]
    assert set(spoilt) <= {path for path in paths if more.matches(path)}
    assert abs(len(spoilt) / 400 - share) < 0.15
