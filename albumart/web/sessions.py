"""The token at the door, and the cookie that stands for it afterwards.

A cookie says when it ends, signed with the token: nothing is kept on the server, and a new token
ends every session.
"""

import hashlib
import hmac
import secrets
import time
from typing import Final

COOKIE: Final = "albumart_session"
SESSION_SECONDS: Final = 12 * 60 * 60


class Doorman:
    """Knows the token; never tells it."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._key = hashlib.sha256(b"albumart session:" + self._token).digest()

    def knows(self, given: str) -> bool:
        """Whether it is the token; takes as long for any wrong one."""
        return hmac.compare_digest(given.encode(), self._token)

    def open_session(self, now: float | None = None) -> str:
        """A cookie for the next twelve hours."""
        ends = int((time.time() if now is None else now) + SESSION_SECONDS)
        said = f"{ends}.{secrets.token_hex(8)}"
        return f"{said}.{self._sign(said)}"

    def admits(self, cookie: str, now: float | None = None) -> bool:
        """Whether the cookie is one of ours and has not ended."""
        said, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(said).encode()):
            return False
        return int(said.partition(".")[0]) > (time.time() if now is None else now)

    def _sign(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()
