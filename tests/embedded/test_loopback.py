import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from albumart.embedded.loopback import HOST, answers, ask, is_free


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(str(self.headers["Authorization"]).encode())

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer((HOST, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_question_with_a_password(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # never by a proxy
    answer = ask(port, "/", auth="user:pass")
    assert answer is not None
    assert answer.body == b"Basic dXNlcjpwYXNz"
    assert answer.json() is None  # no JSON


def test_a_question_with_a_body(port: int) -> None:
    answer = ask(port, "/", query={"a": [1]})
    assert answer is not None
    assert answer.json() == {"a": [1]}


def test_whether_somebody_is_there(port: int) -> None:
    assert answers(port)
    assert not is_free(port)


def test_nobody_is_there() -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    assert not answers(port)
    assert is_free(port)
    assert ask(port, "/") is None
