"""A backup or a restore to kill: it says when it has copied some objects, and waits there."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from albumart.backup import restore, write
from albumart.embedded.platform import current_endpoints
from albumart.settings import load_settings
from albumart.stores.objects import ObjectStore

BATCH, BEFORE = 5, 12


def waiting(copy: Callable[..., Any]) -> Callable[..., Any]:
    asked = iter(range(1_000_000))

    def copied(*args: Any, **kwargs: Any) -> Any:
        if next(asked) >= BEFORE:
            sys.stdout.write("in the middle\n")
            sys.stdout.flush()
            threading.Event().wait()
        return copy(*args, **kwargs)

    return copied


if __name__ == "__main__":
    endpoints = current_endpoints(load_settings())
    assert endpoints is not None
    write._BATCH = restore._BATCH = BATCH  # type: ignore[misc]
    ObjectStore.save = waiting(ObjectStore.save)  # type: ignore[method-assign]
    ObjectStore.load = waiting(ObjectStore.load)  # type: ignore[method-assign]
    if sys.argv[1] == "backup":
        write.write_backup(endpoints, Path(sys.argv[2]))
    else:
        restore.restore_backup(endpoints, Path(sys.argv[2]))
