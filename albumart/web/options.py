"""How the web application is set up: who may come in, and how much it takes on."""

from dataclasses import dataclass, field
from typing import Final

MEBIBYTE: Final = 2**20
# What a browser calls this machine. Whoever comes by another name was led here by a name server.
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN: Final = 16


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` requests at once, and ``per_second`` of them in the long run."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on; all of it together bounds memory and disk.

    Attributes:
        files: covers of one request.
        upload: bytes of one request with covers; what goes on is cut off.
        form: bytes of any other request.
        body_seconds: in which a request's body must be there.
        places: requests with work for the network that are read, wait or are worked on.
        at_once: of these, how many are worked on.
        turn_seconds: how long one waits for its turn.
        uploads: of one client.
        requests: of one client.
        logins: of one client.
        clients: that are told apart; of more, the one that came longest ago is forgotten.
    """

    files: int = 6
    upload: int = 64 * MEBIBYTE
    form: int = 64 * 1024
    body_seconds: float = 30.0
    places: int = 16
    at_once: int = 1
    turn_seconds: float = 20.0
    uploads: Rate = Rate(per_second=2.0, burst=40)
    requests: Rate = Rate(per_second=50.0, burst=1000)
    logins: Rate = Rate(per_second=0.2, burst=10)
    clients: int = 4096


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What an operator decides.

    Attributes:
        token: without which nobody comes in; None on a loopback address alone.
        hosts: names by which the server may be asked; None: any.
        study: the only one shown; None: every one that has a model.
        limits: of load.
        look_seconds: how old what is known of the champion may be.
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] | None = LOOPBACK
    study: str | None = None
    limits: Limits = Limits()
    look_seconds: float = 2.0
