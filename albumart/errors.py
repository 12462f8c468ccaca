"""The error tree, grouped by what the caller does next.

AlbumArtError
├── FetchError          the network failed; again may help      → retried by the fetch and the task
│   └── Refused         robots.txt, 401, 403, 451: stay away    → that source stops, the run goes on
├── ParseError          a source changed shape                  → never retried
├── ValidationFailed    a critical expectation failed           → stops before training
├── UnsafeInput         a URL, image or model that is refused   → counted, never retried
├── NotFound            no such object, model, champion, study
├── BadStudy            a study file that cannot be meant       → the user mends the file
├── Diverged            a training's loss is no number any more → the user mends the study
└── PlatformError       a part of the platform cannot start     → the user mends the machine

A message says what was expected, what came, and where.
"""


class AlbumArtError(Exception):
    """Root of every error that this library raises on purpose."""


class FetchError(AlbumArtError):
    """The network failed; trying again later may help.

    Args:
        message: the sentence a person reads.
        code: short machine-readable reason, counted by the caller (``timeout``, ``http_503``).
        retry_after: seconds that the host itself asked for, where it did.
    """

    def __init__(
        self, message: str, *, code: str = "unavailable", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.retry_after = code, retry_after


class Refused(FetchError):
    """The source told us to stay away (robots.txt, 401, 403, 451)."""


class ParseError(AlbumArtError):
    """A page no longer has the shape its parser knows.

    Args:
        expected: what the parser looked for.
        got: what stood there instead.
        where: the page's address and, where it has them, its line.
    """

    def __init__(self, *, expected: str, got: str, where: str) -> None:
        super().__init__(f"{where}: expected {expected}; got {got}")
        self.expected, self.got, self.where = expected, got, where


class ValidationFailed(AlbumArtError):
    """A critical expectation failed; nothing after it may run."""


class UnsafeInput(AlbumArtError):
    """An address, image or model that is refused.

    Args:
        code: short machine-readable reason, counted by the caller (``private_address``).
        message: the sentence a person reads.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotFound(AlbumArtError):
    """There is no such object, model, champion or study."""


class BadStudy(AlbumArtError):
    """A study file holds an unknown key or an impossible value."""


class PlatformError(AlbumArtError):
    """A part of the platform is missing, cannot start, or does not answer."""


class Diverged(AlbumArtError):
    """The loss of a training, or a figure of its model, became NaN or infinite."""
