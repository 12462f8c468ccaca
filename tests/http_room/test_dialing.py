import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_room import (
    ONCE,
    URL,
    Site,
    divert,
    fetch_fails,
    fetch_is_unsafe,
    resolve_example,
    serving,
)

from albumart.errors import FetchError
from albumart.http import dialing
from albumart.http.addresses import Address, resolve_public
from albumart.http.client import FetchPolicy, PoliteClient
from albumart.http.pacing import Pacer


class TestCheckedConnections:
    """The connection goes to the checked address, whoever answers what later."""

    def test_the_host_is_looked_up_once_and_the_answer_is_dialled(self, site, direct) -> None:
        direct.get("http://example.test/x", ONCE)
        assert site.dialled == [("93.184.216.34", 80)]
        assert site.seen[0].headers["Host"] == "example.test"

    def test_an_address_instead_of_a_name(self, site, direct) -> None:
        direct.get("http://[2606:4700::1111]/x", ONCE)
        assert site.seen[0].headers["Host"] == "[2606:4700::1111]"

    def client(self, pacer: Pacer, *answers: list[str]) -> tuple[PoliteClient, list[str]]:
        asked: list[str] = []
        given = iter(answers)

        def lookup(host: str) -> list[str]:
            asked.append(host)
            return next(given)

        resolve = lambda host: resolve_public(host, lookup)  # noqa: E731
        return PoliteClient("me@example.org", pacer=pacer, resolve=resolve), asked

    def test_a_private_answer_is_refused_before_a_byte(self, site, direct, pacer) -> None:
        client, _ = self.client(pacer, ["10.0.0.1"])
        with client:
            assert fetch_is_unsafe(client) == "private_address"
        assert not site.dialled

    def test_rules_are_not_asked_of_a_private_address(self, site, direct, pacer) -> None:
        client, _ = self.client(pacer, ["169.254.169.254"])
        with client:
            assert fetch_is_unsafe(client, FetchPolicy()) == "private_address"
        assert not site.dialled

    def test_rebinding(self, site, direct, pacer) -> None:
        """Public first, private at the next connection: only the first is ever dialled."""
        site.routes["/x"] = lambda h: h.raw(b"HTTP/1.0 200 OK\r\n\r\nx")
        client, asked = self.client(pacer, ["8.8.8.8"], ["127.0.0.1"])
        with client:
            client.get("http://example.test/x", ONCE)
            assert fetch_is_unsafe(client, url="http://example.test/x") == "private_address"
        assert asked == ["example.test"] * 2
        assert site.dialled == [("8.8.8.8", 80)]

    def test_a_redirect_to_a_name_of_a_private_address(self, site, direct, pacer) -> None:
        to = "http://inside.test/"
        site.routes["/x"] = lambda h: h.send(b"", 302, Location=to)
        client, _ = self.client(pacer, ["8.8.8.8"], ["192.168.0.1"])
        with client:
            assert fetch_is_unsafe(client, url="http://example.test/x") == "private_address"
        assert site.dialled == [("8.8.8.8", 80)]

    def test_proxy_variables_open_no_way_round(self, site, direct, monkeypatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, site.url)
        direct.get("http://example.test/x", ONCE)
        assert site.seen[0].path == "/x"
        assert site.dialled == [("93.184.216.34", 80)]

    def test_the_next_address_is_tried(self, site, monkeypatch, pacer) -> None:
        real = dialing.connect

        def connect(address: Address, port: int, seconds: float) -> Any:
            if str(address) != "8.8.4.4":
                raise ConnectionRefusedError("no")
            return real(ip_address("127.0.0.1"), site.port, seconds)

        monkeypatch.setattr(dialing, "connect", connect)
        client, _ = self.client(pacer, ["2a00::1", "8.8.4.4"], ["8.8.8.8"])
        with client:
            assert client.get("http://example.test/x", ONCE).status == 404
            assert fetch_fails(client, url="http://other.test/x").code == "connect"

    def test_a_name_is_only_believed_missing_once_another_was_found(self, direct, pacer) -> None:
        def lookup(host: str) -> list[str]:
            if host == "gone.test":
                raise socket.gaierror(socket.EAI_NONAME, "no")
            return ["8.8.8.8"]

        resolve = lambda host: resolve_public(host, lookup)  # noqa: E731
        with PoliteClient("me@example.org", pacer=pacer, resolve=resolve) as client:
            assert fetch_fails(client, url="http://gone.test/").code == "dns"
            assert fetch_fails(client, FetchPolicy(), "http://gone.test/").code == (
                "robots_unreachable"
            )
            client.get("http://example.test/", ONCE)
            assert fetch_is_unsafe(client, url="http://gone.test/") == "no_such_host"
            assert fetch_is_unsafe(client, FetchPolicy(), "https://gone.test/") == "no_such_host"

    def test_a_resolver_that_fails(self, pacer) -> None:
        def fail(_: str) -> list[str]:
            raise socket.gaierror(socket.EAI_AGAIN, "no")

        resolve = lambda host: resolve_public(host, fail)  # noqa: E731
        with PoliteClient("me@example.org", pacer=pacer, resolve=resolve) as client:
            assert fetch_fails(client).code == "dns"

    def test_no_time_left_for_an_address(self, pacer) -> None:
        dial = dialing.Dialer(lambda _: [ip_address("8.8.8.8")])
        with pytest.raises(FetchError, match="no time left"):
            dial("example.test", 80, 1e-9)


class TestTls:
    @pytest.fixture
    def secure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        context, names = certificate(tmp_path, "example.test"), []
        context.sni_callback = lambda _, name, __: names.append(name)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        return context, names

    def test_the_certificate_must_be_of_the_real_name(self, secure, pacer, monkeypatch) -> None:
        context, names = secure
        with serving(context) as site:
            divert(site, monkeypatch)
            site.routes["/x"] = lambda h: h.send(b"secret" * 50_000)
            with PoliteClient("me@a.org", pacer=pacer, resolve=resolve_example) as client:
                assert client.get(URL, ONCE).body == b"secret" * 50_000
                assert client.get(URL, ONCE).status == 200
                error = fetch_fails(client, url="https://other.test/x")
        assert error.code == "tls"
        assert names == ["example.test", "other.test"]
        assert site.dialled == [("93.184.216.34", 443)] * 2
        assert site.paths() == ["/x", "/x"]

    def test_a_drip_over_tls_ends_at_the_deadline(self, secure, pacer, monkeypatch) -> None:
        hung_up = threading.Event()

        def drip(handler: Any) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
            try:
                while not hung_up.wait(0.05):
                    handler.wfile.write(b"X")
            except OSError:
                hung_up.set()

        with serving(secure[0]) as site:
            divert(site, monkeypatch)
            site.routes["/x"] = drip
            with PoliteClient("me@a.org", pacer=pacer, resolve=resolve_example) as client:
                began = time.monotonic()
                assert fetch_fails(client, replace(ONCE, deadline=0.5)).code == "timeout"
                assert time.monotonic() - began < 1.5
            assert hung_up.wait(10)

    def test_a_handshake_that_never_comes(self, pacer, monkeypatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            divert(Site(silent.getsockname()[1]), monkeypatch)
            with PoliteClient("me@a.org", pacer=pacer, resolve=resolve_example) as client:
                began = time.monotonic()
                assert fetch_fails(client, replace(ONCE, deadline=0.3)).code == "timeout"
                assert time.monotonic() - began < 1.5


def certificate(folder: Path, host: str) -> ssl.SSLContext:
    """A server's context whose own certificate is written to ``folder/certificate.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
