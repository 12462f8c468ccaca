import socket
from ipaddress import ip_address

import pytest
from http_room import PRIVATE, UNSAFE_URLS
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import FetchError, UnsafeInput
from albumart.http.addresses import (
    check_url,
    is_public,
    matches,
    parse_web_url,
    printable,
    resolve_any,
    resolve_public,
)

PUBLIC = ("8.8.8.8", "93.184.216.34", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1")


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(UnsafeInput) as caught:
        check_url(f"http://{host}/cover.jpg")
    assert caught.value.code == "private_address"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert check_url(f"http://{host}/x").host == address


@pytest.mark.parametrize(("url", "code"), UNSAFE_URLS)
def test_urls_that_are_no_plain_web_address_are_refused(url: str, code: str) -> None:
    with pytest.raises(UnsafeInput) as caught:
        check_url(url)
    assert caught.value.code == code
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("HTTPS://example.com.:443/a?b=c#d", "https://example.com/a?b=c"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://bücher.example/é b", "http://xn--bcher-kva.example/%C3%A9%20b"),
        ("http://example.com/a/../../b/./c", "http://example.com/b/c"),
        ("http://@example.com/@", "http://example.com/@"),
        ("http://example.com?x=1", "http://example.com/?x=1"),
        ("http://a_b.example.com/%7e%2F", "http://a_b.example.com/%7E%2F"),
        ("https://[2606:4700::0:1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_one_spelling(url: str, spelt: str) -> None:
    parsed = check_url(url)
    assert str(parsed) == spelt
    assert check_url(spelt) == parsed


HOSTLIKE = st.text(alphabet="0123456789abcdefx.:[]@%/\\-_ \u3002é", max_size=30)


@given(
    st.one_of(
        st.text(max_size=80),
        st.builds(
            "{}://{}/{}".format, st.sampled_from(["http", "https", "ftp"]), HOSTLIKE, st.text()
        ),
    )
)
def test_any_text_is_read_or_refused(url: str) -> None:
    try:
        parsed = check_url(url)
    except UnsafeInput:
        pass
    else:
        assert check_url(str(parsed)) == parsed
        assert str(parsed).isascii()
        assert " " not in str(parsed)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_no_address_that_python_calls_private_is_public(address: object) -> None:
    ip = ip_address(str(address))
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_link_local:
        assert not is_public(ip)


def test_one_private_answer_refuses_the_host() -> None:
    with pytest.raises(UnsafeInput) as caught:
        resolve_public("example.test", lambda _: ["8.8.8.8", "10.0.0.1"])
    assert caught.value.code == "private_address"


def test_public_answers_keep_the_order_of_the_resolver() -> None:
    found = resolve_public("example.test", lambda _: ["2a00::1", "8.8.8.8"])
    assert list(map(str, found)) == ["2a00::1", "8.8.8.8"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (socket.EAI_AGAIN, "dns"),
        (socket.EAI_FAIL, "dns"),
        (socket.EAI_NONAME, "no_such_host"),
        (socket.EAI_NODATA, "no_such_host"),
    ],
)
def test_a_failed_look_up_is_told_from_a_name_that_does_not_exist(number: int, code: str) -> None:
    def fail(_: str) -> list[str]:
        raise socket.gaierror(number, "no")

    with pytest.raises(FetchError) as caught:
        resolve_public("example.test", fail)
    assert caught.value.code == code


def test_the_system_resolves_this_machine() -> None:
    assert ip_address("127.0.0.1") in resolve_any("localhost")
    with pytest.raises(UnsafeInput):
        resolve_public("localhost")


def test_the_system_fails_to_resolve_nonsense() -> None:
    with pytest.raises(FetchError) as caught:
        resolve_any("nonsense.invalid")
    assert caught.value.code == "dns"


def test_host_patterns() -> None:
    patterns = frozenset({"archive.org", "*.us.archive.org"})
    assert matches("archive.org", patterns)
    assert matches("ia801.us.archive.org", patterns)
    assert not matches("us.archive.org", patterns)
    assert not matches("evilus.archive.org", patterns)
    assert not matches("archive.org.evil.com", patterns)


def test_printable_hides_secrets_and_strange_characters() -> None:
    shown = printable("https://me:pw@x.org/a?id=1&X-Amz-Signature=abc&token=t\x1b[31m\n")
    assert shown == "https://…@x.org/a?id=1&X-Amz-Signature=…&token=…"
    assert printable("a\nb\x1bc\u202ed") == "a\ufffdb\ufffdc\ufffdd"
    assert len(printable("x?sign" * 100_000)) < 600


def test_an_operators_address_may_be_anywhere() -> None:
    parsed = parse_web_url("http://127.0.0.1:8000/prefix")
    assert (parsed.host, parsed.port, parsed.target) == ("127.0.0.1", 8000, "/prefix")
    assert parsed.origin == "http://127.0.0.1:8000"
