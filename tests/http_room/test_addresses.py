import socket
from ipaddress import ip_address

import pytest
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

PRIVATE = (
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
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


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1./", "private_address"),
        ("http://2130706433/", "bad_host"),
        ("http://017700000001/", "bad_host"),
        ("http://0x7f000001/", "bad_host"),
        ("http://0x7f.0.0.1/", "bad_host"),
        ("http://0177.0.0.1/", "bad_host"),
        ("http://127.0.0.01/", "bad_host"),
        ("http://127.1/", "bad_host"),
        ("http://0/", "bad_host"),
        ("http://0x/", "bad_host"),
        ("http://8.8.8.8.8/", "bad_host"),
        ("http://１２７.０.０.１/", "bad_url"),
        ("http://127。0。0。1/", "bad_url"),
        ("http://%31%32%37.0.0.1/", "private_address"),
        ("http://[::1%25eth0]/", "bad_host"),
        ("http://[fe80::1%eth0]/", "bad_host"),
        ("http://[v1.x]/", "bad_url"),
        ("http://[::1/", "bad_url"),
        ("http://localhost/", "bad_host"),
        ("http://localhost./", "bad_host"),
        ("http://example.com../", "bad_host"),
        ("http://.example.com/", "bad_host"),
        ("http://exa mple.com/", "bad_url"),
        ("http://exa%20mple.com/", "bad_host"),
        ("http://exa^mple.com/", "bad_host"),
        (f"http://{'a' * 64}.com/", "bad_host"),
        (f"http://{'a.' * 130}com/", "bad_host"),
        ("http:///x", "bad_host"),
        ("http://:80/x", "bad_host"),
        ("http://user@example.com/", "userinfo"),
        ("http://example.com@127.0.0.1/", "userinfo"),
        ("http://example.com:80@10.0.0.1/", "userinfo"),
        ("http://example.com\\@10.0.0.1/", "bad_url"),
        ("http://example.com\r\nHost: x/", "bad_url"),
        ("http://example.com/\x00", "bad_url"),
        ("http://example.com/\x1b[31m", "bad_url"),
        ("http://example.com/\u202e", "bad_url"),
        ("http://example.com/" + "a" * 5000, "bad_url"),
        ("http://example.com:22/", "bad_port"),
        ("http://example.com:0/", "bad_port"),
        ("http://example.com:8080/", "bad_port"),
        ("http://example.com:99999/", "bad_url"),
        ("http://example.com:x/", "bad_url"),
        ("file:///etc/passwd", "bad_scheme"),
        ("ftp://example.com/x", "bad_scheme"),
        ("gopher://example.com/x", "bad_scheme"),
        ("data:text/plain,x", "bad_scheme"),
        ("javascript:alert(1)", "bad_scheme"),
        ("//example.com/x", "bad_scheme"),
        ("/x", "bad_scheme"),
        ("example.com/x", "bad_scheme"),
        ("", "bad_scheme"),
    ],
)
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
