"""The control paths under ``/_sandbox``: ask for faults, read what was asked of the sandbox.

For tests and people outside the server's process; within it, use the objects themselves.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from albumart.sandbox.faults import Faults, fault_fields, fault_from_fields
from albumart.sandbox.record import Requests
from albumart.sandbox.wire import Answer, status_page

CONTROL_HOST: Final = "_sandbox"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class State:
    """What a server remembers besides its site."""

    faults: Faults = field(default_factory=Faults)
    requests: Requests = field(default_factory=Requests)


def answer_control(state: State, method: str, path: str, body: bytes) -> Answer:
    """Do what ``method`` asks of a control path; faults that cannot be meant answer 400."""
    if (method, path) in ACTIONS:
        try:
            return ACTIONS[method, path](state, body)
        except ValueError as error:
            return _json({"error": str(error)}, status=400)
    return status_page(405 if path in {known for _, known in ACTIONS} else 404)


def _json(value: object, *, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode() + b"\n", JSON, status=status)


def _add_faults(state: State, body: bytes) -> Answer:
    asked = json.loads(body)
    # All are read before one is added: a wrong one leaves nothing behind.
    faults = [fault_from_fields(one) for one in (asked if isinstance(asked, list) else [asked])]
    for fault in faults:
        state.faults.add(fault)
    return _list_faults(state, body)


def _list_faults(state: State, body: bytes) -> Answer:
    return _json([fault_fields(fault) for fault in state.faults.waiting()])


def _clear_faults(state: State, body: bytes) -> Answer:
    state.faults.clear()
    return _json([])


def _list_requests(state: State, body: bytes) -> Answer:
    return _json(state.requests.fields())


def _clear_requests(state: State, body: bytes) -> Answer:
    state.requests.clear()
    return _json({})


ACTIONS: Final[Mapping[tuple[str, str], Callable[[State, bytes], Answer]]] = {
    ("POST", "/faults"): _add_faults,
    ("GET", "/faults"): _list_faults,
    ("DELETE", "/faults"): _clear_faults,
    ("GET", "/requests"): _list_requests,
    ("DELETE", "/requests"): _clear_requests,
}
