import json
from time import monotonic

from albumart.sandbox.record import Requests, SeenRequest


def seen(host: str = "a.example", path: str = "/x") -> SeenRequest:
    return SeenRequest(at=monotonic(), method="GET", host=host, path=path)


def test_requests_are_counted_by_host_and_path() -> None:
    requests = Requests()
    for path in ("/x", "/x", "/img/y"):
        with requests.recording(seen(path=path)):
            pass
    with requests.recording(seen(host="b.example")):
        pass
    assert requests.counts() == {"a.example": {"/x": 2, "/img/y": 1}, "b.example": {"/x": 1}}
    assert requests.count() == 4
    assert requests.count("/a.example/") == 3
    assert requests.count("/a.example/img/") == 1
    assert [one.path for one in requests.all("a.example")] == ["/x", "/x", "/img/y"]
    assert len(requests.all()) == 4


def test_the_most_at_once_is_kept_by_host() -> None:
    requests = Requests()
    with requests.recording(seen()), requests.recording(seen()):
        pass
    with requests.recording(seen()), requests.recording(seen(host="b.example")):
        pass
    assert requests.most_at_once() == {"a.example": 2, "b.example": 1}


def test_clearing_forgets_but_for_what_is_under_way() -> None:
    requests = Requests()
    with requests.recording(seen()):
        requests.clear()
        assert requests.count() == 0
        with requests.recording(seen()):
            pass
    assert requests.most_at_once() == {"a.example": 2}


def test_fields_fit_json() -> None:
    requests = Requests()
    with requests.recording(seen()):
        pass
    fields = json.loads(json.dumps(requests.fields()))
    assert fields["counts"] == {"a.example": {"/x": 1}}
    assert fields["requests"][0]["at"] <= fields["now"]
