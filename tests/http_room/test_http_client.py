import itertools
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from http_room import MIRRORED, ONCE, URL, fetch_fails, fetch_is_unsafe

from albumart.errors import AlbumArtError, Refused, UnsafeInput
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pace
from albumart.sandbox.breakage import Fault
from albumart.sandbox.wire import PLAIN, tagged


def code_of(caught: pytest.ExceptionInfo[Any]) -> str:
    return str(caught.value.code)


class TestAnswers:
    def test_what_comes(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x?y=1"] = lambda h: h.send(b"body", X_Thing="a", ETag='"e"')
        response = mirrored.get(URL + "?y=1#z", ONCE)
        assert (response.url, response.status, response.body) == (URL + "?y=1", 200, b"body")
        assert (response.headers["x-thing"], response.headers["etag"]) == ("a", '"e"')
        assert 0 < response.elapsed < 5

    @pytest.mark.parametrize("status", [201, 206, 304, 400, 404, 410, 418])
    def test_statuses_that_are_values(self, site, mirrored, status: int) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", status)
        assert mirrored.get(URL, ONCE).status == status

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
    def test_statuses_that_mean_later(self, site, mirrored, status: int) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", status)
        error = fetch_fails(mirrored)
        assert (error.code, error.retry_after) == (f"http_{status}", None)
        assert not isinstance(error, Refused)

    @pytest.mark.parametrize(
        ("told", "name"), [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")]
    )
    @pytest.mark.parametrize("path", ["/x", "/moved"])
    def test_what_did_not_change_is_told_so(
        self, shelf, sandbox, tried, told: str, name: str, path: str
    ) -> None:
        shelf.answers["/x"] = tagged(b"body", PLAIN, last_modified="Mon, 01 Jan 2024 00:00:00 GMT")
        sandbox.faults.add(Fault("redirect:/x", "/example.test/moved", times=None))
        known = tried.get(f"https://example.test{path}", ONCE)
        condition = {name: known.headers[told.lower()]}
        for _ in range(2):  # and the connection can be used again
            again = tried.get(f"https://example.test{path}", ONCE, headers=condition)
            assert (again.status, again.body, again.url) == (304, b"", known.url)
        assert again.headers["etag"] == known.headers["etag"]
        shelf.answers["/x"] = tagged(b"new", PLAIN, last_modified="Tue, 02 Jan 2024 00:00:00 GMT")
        assert tried.get(f"https://example.test{path}", ONCE, headers=condition).body == b"new"

    def test_an_unchanged_answer_may_tell_the_length_of_the_old_one(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(
            b'HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\nETag: "e"\r\n\r\n'
        )
        response = mirrored.get(URL, ONCE, headers={"If-None-Match": '"e"'})
        assert (response.status, response.body) == (304, b"")

    def test_repeated_headers_are_joined(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(
            b"HTTP/1.1 200 OK\r\nVary: a\r\nVary: b\r\nContent-Length: 0\r\n\r\n"
        )
        assert mirrored.get(URL, ONCE).headers["vary"] == "a, b"

    def test_our_headers(self, site, mirrored) -> None:
        mirrored.get(URL, ONCE, headers={"referer": "https://a.test/", "If-None-Match": '"x"'})
        sent = site.seen[0].headers
        assert sent["Referer"] == "https://a.test/"
        assert sent["If-None-Match"] == '"x"'
        assert sent["User-Agent"].startswith("albumart/")

    @pytest.mark.parametrize(
        ("name", "value"),
        [("If-None-Match", "a\r\nEvil: 1"), ("A B", "x"), ("user-agent", "Mozilla"), ("X", "é")],
    )
    def test_headers_that_are_not_plain_are_refused(self, site, mirrored, name, value) -> None:
        with pytest.raises(UnsafeInput) as caught:
            mirrored.get(URL, ONCE, headers={name: value})
        assert code_of(caught) == "bad_header"
        assert not site.seen

    @pytest.mark.parametrize("value", ["noai", "noindex, NoImageAI", "bot: noai"])
    def test_noai_is_heeded(self, site, mirrored, value: str) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"x", X_Robots_Tag=value)
        assert fetch_is_unsafe(mirrored) == "noai"

    def test_other_robots_tags_pass(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"x", X_Robots_Tag="noindex")
        assert mirrored.get(URL, ONCE).body == b"x"

    def test_connections_are_kept(self, site, mirrored) -> None:
        ports: set[int] = set()

        def answer(handler: Any) -> None:
            ports.add(handler.client_address[1])
            handler.send(b"x" * 100_000)

        site.routes[MIRRORED + "/x"] = answer
        for _ in range(5):
            mirrored.get(URL, ONCE)
        assert len(ports) == 1

    def test_many_threads_share_a_client(self, site, mirrored) -> None:
        for number in range(64):
            site.routes[f"{MIRRORED}/{number}"] = lambda h, n=number: h.send(b"%d" % n * 1000)
        with ThreadPoolExecutor(16) as pool:
            urls = [f"https://example.test/{number}" for number in range(64)]
            bodies = list(pool.map(lambda url: mirrored.get(url, ONCE).body, urls))
        assert bodies == [b"%d" % number * 1000 for number in range(64)]


class TestRedirects:
    def redirect(self, site: Any, hops: dict[str, str], status: int = 302) -> None:
        for path, location in hops.items():
            site.routes[path] = lambda h, to=location: h.send(b"moved", status, Location=to)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_are_followed_through_the_mirror(self, site, mirrored, status: int) -> None:
        hops = {MIRRORED + "/x": "//b.test/y", "/b.test/y": "z?q"}
        self.redirect(site, hops, status)
        site.routes["/b.test/z?q"] = lambda h: h.send(b"there")
        response = mirrored.get(URL, ONCE)
        assert (response.url, response.body) == ("https://b.test/z?q", b"there")

    def test_five_hops_and_no_more(self, site, mirrored) -> None:
        self.redirect(site, {f"{MIRRORED}/{n}": f"/{n + 1}" for n in range(9)})
        site.routes[MIRRORED + "/5"] = lambda h: h.send(b"five")
        assert mirrored.get("https://example.test/0", ONCE).body == b"five"
        self.redirect(site, {f"{MIRRORED}/5": "/6"})
        assert fetch_is_unsafe(mirrored, url="https://example.test/0") == "too_many_redirects"

    @pytest.mark.parametrize(
        ("location", "code"),
        [
            ("/x", "redirect_loop"),
            ("#fragment", "redirect_loop"),
            ("http://example.test/y", "downgrade"),
            ("https://other.test/", "host_not_allowed"),
            ("http://127.0.0.1/", "private_address"),
            ("https://127.0.0.1:22/", "bad_port"),
            ("file:///etc/passwd", "bad_scheme"),
            ("https://[", "bad_url"),
            ("https://me@example.test/", "userinfo"),
        ],
    )
    def test_each_hop_is_checked(self, site, mirrored, location: str, code: str) -> None:
        self.redirect(site, {MIRRORED + "/x": location})
        policy = replace(ONCE, hosts=frozenset({"example.test"}))
        assert fetch_is_unsafe(mirrored, policy) == code
        assert site.paths() == [MIRRORED + "/x"]

    def test_without_a_location_they_are_values(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", 302)
        assert mirrored.get(URL, ONCE).status == 302

    def test_raw_utf8_in_a_location(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.raw(
            "HTTP/1.0 302 x\r\nLocation: /ü\r\n\r\n".encode()
        )
        site.routes[MIRRORED + "/%C3%BC"] = lambda h: h.send(b"u")
        assert mirrored.get(URL, ONCE).body == b"u"

    def test_the_first_host_is_checked_too(self, site, mirrored) -> None:
        policy = replace(ONCE, hosts=frozenset({"*.other.test"}))
        assert fetch_is_unsafe(mirrored, policy) == "host_not_allowed"
        assert not site.seen


class TestManners:
    @pytest.mark.parametrize("status", [401, 403, 451])
    def test_stay_away_closes_the_host_for_good(self, site, mirrored, status: int) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", status)
        with pytest.raises(Refused) as first:
            mirrored.get(URL, replace(ONCE, attempts=5))
        with pytest.raises(Refused) as second:
            mirrored.get("http://example.test/y", ONCE)
        assert (code_of(first), code_of(second)) == (f"http_{status}", "host_closed")
        assert mirrored.get("https://other.test/y", ONCE).status == 404
        assert site.paths() == [MIRRORED + "/x", "/other.test/y"]

    def test_threads_that_wait_for_their_turn_hear_of_it(self, site, direct) -> None:
        site.routes["/x"] = lambda h: h.send(b"", 403)
        policy = replace(ONCE, pace=Pace(concurrency=2))

        def refused(_: int) -> bool:
            with pytest.raises(Refused):
                direct.get("http://example.test/x", policy)
            return True

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(refused, range(16)))
        assert len(site.seen) <= 2

    def test_a_source_says_itself_what_stops_it(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", 429, Retry_After="60")
        with pytest.raises(Refused):
            mirrored.get(URL, replace(ONCE, stop_on=frozenset({429})))

    @pytest.mark.parametrize("status", [429, 503])
    def test_retry_after_holds_the_host_for_all(self, site, mirrored, tmp_path, status) -> None:
        answers = iter([lambda h: h.send(b"", status, Retry_After="1"), lambda h: h.send(b"ok")])
        site.routes[MIRRORED + "/x"] = lambda h: next(answers)(h)
        assert mirrored.get(URL, replace(ONCE, attempts=2)).body == b"ok"
        assert site.seen[1].at - site.seen[0].at >= 0.99

    def test_a_long_retry_after_defers(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", 503, Retry_After="3600")
        error = fetch_fails(mirrored, replace(ONCE, attempts=5))
        assert error.code == "deferred"
        assert error.retry_after == pytest.approx(3600, abs=10)
        assert fetch_fails(mirrored, url="https://example.test/y").code == "deferred"
        assert len(site.seen) == 1

    def test_five_tries_then_later(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", 503)
        error = fetch_fails(mirrored, FetchPolicy(robots=False))
        assert error.code == "http_503"
        assert len(site.seen) == 5

    def test_another_attempt_helps(self, site, mirrored) -> None:
        answers: Iterator[Callable[[Any], None]] = iter(
            [lambda h: h.raw(b""), lambda h: h.send(b"", 500), lambda h: h.send(b"ok")]
        )
        site.routes[MIRRORED + "/x"] = lambda h: next(answers)(h)
        assert mirrored.get(URL, FetchPolicy()).body == b"ok"

    def test_robots_are_obeyed(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/robots.txt"] = lambda h: h.send(b"User-agent: *\nDisallow: /x")
        policy = replace(ONCE, robots=True)
        with pytest.raises(Refused) as caught:
            mirrored.get(URL, policy)
        assert code_of(caught) == "robots"
        assert mirrored.get("https://example.test/y", policy).status == 404
        assert [seen.path for seen in site.seen] == [MIRRORED + "/robots.txt", MIRRORED + "/y"]

    def test_robots_hold_for_redirects(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/x"] = lambda h: h.send(b"", 302, Location="//b.test/y")
        site.routes["/b.test/robots.txt"] = lambda h: h.send(b"User-agent: albumart\nDisallow: /")
        with pytest.raises(Refused):
            mirrored.get(URL, replace(ONCE, robots=True))
        assert site.paths() == [MIRRORED + "/x"]

    @pytest.mark.parametrize("status", [500, 503, 429])
    def test_rules_that_cannot_be_read_forbid_all(self, site, mirrored, status: int) -> None:
        site.routes[MIRRORED + "/robots.txt"] = lambda h: h.send(b"", status)
        for _ in range(2):
            assert fetch_fails(mirrored, FetchPolicy()).code == "robots_unreachable"
        assert len(site.seen) == 3
        assert not site.paths()

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_no_rules_forbid_nothing(self, site, mirrored, status: int) -> None:
        site.routes[MIRRORED + "/robots.txt"] = lambda h: h.send(b"Disallow: /", status)
        assert mirrored.get(URL, FetchPolicy()).status == 404

    def test_huge_rules_forbid_all(self, site, mirrored) -> None:
        site.routes[MIRRORED + "/robots.txt"] = lambda h: h.send(b"#" * 600_000)
        assert fetch_fails(mirrored, FetchPolicy()).code == "robots_unreachable"

    def test_crawl_delay_slows_a_live_host(self, site, direct) -> None:
        rules = b"User-agent: *\nCrawl-delay: 0.2"
        site.routes["/robots.txt"] = lambda h: h.send(rules)
        for _ in range(2):
            direct.get("http://example.test/x", FetchPolicy())
        assert site.seen[2].at - site.seen[1].at >= 0.2

    def test_pace_is_kept_as_the_host_sees_it(self, site, direct) -> None:
        policy = replace(ONCE, pace=Pace(0.1, group="all"))
        urls = [f"http://{host}.example.test/x" for host in "abc"] * 2
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda url: direct.get(url, policy), urls))
        times = sorted(seen.at for seen in site.seen)
        assert min(b - a for a, b in itertools.pairwise(times)) >= 0.1

    def test_a_mirror_lifts_the_pace(self, site, mirrored) -> None:
        began = time.monotonic()
        for _ in range(3):
            mirrored.get(URL, replace(ONCE, pace=Pace(60.0)))
        assert time.monotonic() - began < 10

    def test_warnings_are_one_clean_line(self, site, mirrored, caplog) -> None:
        caplog.set_level(logging.DEBUG)
        site.routes[MIRRORED + "/x%1B?token=hush"] = lambda h: h.send(b"", 403)
        with pytest.raises(Refused):
            mirrored.get(URL + "%1b?token=hush", ONCE)
        ours = [record for record in caplog.records if record.name.startswith("albumart")]
        assert ours
        assert all(record.getMessage().isprintable() for record in caplog.records)
        assert all("hush" not in record.getMessage() for record in ours)


class TestIdentity:
    def test_a_live_client_names_its_operator(self, site, direct) -> None:
        direct.get("http://example.test/x", ONCE)
        assert site.seen[0].headers["User-Agent"].endswith(" (+me@example.org)")

    def test_without_a_contact_no_host_is_asked(self, pacer, tmp_path) -> None:
        with PoliteClient("", pacer=pacer) as nameless:
            with pytest.raises(AlbumArtError, match="ALBUMART_CONTACT"):
                nameless.get("http://example.test/x", ONCE)
            with pytest.raises(AlbumArtError, match="ALBUMART_CONTACT"):
                nameless.download("http://example.test/x", ONCE, tmp_path / "x")

    @pytest.mark.parametrize("contact", ["me\r\nEvil: 1", "mé"])
    def test_a_contact_that_is_no_header(self, pacer, contact: str) -> None:
        with pytest.raises(AlbumArtError, match="ALBUMART_CONTACT"):
            PoliteClient(contact, pacer=pacer)

    @pytest.mark.parametrize("mirror", ["127.0.0.1:8000", "ftp://x/", "http://"])
    def test_a_mirror_that_is_no_address(self, pacer, mirror: str) -> None:
        with pytest.raises(AlbumArtError, match="expected"):
            PoliteClient("", pacer=pacer, mirror=mirror)

    def test_a_mirror_may_have_a_prefix(self, site, pacer) -> None:
        with PoliteClient("", pacer=pacer, mirror=site.url + "/cache/") as client:
            client.get(URL, ONCE)
        assert site.paths() == ["/cache/example.test/x"]

    def test_a_mirror_that_is_down(self, pacer) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            mirror = f"http://127.0.0.1:{free.getsockname()[1]}"
            with PoliteClient("", pacer=pacer, mirror=mirror) as client:
                assert fetch_fails(client).code == "connect"
