"""What is asked of a source, and the name of the answer's scope."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

_SAFE: Final = "/:,"  # readable in a scope's name


@dataclass(frozen=True, slots=True)
class Query:
    """What to ask of a source. A source takes some of these; ``Source.takes`` says which.

    Attributes:
        url: replaces the source's own address; a path where the source reads files.
        country: two letters, where a source has a list for each country.
        genres: the source's own names or ids of the genres to ask for; empty is all of them.
    """

    url: str | None = None
    country: str | None = None
    genres: tuple[str, ...] = ()

    def given(self) -> dict[str, list[str]]:
        """The fields that say something."""
        fields: dict[str, list[str | None]] = {
            "url": [self.url],
            "country": [self.country],
            "genres": [*self.genres],
        }
        kept = {name: [value for value in values if value] for name, values in fields.items()}
        return {name: values for name, values in kept.items() if values}

    def scope(self, source: str) -> str:
        """Name of this part of a source: ``itunes``, ``itunes?country=gb``."""
        given = urlencode(self.given(), doseq=True, safe=_SAFE)
        return f"{source}?{given}" if given else source


def parse_scope(scope: str) -> tuple[str, Query]:
    """The source and the query that ``Query.scope`` named."""
    source, _, given = scope.partition("?")
    fields = parse_qs(given)
    first = {name: next(iter(fields.get(name, [])), None) for name in ("url", "country")}
    return source, Query(first["url"], first["country"], tuple(fields.get("genres", ())))
