"""``python -m albumart.sandbox``: the sandbox without the rest of the command line."""

import argparse
import json
import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from albumart.errors import AlbumArtError
from albumart.sandbox.breakage import Fault
from albumart.sandbox.faults import fault_from_fields
from albumart.sandbox.real import RealSite
from albumart.sandbox.server import serve
from albumart.sandbox.site import MadeSite


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the first line on standard output is the address."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        site = RealSite(asked.real) if asked.real else MadeSite(asked.seed, asked.scale)
        serve(
            site,
            port=asked.port,
            until_eof=asked.until_eof,
            announce=_announce,
            faults=asked.fault,
        )
    except AlbumArtError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m albumart.sandbox", description=__doc__)
    parser.add_argument("--real", type=Path, metavar="DIR", help="serve recorded real files")
    parser.add_argument("--seed", type=int, default=0, help="of the made catalogue")
    parser.add_argument("--scale", type=_scale, default=1.0, help="1 is 1,200 albums")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="JSON",
        help='such as {"kind": "status:503", "match": "/f1.bcbits.com/img/", "times": 3}',
    )
    return parser


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0; got {text}")
    return scale


def _fault(text: str) -> Fault:
    try:
        return fault_from_fields(json.loads(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
