"""The parts that need no store: turnstile, buckets, sessions, what is begun for later, words."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.web.later import Later
from albumart.web.limits import Buckets, Turnstile
from albumart.web.options import Rate
from albumart.web.refusals import Stop, capital, size
from albumart.web.rendering import coded, data_uri, query, share, unbroken, web_address, width
from albumart.web.sessions import SESSION_SECONDS, Doorman
from albumart.web.trying import display_name


def test_of_a_turnstile_there_are_so_many_places_and_no_more() -> None:
    turnstile = Turnstile(places=2, at_once=1, turn_seconds=1)
    with turnstile.place(), turnstile.place():
        with pytest.raises(Stop) as stopped, turnstile.place():
            pass
        assert (stopped.value.refusal.status, stopped.value.refusal.retry_after) == (429, 3)
    with turnstile.place():
        pass


def test_a_turn_that_does_not_come_is_given_up() -> None:
    turnstile = Turnstile(places=2, at_once=1, turn_seconds=0.01)
    with turnstile.turn(), pytest.raises(Stop, match="take longer"), turnstile.turn():
        pass


def test_places_are_given_back_whatever_happened() -> None:
    turnstile, most, now = Turnstile(places=3, at_once=3, turn_seconds=1), 0, 0
    lock = threading.Lock()

    def take(_: int) -> bool:
        nonlocal most, now
        try:
            with turnstile.place():
                with lock:
                    now += 1
                    most = max(most, now)
                with lock:
                    now -= 1
                return True
        except Stop:
            return False

    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(take, range(200)))
    assert any(took)
    assert most <= 3
    with turnstile.place(), turnstile.place(), turnstile.place():
        pass


def test_a_bucket_fills_again_and_is_each_clients_own() -> None:
    now = 0.0
    buckets = Buckets(Rate(per_second=0.5, burst=2), clients=2, clock=lambda: now)
    assert [buckets.wait_of("a") for _ in range(3)] == [0, 0, 2]
    assert buckets.wait_of("b") == 0
    now = 2.0
    assert buckets.wait_of("a") == 0
    assert buckets.wait_of("a") > 0


def test_of_too_many_clients_the_oldest_is_forgotten() -> None:
    buckets = Buckets(Rate(per_second=0.001, burst=1), clients=2, clock=lambda: 0.0)
    assert [buckets.wait_of(name) == 0 for name in "abca"] == [True] * 4
    assert buckets.wait_of("c") > 0


def test_a_session_ends_and_cannot_be_made_up() -> None:
    doorman = Doorman("a token of some length")
    cookie = doorman.open_session(now=1000)
    assert doorman.admits(cookie, now=1000 + SESSION_SECONDS - 1)
    assert not doorman.admits(cookie, now=1000 + SESSION_SECONDS)
    assert not Doorman("another token").admits(cookie, now=1000)
    ends, nonce, signature = cookie.split(".")
    assert not doorman.admits(f"{int(ends) + 1}.{nonce}.{signature}", now=1000)


@given(st.text())
def test_no_other_cookie_is_admitted(cookie: str) -> None:
    assert not Doorman("a token of some length").admits(cookie)
    assert not Doorman("a token of some length").knows(cookie)


def test_what_takes_long_is_begun_once() -> None:
    later, go, begun = Later(), threading.Event(), []

    def compute() -> int:
        begun.append(1)
        go.wait(10)
        return 7

    assert later.get("k", compute) is None
    assert later.get("k", compute) is None
    go.set()
    assert later.get("k", compute, wait=10) == 7
    assert begun == [1]
    later.close()


def test_what_failed_is_begun_anew() -> None:
    later, answers = Later(), iter([ValueError("no"), 3])

    def compute() -> int:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    with pytest.raises(ValueError, match="no"):
        later.get("k", compute, wait=10)
    assert later.get("k", compute, wait=10) == 3
    later.close()


def test_the_old_answers_until_the_new_is_there() -> None:
    now, go, numbers = 0.0, threading.Event(), iter([1, 2])
    later = Later(clock=lambda: now)

    def compute() -> int:
        number = next(numbers)
        if number == 2:
            go.wait(10)
        return number

    assert later.get("k", compute, wait=10, fresh=5) == 1
    now = 6.0
    assert later.get("k", compute, fresh=5) == 1  # begun again
    assert later.get("k", compute, fresh=5) == 1
    go.set()
    deadline = time.monotonic() + 10
    while later.get("k", compute, fresh=5) == 1 and time.monotonic() < deadline:
        threading.Event().wait(0.001)
    assert later.get("k", compute, fresh=5) == 2
    later.close()


def test_only_the_last_results_are_kept() -> None:
    later = Later()
    for number in range(40):
        assert later.get(number, lambda number=number: number, wait=10) == number
    assert later.get(39, lambda: -1) == 39
    assert later.get(0, lambda: -1, wait=10) == -1
    later.close()


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.test/x", True),
        ("http://a.test", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.test", False),
        ("http:", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(address: str | None, safe: bool) -> None:
    assert (web_address(address) == address) is (safe or address is None)
    assert (web_address(address) is not None) is safe


@given(st.text())
def test_a_files_name_is_one_short_line(name: str) -> None:
    shown = display_name(name)
    assert shown
    assert len(shown) <= 120
    assert shown.isprintable()
    assert "/" not in shown


def test_words() -> None:
    assert share(0.0) == "0\u00a0%"
    assert share(0.001) == "< 1\u00a0%"
    assert share(0.999) == "> 99\u00a0%"
    assert share(1.0) == "100\u00a0%"
    assert width(1.7) == "100.00"
    assert unbroken("a (5 %)") == "a (5\u00a0%)"
    assert query({"a": "x", "b": ""}, c=2) == "?a=x&c=2"
    assert query({}) == "?"
    assert coded("a ``b<`` <c>") == "a <code>b&lt;</code> &lt;c&gt;"
    assert capital("no such thing") == "No such thing."
    assert (size(10), size(64 * 1024), size(25 * 2**20)) == ("1 kB", "64 kB", "25 MB")
    assert data_uri(b"\x89PNG").startswith("data:image/png;base64,")
