"""Where a head's label space comes from: the training split, or a file of word vectors.

Of a file of gigabytes only the rows of the labels' own words are kept, in the memory and, under
the digests of file and labels, on the disk.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from albumart.errors import NotFound
from albumart.models.glove import read_glove
from albumart.models.label_space import LabelSpace
from albumart.models.pinned import (
    OpenClient,
    check_address,
    check_file,
    fetch_pinned,
    is_address,
    split_pin,
)
from albumart.study import COOCCURRENCE, GLOVE

_NOUN = "word vectors"


def space_identity(space: str) -> str:
    """Names what comes of ``head.space``: ``cooccurrence``, or ``glove:`` and the file's digest.

    Raises:
        NotFound: there is no such file.
        BadStudy, UnsafeInput: no digest stands with an address, or it is one that is not asked; the
            file is another one than the digest names.
    """
    if space == COOCCURRENCE:
        return space
    where, sha256 = split_pin(space.removeprefix(GLOVE), _NOUN)
    if is_address(where):
        return GLOVE + check_address(where, sha256, _NOUN)
    return GLOVE + check_file(_existing(where), sha256, _NOUN)


def prepare_space(space: str, folder: Path, open_client: OpenClient) -> str:
    """``space`` with a file that lies on this machine: what is elsewhere is brought and checked.

    Raises:
        UnsafeInput: what came is not what the digest names, or as ``space_identity``.
        FetchError, Refused: the address did not give it; again may help.
    """
    identity = space_identity(space)
    where, _ = split_pin(space.removeprefix(GLOVE), _NOUN)
    if space == COOCCURRENCE or not is_address(where):
        return space
    sha256 = identity.removeprefix(GLOVE)
    path = fetch_pinned(where, sha256, folder, open_client)
    return f"{GLOVE}{path}#sha256={sha256}"


def find_space(
    space: str, labels: Sequence[str], folder: Path, *, learn: Callable[[], LabelSpace]
) -> LabelSpace:
    """The label space that ``space`` names.

    Args:
        space: as a study's head has it, on this machine.
        labels: in the order of a model's classes.
        folder: where rows of files are kept.
        learn: makes the one of the training split.

    Raises:
        NotFound, ParseError, UnsafeInput: the file is not there, is none, or is another one.
    """
    if space == COOCCURRENCE:
        return learn()
    identity = space_identity(space)
    named = hashlib.sha256(json.dumps([identity, list(labels)]).encode()).hexdigest()
    kept = folder / f"{named}.npz"
    if kept.is_file():
        return LabelSpace.from_bytes(kept.read_bytes())
    where, _ = split_pin(space.removeprefix(GLOVE), _NOUN)
    found = read_glove(_existing(where), labels)
    folder.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(found.to_bytes())
    partial.replace(kept)
    return found


def _existing(where: str) -> Path:
    path = Path(where)
    if not path.is_file():
        raise NotFound(f"expected word vectors at {where}; there is no such file (head.space)")
    return path
