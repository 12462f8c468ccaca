"""One client's connection: HTTP/1.1 with keep-alive, read by the standard library.

A framework's server would be quicker, but it owns the socket; most faults need it bare.
"""

import logging
import os
import socket
import struct
from http.server import BaseHTTPRequestHandler
from threading import Event
from time import monotonic
from typing import Final, Protocol, cast

from albumart.sandbox.breakage import FAULTS
from albumart.sandbox.control import CONTROL_HOST, State, answer_control
from albumart.sandbox.record import SeenRequest
from albumart.sandbox.wire import Answer, Site, is_unchanged, rest_of, robots_page, status_page

log = logging.getLogger(__name__)

IDLE_SECONDS: Final = 60  # a silent client is let go
MAX_CONTROL_BYTES: Final = 2**20
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER, on, without waiting


class Served(Protocol):
    """What an exchange needs of its server."""

    site: Site
    state: State
    stopping: Event


class Exchange(BaseHTTPRequestHandler):
    """Answers the requests of one connection, and is the Wire that faults act through."""

    protocol_version = "HTTP/1.1"
    server_version = "albumart-sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = 2**16  # head and body leave together
    disable_nagle_algorithm = True

    @property
    def _served(self) -> Served:
        return cast(Served, self.server)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (http.server's names)

    def _answer(self) -> None:
        host, _, rest = self.path.removeprefix("/").partition("/")
        self.host, self._target = host.lower(), f"/{rest}"
        if host == CONTROL_HOST:
            self._answer_control()
        elif self.command in ("GET", "HEAD"):
            self._answer_source()
        else:
            self.close_connection = True  # its body was not read
            self.send(status_page(405))

    def _answer_control(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_CONTROL_BYTES:
            self.close_connection = True
            self.send(status_page(413))
            return
        body = self.rfile.read(int(length))
        self.send(answer_control(self._served.state, self.command, self._target, body))

    def _answer_source(self) -> None:
        state = self._served.state
        with state.requests.recording(self._seen()):
            fault = state.faults.take(f"/{self.host}{self._target}")
            if fault is None:
                self._send_truth()
            else:
                log.info("fault %s for %s", fault.kind, self.path)
                FAULTS[fault.name].act(self, fault)
            self.wfile.flush()

    def _seen(self) -> SeenRequest:
        told = self.headers
        return SeenRequest(
            at=monotonic(),
            method=self.command,
            host=self.host,
            path=self._target,
            user_agent=told.get("User-Agent", ""),
            referer=told.get("Referer", ""),
            is_conditional="If-None-Match" in told or "If-Modified-Since" in told,
            range=told.get("Range", ""),
        )

    def _send_truth(self) -> None:
        answer = self.answer_at(self._target)
        unchanged = is_unchanged(
            answer,
            if_none_match=self.headers.get("If-None-Match"),
            if_modified_since=self.headers.get("If-Modified-Since"),
        )
        if unchanged:
            self._send_status_line(304, answer)
            self.end_headers()
        else:
            self.send(self._rest_of(answer))

    def _rest_of(self, answer: Answer) -> Answer:
        told = self.headers
        return rest_of(answer, wanted=told.get("Range"), if_range=told.get("If-Range"))

    @property
    def target(self) -> str:
        """Path and query under the host."""
        return self._target

    def true_answer(self) -> Answer:
        """Return what the site would say, to one who has a part of it too."""
        return self._rest_of(self.answer_at(self._target))

    def answer_at(self, target: str) -> Answer:
        """Return what the host has at ``target``; hosts that are known allow every robot."""
        site = self._served.site
        if self.host not in site.hosts:
            return status_page(404)
        answer = site.answer(self.host, target)
        if answer is None and target == "/robots.txt":
            return robots_page()
        return answer or status_page(404)

    def send(self, answer: Answer) -> None:
        """Send a whole answer; its head alone where that was asked for."""
        self.send_head(answer, length=len(answer.body))
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_head(self, answer: Answer, *, length: int) -> None:
        """Send the status and the headers, declaring ``length`` bytes of body."""
        self._send_status_line(answer.status, answer)
        self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_status_line(self, status: int, answer: Answer) -> None:
        self.send_response(status)
        for name, value in answer.all_headers():
            self.send_header(name, value)

    def send_bytes(self, chunk: bytes) -> None:
        """Send part of a body, at once."""
        self.wfile.write(chunk)
        self.wfile.flush()

    def close(self) -> None:
        """End the connection after what was sent."""
        self.close_connection = True

    def reset(self) -> None:
        """Break the connection: the peer's next read fails."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        # The reader and the writer hold the socket open; and a polite end would come before.
        os.close(self.connection.detach())
        self.close_connection = True

    def wait(self, seconds: float) -> bool:
        """Wait; True where the server is stopping."""
        return self._served.stopping.wait(seconds)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Log a line of http.server's for those who debug."""
        log.debug(format, *args)
