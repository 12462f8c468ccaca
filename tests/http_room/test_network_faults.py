"""The network's faults, made by the sandbox: each is told by its code, and none becomes a value."""

import itertools
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from http_room import (
    MIRRORED,
    ONCE,
    PRIVATE,
    UNSAFE_URLS,
    URL,
    Shelf,
    Site,
    fetch_fails,
    fetch_is_unsafe,
)

from albumart.errors import Refused, UnsafeInput
from albumart.http import retrying
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pace, Pacer
from albumart.sandbox.breakage import Fault, make_bomb
from albumart.sandbox.server import Sandbox
from albumart.sandbox.wire import PLAIN, tagged

X = "/example.test/x"
PATHS = [f"https://example.test/{number}" for number in range(8)]
TWICE = replace(ONCE, attempts=2, deadline=0.4)
UNSAFE = [url for url, _ in UNSAFE_URLS] + [
    f"http://[{address}]/x" if ":" in address else f"http://{address}/x" for address in PRIVATE
]


@pytest.fixture(autouse=True)
def answers(shelf: Shelf) -> None:
    for path in ("/x", *(f"/{number}" for number in range(8))):
        shelf.answers[path] = tagged(b"x" * 5000, PLAIN)


def test_what_a_policy_allows_unless_it_says_otherwise() -> None:
    usual = FetchPolicy()
    assert (usual.deadline, usual.attempts, usual.max_bytes) == (30.0, 5, 25 * 2**20)
    assert usual.robots
    assert usual.stop_on == {401, 403, 451}


@pytest.mark.parametrize(
    ("kind", "code", "tries"),
    [
        ("status:429", "http_429", 2),
        ("status:500", "http_500", 2),
        ("status:503", "http_503", 2),
        ("slow:1", "timeout", 1),
        ("silent:5", "timeout", 1),
        ("late:5", "timeout", 1),
        ("drop", "broken", 2),
        ("reset", "broken", 2),
        ("short", "broken", 2),
        ("long", "broken", 2),
        ("header:Content-Encoding: gzip", "broken", 2),
    ],
)
def test_unavailable_is_never_a_value(
    sandbox: Sandbox, tried: PoliteClient, kind: str, code: str, tries: int
) -> None:
    sandbox.faults.add(Fault(kind, X, times=None))
    began = time.monotonic()
    error = fetch_fails(tried, TWICE)
    assert time.monotonic() - began < 3
    assert (error.code, isinstance(error, Refused)) == (code, False)
    assert sandbox.requests.count(X) == tries


@pytest.mark.parametrize("kind", ["status:503", "drop", "reset", "short", "long"])
def test_another_try_brings_the_whole(sandbox: Sandbox, tried: PoliteClient, kind: str) -> None:
    sandbox.faults.add(Fault(kind, X))
    assert tried.get(URL, TWICE).body == b"x" * 5000


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("bomb:1", "too_large"),
        ("bomb:2", "too_large"),
        ("bomb:3", "too_large"),
        ("loop", "redirect_loop"),
        ("redirect:http://example.test/y", "downgrade"),
        ("redirect:https://other.test/y", "host_not_allowed"),
        ("redirect:http://169.254.169.254/", "private_address"),
        ("redirect:file:///etc/passwd", "bad_scheme"),
        ("header:X-Robots-Tag: noai", "noai"),
    ],
)
def test_what_is_refused_is_not_tried_again(
    sandbox: Sandbox, tried: PoliteClient, kind: str, code: str
) -> None:
    sandbox.faults.add(Fault(kind, X, times=None))
    policy = replace(ONCE, attempts=5, hosts=frozenset({"example.test"}), deadline=30)
    assert fetch_is_unsafe(tried, policy) == code
    assert [seen.host for seen in sandbox.requests.all()] == ["example.test"]


def test_five_hops_and_no_more(sandbox: Sandbox, tried: PoliteClient) -> None:
    for number in range(6):
        sandbox.faults.add(Fault(f"redirect:/{number + 1}", f"/example.test/{number}", times=None))
    assert tried.get(PATHS[1], ONCE).url == PATHS[6]
    assert fetch_is_unsafe(tried, url=PATHS[0]) == "too_many_redirects"


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gigabyte_in_ten_kilobytes_costs_little(
    sandbox: Sandbox, tried: PoliteClient, layers: int
) -> None:
    make_bomb(layers)  # not on our account
    sandbox.faults.add(Fault(f"bomb:{layers}", X))
    tracemalloc.start()
    assert fetch_is_unsafe(tried, FetchPolicy(robots=False)) == "too_large"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 64 * 2**20


def in_seconds(seconds: int) -> str | int:
    return seconds


def as_date(seconds: int) -> str | int:
    # One second more, for both clocks tell whole seconds only.
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds + 1), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("told", [in_seconds, as_date])
def test_no_request_within_the_window_from_any_thread_or_client(
    sandbox: Sandbox,
    tried: PoliteClient,
    tmp_path: Path,
    status: int,
    told: Callable[[int], str | int],
) -> None:
    sandbox.faults.add(Fault(f"status:{status}", "/example.test/", retry_after=told(1)))
    error = fetch_fails(tried)
    assert error.retry_after
    assert error.retry_after >= 1
    # A second pacer of the same folder is what another process has.
    with (
        PoliteClient("", pacer=Pacer(tmp_path / "pace"), mirror=sandbox.url) as other,
        ThreadPoolExecutor(8) as pool,
    ):
        clients = (tried, other) * 4
        came = list(pool.map(lambda client, url: client.get(url, ONCE), clients, PATHS))
    assert {response.status for response in came} == {200}
    first, *others = (seen.at for seen in sandbox.requests.all())
    assert len(others) == 8
    assert min(others) - first >= 0.99


@pytest.mark.parametrize(("left", "waits"), [("0", True), ("1", False), ("", False)])
def test_the_last_answer_of_a_window_holds_the_host_until_its_end(
    sandbox: Sandbox, shelf: Shelf, tried: PoliteClient, left: str, waits: bool
) -> None:
    told = (("X-RateLimit-Remaining", left), ("X-RateLimit-Reset", str(int(time.time()) + 2)))
    shelf.answers["/x"] = replace(shelf.answers["/x"], headers=told)
    assert tried.get(URL, ONCE).status == 200
    assert tried.get(PATHS[0], ONCE).status == 200
    first, second = (seen.at for seen in sandbox.requests.all())
    assert (second - first >= 0.99) is waits


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_host_that_says_stay_away_is_left_at_once_and_others_go_on(
    sandbox: Sandbox, tried: PoliteClient, status: int
) -> None:
    sandbox.faults.add(Fault(f"status:{status}", "/example.test/", times=None))

    def code(url: str) -> str:
        with pytest.raises(Refused) as caught:
            tried.get(url, FetchPolicy(robots=False))
        return caught.value.code

    assert code(URL) == f"http_{status}"
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(code, PATHS)) == {"host_closed"}
    assert sandbox.requests.count("/example.test/") == 1
    assert tried.get("https://other.test/", ONCE).status == 404


def test_threads_that_ask_at_that_moment_add_few(sandbox: Sandbox, paced: PoliteClient) -> None:
    sandbox.faults.add(Fault("status:403", "/example.test/", times=None))
    with ThreadPoolExecutor(8) as pool:
        policy = FetchPolicy(pace=Pace(concurrency=3), robots=False)
        urls = ["http://x.test/example.test/x"] * 32
        asked = [pool.submit(paced.get, url, policy) for url in urls]
        assert all(isinstance(one.exception(), Refused) for one in asked)
    assert sandbox.requests.count("/example.test/") <= 3


def test_without_a_named_wait_five_tries_then_later(
    sandbox: Sandbox, tried: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "backoff", lambda _: 0.05)
    sandbox.faults.add(Fault("status:503", X, times=None))
    assert fetch_fails(tried, FetchPolicy(robots=False)).code == "http_503"
    seen = [request.at for request in sandbox.requests.all()]
    assert len(seen) == 5
    assert min(b - a for a, b in itertools.pairwise(seen)) >= 0.05


@pytest.mark.parametrize("url", UNSAFE)
def test_unsafe_addresses_are_refused_before_a_byte_is_sent(
    site: Site, direct: PoliteClient, url: str
) -> None:
    with pytest.raises(UnsafeInput):
        direct.get(url, FetchPolicy())
    assert not site.dialled


@pytest.mark.parametrize("url", UNSAFE)
def test_a_mirror_is_not_asked_for_them_either(
    site: Site, mirrored: PoliteClient, url: str
) -> None:
    with pytest.raises(UnsafeInput):
        mirrored.get(url, FetchPolicy())
    assert not site.seen


@pytest.mark.parametrize("url", [url for url in UNSAFE if url.isprintable() and "://" in url])
def test_nor_where_a_redirect_names_them(site: Site, mirrored: PoliteClient, url: str) -> None:
    to = url.encode("utf-8").decode("latin-1")
    site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", 302, Location=to)
    assert fetch_is_unsafe(mirrored)
    assert site.paths() == [MIRRORED + "/x"]


@pytest.mark.parametrize(
    "name", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
)
def test_a_proxy_variable_opens_no_way_round(
    site: Site, direct: PoliteClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, site.url)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UnsafeInput):
        direct.get("http://169.254.169.254/latest/", ONCE)
    direct.get("http://example.test/x", ONCE)
    assert [seen.path for seen in site.seen] == ["/x"]
    assert site.dialled == [("93.184.216.34", 80)]
