"""The platform's folder: what lies where, readable by its owner alone."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from albumart.errors import PlatformError

_ADVICE: Final = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some of your quota there",
}


@dataclass(frozen=True, slots=True)
class PlatformFolder:
    """Paths under ``<home>/platform``."""

    home: Path

    @classmethod
    def of(cls, home: Path) -> "PlatformFolder":
        """Folder of that home, absolute, so that it means the same in every process."""
        return cls(Path(os.path.abspath(home)))  # noqa: PTH100  (a link stays the user's link)

    @property
    def root(self) -> Path:
        """Everything of the platform."""
        return self.home / "platform"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for its life."""
        return self.root / "lock"

    @property
    def lease(self) -> Path:
        """Held, shared, by each process that uses the platform."""
        return self.root / "lease"

    @property
    def state(self) -> Path:
        """What the supervisor last wrote of itself and its parts."""
        return self.root / "state.json"

    @property
    def ports(self) -> Path:
        """Ports chosen at earlier starts."""
        return self.root / "ports.json"

    @property
    def credentials(self) -> Path:
        """Passwords made at the first start."""
        return self.root / "credentials.json"

    @property
    def keyfile(self) -> Path:
        """Key by which the members of mongod's replica set would know each other."""
        return self.root / "mongod.key"

    def data(self, part: str) -> Path:
        """Data folder of one part."""
        return self.root / part

    def log(self, part: str) -> Path:
        """Log of one part."""
        return self.root / "logs" / f"{part}.log"

    def create(self) -> None:
        """Make the folders, closed to everyone else, or say why that cannot be."""
        with told_as_platform_error(self.home):
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in (self.home, self.root, self.root / "logs"):
                path.mkdir(mode=0o700, exist_ok=True)
                path.chmod(0o700)
            # A folder may be there and yet take nothing: a full disk, a read-only mount.
            with NamedTemporaryFile(dir=self.root, prefix=".probe-") as probe:
                probe.write(bytes(4096))


@contextmanager
def told_as_platform_error(home: Path) -> Iterator[None]:
    """Turn a refusal of the file system into one line that says what to do."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        advice = _ADVICE.get(error.errno or 0, "make it a folder that you may write to")
        raise PlatformError(
            f"expected to write to {home}, the platform's data folder; got: {reason} "
            f"({error.filename}); {advice}, or set ALBUMART_HOME to another folder"
        ) from None


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` as a whole, durably, readable by its owner alone."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def size_of(folder: Path) -> int:
    """Bytes of all files below ``folder``; 0 where there is none. Files may vanish meanwhile."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118
            except FileNotFoundError:
                continue
    return total
