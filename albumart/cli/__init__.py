"""The command line: the outermost door. A command imports the heavy libraries that it needs."""

import sys


def main() -> None:
    """Entry point of ``albumart``: expected errors become one line and exit code 1."""
    import signal

    from albumart.cli.app import app
    from albumart.errors import AlbumArtError

    # A kill is a way to stop, not an accident: let context managers take down what they started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except AlbumArtError as error:
        sys.exit(_fail(str(error)))
    except OSError as error:
        # A folder that cannot be written, a full disk: the operator's to mend, no bug of ours.
        sys.exit(_fail(f"{error.strerror or error}: {error.filename or 'no file named'}"))


def _fail(reason: str) -> int:
    sys.stderr.write(f"albumart: {reason}\n")
    return 1
