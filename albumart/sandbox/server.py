"""The sandbox's server: on this machine's loopback address only, in threads."""

import errno
import logging
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Final

from albumart.errors import PlatformError
from albumart.sandbox.breakage import Fault
from albumart.sandbox.control import State
from albumart.sandbox.exchange import Exchange
from albumart.sandbox.faults import Faults
from albumart.sandbox.record import Requests
from albumart.sandbox.wire import Site

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"  # never another address: other people's covers are served here
POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: the address that a mirror setting takes, its faults, its record."""

    url: str
    faults: Faults
    requests: Requests


class SandboxServer(ThreadingHTTPServer):
    """Listens as soon as it is made; knows its open connections, so that it can end them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.state = State()
        self.stopping = Event()
        self._open: set[socket.socket] = set()
        self._open_lock = Lock()
        super().__init__((LOOPBACK, port), Exchange)

    def server_bind(self) -> None:
        """Bind, without the look-up of the machine's name that http.server adds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def url(self) -> str:
        """Address of the running server, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.socket.getsockname()[1]}"

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept one connection and remember it."""
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def close_request(self, request: object) -> None:
        """Forget and close one connection."""
        with self._open_lock:
            self._open.discard(request)
        super().close_request(request)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what went wrong; a client that went away is no error."""
        gone = isinstance(sys.exception(), ConnectionError | TimeoutError)
        log.log(logging.DEBUG if gone else logging.ERROR, "a request failed", exc_info=True)

    def stop(self) -> None:
        """End the listening and every kept-alive connection."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_sandbox(site: Site, *, port: int = 0) -> Iterator[Sandbox]:
    """Serve ``site`` from threads of this process while the block runs.

    Raises:
        PlatformError: the port is taken or not allowed.
    """
    server = _listen(site, port)
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="sandbox", daemon=True)
    thread.start()
    try:
        yield Sandbox(server.url, server.state.faults, server.state.requests)
    finally:
        server.stop()
        thread.join()


def serve(
    site: Site,
    *,
    port: int,
    until_eof: bool,
    announce: Callable[[str], object],
    faults: Sequence[Fault] = (),
) -> None:
    """Serve ``site`` until interrupted, or until standard input ends; block till then.

    ``announce`` is given the address once it answers.
    """
    with running_sandbox(site, port=port) as sandbox, suppress(KeyboardInterrupt):
        for fault in faults:
            sandbox.faults.add(fault)
        announce(sandbox.url)
        if until_eof:
            # A parent holds the other end: when it dies, however it dies, we end too.
            while sys.stdin.buffer.read(4096):
                pass
        else:
            Event().wait()


def _listen(site: Site, port: int) -> SandboxServer:
    try:
        return SandboxServer(site, port)
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise PlatformError(
            f"sandbox: expected to listen on {LOOPBACK}, port {port}; "
            f"got: {'the port is taken' if taken else error}. "
            "Choose another with --port, or 0 for a free one"
        ) from error
