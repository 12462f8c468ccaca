"""The OpenAPI document, read for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of the API."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[tuple[str, str, str], ...]


def list_endpoints(document: Mapping[str, Any]) -> list[Endpoint]:
    """Every call, in the order in which they are declared."""
    return [
        Endpoint(
            method=method.upper(),
            path=path,
            summary=told["summary"],
            description=told.get("description", ""),
            parameters=tuple(
                (each["name"], each["in"], each.get("description", ""))
                for each in told.get("parameters", ())
            ),
        )
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
