"""What goes wrong → a status, a code and a sentence. The one place where errors meet HTTP."""

from dataclasses import dataclass
from typing import Final

from albumart.errors import (
    AlbumArtError,
    BadStudy,
    NotFound,
    PlatformError,
    UnsafeInput,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request gets no answer.

    Attributes:
        status: of HTTP.
        code: one word for programs.
        sentence: for people; says what was expected and what came.
        retry_after: seconds after which another try may do better.
    """

    status: int
    code: str
    sentence: str
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class Stop(AlbumArtError):
    """A request ends here; carries its Refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


_STATUSES: Final[dict[type[AlbumArtError], tuple[int, str]]] = {
    NotFound: (404, "not_found"),
    UnsafeInput: (422, "unsafe_input"),
    BadStudy: (422, "bad_study"),
    PlatformError: (503, "platform"),
}

# What Starlette itself refuses: its own words are short, and in no language for people.
STATUS_SENTENCES: Final[dict[int, str]] = {
    404: "There is nothing at this address.",
    405: "This address does not take such a request.",
    413: "The request is too large.",
}


def refusal_of(error: AlbumArtError) -> Refusal:
    """What the error is to whoever asked."""
    if isinstance(error, Stop):
        return error.refusal
    for kind, (status, code) in _STATUSES.items():
        if isinstance(error, kind):
            return Refusal(status, code, capital(str(error)))
    return Refusal(500, "failed", capital(str(error)))


def busy(seconds: float, why: str) -> Stop:
    """429: come back later."""
    wait = max(1, round(seconds))
    noun = "second" if wait == 1 else "seconds"
    return Stop(Refusal(429, "busy", f"{why} Please try again in {wait} {noun}.", wait))


def too_large(limit: int) -> Stop:
    """413: more came than is taken."""
    return Stop(
        Refusal(413, "too_large", f"Expected at most {size(limit)} in one request; more came.")
    )


def size(count: int) -> str:
    """Bytes for a person: ``25 MB``, ``64 kB``."""
    return f"{count / 2**20:.0f} MB" if count >= 2**20 else f"{max(1, count // 1024)} kB"


def capital(text: str) -> str:
    """A sentence: it begins with a capital and ends with a stop."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."
