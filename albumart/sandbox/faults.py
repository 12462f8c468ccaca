"""The faults that were asked for and are still to come."""

import threading
from dataclasses import asdict, replace
from typing import Final

from albumart.sandbox.breakage import FAULTS, Fault

FIELD_TYPES: Final = {
    "kind": str,
    "match": str,
    "times": int | None,
    "retry_after": str | int | None,
    "share": float | int,
}


class Faults:
    """The faults still to come, first come first served. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add one fault behind those that wait; ValueError where it cannot be meant."""
        check_fault(fault)
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """Return the faults still to come; ``times`` says how often."""
        with self._lock:
            return list(self._waiting)

    def take(self, path: str) -> Fault | None:
        """Return the fault that this request meets, and count it as used."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.matches(path):
                    if fault.times is not None:
                        left = replace(fault, times=fault.times - 1)
                        self._waiting[place : place + 1] = [left] if left.times else []
                    return fault
        return None


def check_fault(fault: Fault) -> None:
    """Raise ValueError where a fault cannot be meant."""
    if fault.name not in FAULTS:
        raise ValueError(f"fault kind: expected one of {', '.join(FAULTS)}; got {fault.kind!r}")
    if fault.times is not None and fault.times < 1:
        raise ValueError(f"fault {fault.kind!r}: times is 1 or more, or none; got {fault.times}")
    if not 0 < fault.share <= 1:
        raise ValueError(f"fault {fault.kind!r}: share is above 0, up to 1; got {fault.share}")
    try:
        FAULTS[fault.name].check(fault.argument)
    except ValueError as error:
        raise ValueError(f"fault {fault.kind!r}: its argument: {error}") from error


def fault_from_fields(fields: object) -> Fault:
    """Read a fault from parsed JSON; ValueError says what is wrong with it."""
    if not isinstance(fields, dict):
        raise ValueError(f"fault: expected an object; got {type(fields).__name__}")
    missing, unknown = {"kind", "match"} - fields.keys(), fields.keys() - FIELD_TYPES.keys()
    if missing or unknown:
        raise ValueError(f"fault: missing {sorted(missing)}, unknown {sorted(unknown)}")
    for name, value in fields.items():
        if not isinstance(value, FIELD_TYPES[name]):
            raise ValueError(f"fault: {name} cannot be {value!r}")
    fault = Fault(**fields)
    check_fault(fault)
    return fault


def fault_fields(fault: Fault) -> dict[str, object]:
    """Return the fault as what fault_from_fields reads."""
    return asdict(fault)
