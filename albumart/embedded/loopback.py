"""This machine's own address: who listens, and one request by no proxy with a short patience."""

import base64
import json
import socket
from dataclasses import dataclass
from typing import Final

HOST: Final = "127.0.0.1"
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes

    def json(self) -> object:
        """The body, decoded; None where it is no JSON, so where somebody else answered."""
        try:
            found: object = json.loads(self.body)
        except ValueError:
            return None
        return found


def ask(
    port: int, path: str, *, auth: str | None = None, query: object | None = None
) -> Answer | None:
    """GET ``path``, or POST ``query`` as JSON to it; None where nobody answers in time.

    ``auth`` is ``user:password`` for basic authentication.
    """
    import http.client

    headers = {"Content-Type": "application/json"}
    if auth is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
    method, body = ("GET", None) if query is None else ("POST", json.dumps(query))
    connection = http.client.HTTPConnection(HOST, port, timeout=_PATIENCE)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_free(port: int) -> bool:
    """Whether nobody listens there on the loopback interface."""
    with socket.socket() as probe:
        # So that connections of the last life, still winding down, do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0
