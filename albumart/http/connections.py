"""Pooled connections over checked sockets, and whole answers or none.

TLS proves the real name although the socket went to a number. No proxy variable is read anywhere
on this path.
"""

import http.client
import math
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, cast

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError, SSLError
from urllib3.exceptions import TimeoutError as TimedOut
from urllib3.response import HTTPResponse

from albumart.errors import FetchError, UnsafeInput
from albumart.http.addresses import ParsedUrl, printable
from albumart.http.dialing import DeadlineSocket, DeadlineTlsSocket, Dialer, Resolve

KEPT_CONNECTIONS: Final = 64  # idle ones, to one host
KEPT_HOSTS: Final = 64

_CHUNK: Final = 256 * 1024
_CODES: Final = ((TimedOut, "timeout"), (SSLError, "tls"), (HTTPError, "broken"))


class _ExactResponse(http.client.HTTPResponse):
    """Refuses bytes beyond the declared length, which http.client would drop in silence."""

    def __init__(self, sock: DeadlineSocket, *args: object, **kwargs: object) -> None:
        super().__init__(sock, *args, **kwargs)  # type: ignore[arg-type]
        self._sock = sock

    def _close_conn(self) -> None:
        surplus = self.length == 0 and self._has_buffered_bytes()
        super()._close_conn()  # type: ignore[misc]
        if surplus:
            raise http.client.HTTPException("more bytes came than Content-Length declared")

    def _has_buffered_bytes(self) -> bool:
        # Only what was read along with the body: with the deadline passed, peek cannot wait. What
        # still lies in the kernel makes the pool drop the connection before its next use.
        self._sock.deadline = -math.inf
        try:
            return bool(self.fp.peek(1))
        except TimeoutError:
            return False


class Answer:
    """A status and headers (names in lower case), with the body still to be read."""

    def __init__(self, response: BaseHTTPResponse, where: str) -> None:
        self.status = response.status
        self.headers = {name.lower(): response.headers[name] for name in response.headers}
        self._response, self._where = response, where

    def read(self, max_bytes: int) -> bytes:
        """The whole decoded body; UnsafeInput (``too_large``) as soon as it passes the cap."""
        left = max_bytes
        chunks: list[bytes] = []
        for chunk in self._chunks(max_bytes):
            left -= len(chunk)
            if left < 0:
                raise self._too_large(max_bytes)
            chunks.append(chunk)
        if not chunks and self._looks_cut():
            raise ProtocolError("the connection closed before the headers were complete")
        return b"".join(chunks)

    def _looks_cut(self) -> bool:
        # An end inside the headers is no error to http.client: it looks like an empty page.
        framing = {"content-length", "transfer-encoding"}
        return self.status == 200 and framing.isdisjoint(self.headers)

    def _chunks(self, max_bytes: int) -> Iterator[bytes]:
        # What is declared to be too long is not even begun.
        if (self._response.length_remaining or 0) > max_bytes:
            raise self._too_large(max_bytes)
        return self._response.stream(_CHUNK, decode_content=True)

    def _too_large(self, max_bytes: int) -> UnsafeInput:
        return UnsafeInput("too_large", f"{self._where}: expected at most {max_bytes} bytes")


class Connections:
    """Kept-alive connections to many hosts, shared by many threads."""

    def __init__(self, resolve: Resolve) -> None:
        self._pools = _pool_manager(Dialer(resolve))

    @contextmanager
    def get(
        self, url: ParsedUrl, headers: Mapping[str, str], seconds: float, *, where: str
    ) -> Iterator[Answer]:
        """Ask for ``url``; connecting, headers and body together end within ``seconds``.

        Raises:
            FetchError: ``dns``, ``connect``, ``tls``, ``timeout``, ``broken`` (reset, cut short,
                longer or shorter than declared, or not what its Content-Encoding says).
            UnsafeInput: from the resolver.
        """
        pool = self._pools.connection_from_host(url.host, url.port, url.scheme)
        try:
            response = pool.urlopen(
                "GET",
                url.target,
                headers=headers,
                timeout=Timeout(total=seconds),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
            try:
                yield Answer(response, where)
            finally:
                response.close()  # does nothing to a connection that went back to its pool
        except HTTPError as error:
            code = next(code for kind, code in _CODES if isinstance(error, kind))
            message = f"{where}: expected a whole answer; got {printable(str(error))}"
            raise FetchError(message, code=code) from error

    def close(self) -> None:
        """Close every kept connection."""
        self._pools.clear()


def _pool_manager(dial: Dialer) -> PoolManager:
    class Timed(HTTPConnection):
        response_class = _ExactResponse

        def _new_conn(self) -> socket.socket:
            return dial(self.host, self.port, cast(float, self.timeout))

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 does
            sock = cast(DeadlineSocket, self.sock)
            sock.deadline = time.monotonic() + cast(float, self.timeout)
            return super().getresponse()

    class TimedTls(Timed, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Timed

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TimedTls

    context = ssl.create_default_context()
    context.sslsocket_class = DeadlineTlsSocket
    pools = PoolManager(KEPT_HOSTS, maxsize=KEPT_CONNECTIONS, ssl_context=context)
    pools.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
    return pools
