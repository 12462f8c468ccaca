import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import FetchError, UnsafeInput
from albumart.http import robots
from albumart.http.robots import Robots, parse_robots

GROUPS = """\
# comment
User-agent: other
Disallow: /

user-agent: ALBUMART/1.0
User-Agent: third   # also
Disallow: /private
Allow: /private/open
Sitemap: https://x/y
Crawl-delay: 2.5

User-agent: *
Disallow: /star

User-agent: albumart
Disallow: /more
"""


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/", True),
        ("/star", True),
        ("/private", False),
        ("/privateer", False),
        ("/private/x", False),
        ("/private/open/x", True),
        ("/more?x", False),
    ],
)
def test_our_own_groups_are_merged_and_the_longest_rule_decides(target: str, allowed: bool) -> None:
    rules = parse_robots(GROUPS, "albumart")
    assert rules.allows(target) is allowed
    assert rules.crawl_delay == 2.5


def test_others_read_the_group_of_all() -> None:
    rules = parse_robots(GROUPS, "nobody")
    assert (rules.allows("/private"), rules.allows("/star")) == (True, False)
    assert rules.crawl_delay == 0


@pytest.mark.parametrize(
    ("rule", "target", "fits"),
    [
        ("/a*c", "/abbc/d", True),
        ("/a*c", "/abb", False),
        ("/*.jpg$", "/x/y.jpg", True),
        ("/*.jpg$", "/x/y.jpg?z", False),
        ("/*.jpg$", "/x.jpg/y.jpg", True),
        ("/x$", "/x", True),
        ("/x$", "/xy", False),
        ("*", "/anything", True),
        ("/a*b*c$", "/a-b-b-c", True),
        ("/a*b*c$", "/a-c-b", False),
        ("/*?", "/x?y=1", True),
        ("/%7Ejoe", "/~joe/x", True),
        ("/~joe", "/%7ejoe/x", True),
        ("/a%2fb", "/a%2Fb", True),
        ("/a/b", "/a%2Fb", False),
        ("/ü", "/%C3%BC", True),
        ("", "/", False),
    ],
)
def test_rules_are_prefixes_with_wildcards(rule: str, target: str, fits: bool) -> None:
    rules = parse_robots(f"User-agent: *\nDisallow: {rule}", "albumart")
    assert rules.allows(target) is not fits


def test_of_two_equal_rules_the_kinder_wins() -> None:
    assert parse_robots("User-agent: *\nDisallow: /a\nAllow: /a", "albumart").allows("/a")


def test_a_hostile_pattern_costs_little() -> None:
    rules = parse_robots("User-agent: *\nDisallow: /" + "a*" * 5000 + "b$", "albumart")
    began = time.monotonic()
    assert rules.allows("/" + "a" * 4000)
    assert time.monotonic() - began < 0.5


@given(st.text(), st.text())
def test_any_text_has_a_meaning(text: str, target: str) -> None:
    rules = parse_robots(f"User-agent: *\n{text}", "albumart")
    assert rules.allows(f"/{target}") in (True, False)
    assert rules.crawl_delay >= 0


def answering(status: int, body: bytes, asked: list[str]) -> Callable[[str], tuple[int, bytes]]:
    def fetch(url: str) -> tuple[int, bytes]:
        asked.append(url)
        return status, body

    return fetch


def failing(
    error: FetchError | UnsafeInput, asked: list[str]
) -> Callable[[str], tuple[int, bytes]]:
    def fetch(url: str) -> tuple[int, bytes]:
        asked.append(url)
        raise error

    return fetch


def test_rules_are_read_once_per_origin() -> None:
    asked: list[str] = []
    known = Robots("albumart")
    fetch = answering(200, b"\xef\xbb\xbfUser-agent: *\nDisallow: /x\xff", asked)
    for _ in range(3):
        assert known.rules("https://a.test", fetch).allows("/y")
        assert not known.rules("https://a.test", fetch).allows("/x\ufffd")
    known.rules("http://a.test", fetch)
    assert asked == ["https://a.test/robots.txt", "http://a.test/robots.txt"]


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410])
def test_without_rules_all_is_allowed(status: int) -> None:
    fetch = answering(status, b"User-agent: *\nDisallow: /", [])
    assert Robots("albumart").rules("https://a.test", fetch).allows("/x")


@pytest.mark.parametrize(
    "error",
    [FetchError("got 500", code="http_500"), UnsafeInput("too_large", "huge")],
)
def test_a_host_whose_rules_cannot_be_read_is_left_alone_for_a_while(
    error: FetchError | UnsafeInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    known = Robots("albumart")
    for _ in range(3):
        with pytest.raises(FetchError) as caught:
            known.rules("https://a.test", failing(error, asked))
        assert caught.value.code == "robots_unreachable"
    assert len(asked) == 1
    later = time.monotonic() + robots.UNREACHABLE_SECONDS
    monkeypatch.setattr(robots.time, "monotonic", lambda: later)
    assert known.rules("https://a.test", answering(404, b"", asked)).allows("/x")


@pytest.mark.parametrize(
    "error",
    [
        FetchError("paused", code="deferred", retry_after=1000.0),
        UnsafeInput("private_address", "10.0.0.1"),
        UnsafeInput("noai", "no"),
    ],
)
def test_what_says_more_than_unreachable_is_passed_on(error: FetchError | UnsafeInput) -> None:
    known = Robots("albumart")
    with pytest.raises(type(error)) as caught:
        known.rules("https://a.test", failing(error, []))
    assert caught.value is error
    assert known.rules("https://a.test", answering(404, b"", [])).allows("/x")
