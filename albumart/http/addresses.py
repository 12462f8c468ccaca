"""Which addresses may be asked: the text of a URL, then what its host resolves to.

Cover addresses come from data, so both are judged before a byte is sent. What is not plainly an
ordinary public web address is refused; nothing is guessed or repaired beyond RFC 3986.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from albumart.errors import FetchError, UnsafeInput

Address = IPv4Address | IPv6Address
Lookup = Callable[[str], list[str]]

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_URL: Final = 4096

# IANA's special-purpose registries, written out because ``is_global`` differs between Python
# versions, misses multicast and lets translated forms of private addresses through.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",  # a public number that is a cloud's own control address
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
# Outside 2000::/3 nothing is public: loopback, mapped IPv4, NAT64, unique local, link local,
# multicast. These are the holes inside it: Teredo and its neighbours, examples, 6to4.
_PUBLIC_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
_NO_SUCH_HOST: Final = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# The last label of what an old C library reads as an IPv4 address: 127.1, 2130706433, 0x7f000001.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SECRET = re.compile(r"(?i)([?&][^=&]*(?:sign|token|key|secret|auth|pass|cred)[^=&]*=)[^&]*")


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL in one spelling: lower-case ASCII host without trailing dot, encoded target.

    ``target`` is what follows ``GET``: path and query, without dot segments or fragment.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Scheme, host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.target


def check_url(url: str) -> ParsedUrl:
    """Read ``url``, or raise UnsafeInput: only http(s) on port 80 or 443 of a public-looking host.

    Codes: ``bad_url``, ``bad_scheme``, ``userinfo``, ``bad_port``, ``bad_host``,
    ``private_address``. No look-up is made.
    """
    parsed = parse_web_url(url)
    if parsed.port not in DEFAULT_PORTS.values():
        raise _unsafe("bad_port", url, "port 80 or 443", str(parsed.port))
    host = _normal_host(parsed.host, url)
    return ParsedUrl(parsed.scheme, host, parsed.port, parsed.target)


def parse_web_url(url: str) -> ParsedUrl:
    """Read an http(s) URL without judging its host or port; for addresses the operator names."""
    if len(url) > MAX_URL or not url.isprintable() or "\\" in url:
        shape = f"at most {MAX_URL} printable characters and no backslash"
        raise _unsafe("bad_url", url, shape, f"{len(url)} characters")
    try:
        parts = parse_url(url)
    except LocationParseError as error:
        raise _unsafe("bad_url", url, "a URL", "none") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise _unsafe("bad_scheme", url, "http or https", str(parts.scheme))
    if parts.auth is not None:
        raise _unsafe("userinfo", url, "no user name before the host", "one")
    if not parts.host:
        raise _unsafe("bad_host", url, "a host", "none")
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return ParsedUrl(parts.scheme, parts.host.strip("[]"), port, parts.request_uri)


def _normal_host(host: str, url: str) -> str:
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if "%" in host:  # the zone of a link-local address
        raise _unsafe("bad_host", url, "a host without a zone", host)
    if ":" in host or _NUMBER.fullmatch(labels[-1]):
        try:
            address = ip_address(host)
        except ValueError as error:
            raise _unsafe("bad_host", url, "a name or a plain IP address", host) from error
        _check_public(address, host)
        return str(address)
    if len(host) > 253 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise _unsafe("bad_host", url, "a public DNS name", host)
    return host


def is_public(address: Address) -> bool:
    """Whether ``address`` is one that the whole internet routes to one ordinary host."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_V4)
    return (
        address in _PUBLIC_V6
        and address.is_global
        and not any(address in network for network in _NOT_PUBLIC_V6)
    )


def _check_public(address: Address, host: str) -> None:
    if not is_public(address):
        raise UnsafeInput(
            "private_address",
            f"{printable(host)}: expected a public address; got {address}, which is refused",
        )


def system_lookup(host: str) -> list[str]:
    """The addresses that the system's resolver gives for ``host``, in its order."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_public(host: str, lookup: Lookup = system_lookup) -> list[Address]:
    """Look ``host`` up once; one address that is not public refuses them all.

    Raises:
        UnsafeInput: ``private_address``.
        FetchError: ``no_such_host``, or ``dns`` when the resolver failed.
    """
    try:
        addresses = [ip_address(text) for text in lookup(host)]
    except socket.gaierror as error:
        code = "no_such_host" if error.errno in _NO_SUCH_HOST else "dns"
        raise FetchError(f"{host}: expected its address; got {error}", code=code) from error
    for address in addresses:
        _check_public(address, host)
    return addresses


def resolve_any(host: str) -> list[Address]:
    """Look ``host`` up without judging it: only for the mirror, which the operator names."""
    try:
        return [ip_address(text) for text in system_lookup(host)]
    except socket.gaierror as error:
        raise FetchError(f"{host}: expected its address; got {error}", code="dns") from error


def matches(host: str, patterns: frozenset[str]) -> bool:
    """Whether ``host`` is one of ``patterns``; ``*.x.org`` is any name under x.org."""
    return host in patterns or any(
        pattern.startswith("*.") and host.endswith(pattern[1:]) for pattern in patterns
    )


def printable(url: str) -> str:
    """``url`` for logs and messages: one line, short, without user names or signatures."""
    text = url if len(url) <= 500 else f"{url[:500]}…"
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return _SECRET.sub(r"\1…", re.sub(r"//[^/?#]*@", "//…@", text))


def _unsafe(code: str, url: str, expected: str, got: str) -> UnsafeInput:
    return UnsafeInput(code, f"{printable(url)}: expected {expected}; got {printable(got)}")
