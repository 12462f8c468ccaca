"""Where a backbone's weights come from, checked before Keras sees them."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from albumart.errors import BadStudy, NotFound, UnsafeInput
from albumart.models.backbones import check_options
from albumart.models.pinned import (
    OpenClient,
    address_name,
    check_address,
    check_file,
    fetch_pinned,
    is_address,
    split_pin,
)
from albumart.study import Model

CHOICES: Final = (
    "'imagenet' ('preset' of a network of keras-hub: downloaded by Keras), 'random', "
    "'study:<name>' (those of its champion), the path of an .h5 or .keras file of Keras, or "
    "https://…#sha256=… of such a file"
)
# What a file's name says it is, and the bytes that it must then begin with.
MAGIC: Final[Mapping[str, bytes]] = MappingProxyType(
    {".h5": b"\x89HDF\r\n\x1a\n", ".keras": b"PK\x03\x04"}
)
_STUDY: Final = re.compile(r"study:[a-z0-9][a-z0-9-]{0,62}")

Champion = Callable[[str], tuple[bytes, str]]


class Kind(StrEnum):
    """Where weights come from."""

    RANDOM = "random"
    IMAGENET = "imagenet"
    PRESET = "preset"
    FILE = "file"
    ADDRESS = "address"
    STUDY = "study"


@dataclass(frozen=True, slots=True)
class Weights:
    """Checked weights: where they are, and the digest of their file where there is one."""

    kind: Kind
    where: str
    sha256: str | None = None

    @property
    def are_random(self) -> bool:
        """Whether the network starts knowing nothing."""
        return self.kind is Kind.RANDOM

    @property
    def identity(self) -> str:
        """Names what came out of them: the digest of their file, else their own name."""
        if self.kind is Kind.STUDY:
            raise ValueError(f"expected prepare_weights() first; got {self.where!r} as it is")
        return self.sha256 or self.kind


@dataclass(frozen=True, slots=True)
class WeightSources:
    """Where ``prepare_weights`` looks.

    Attributes:
        folder: of the files that it brings; they stay for the next time.
        open_client: opens the way to the network; called only where a file must be fetched.
        champion: name of a study → its champion's ``.keras`` file and that file's sha256; raises
            NotFound where it has none.
    """

    folder: Path
    open_client: OpenClient
    champion: Champion


def resolve_weights(model: Model) -> Weights:
    """Check ``model`` and its weights without loading or fetching anything.

    Raises:
        BadStudy: no such backbone or option of it, no such kind of weights, or it was never
            trained on ImageNet and should have been.
        NotFound: the file is not there.
        UnsafeInput: it is no file of Keras by suffix and first bytes (``code="weights"``) or not
            the one that its digest names (``digest``); or the address is one that is not asked.
    """
    row = check_options(model)
    if model.weights == Kind.RANDOM:
        return Weights(Kind.RANDOM, "random")
    if model.weights in (Kind.IMAGENET, Kind.PRESET):
        if not row.pretrained or model.weights != row.published:
            raise BadStudy(
                f"there are no {model.weights} weights for {row.name}; expected {CHOICES} "
                "(--weights)"
            )
        return Weights(Kind(model.weights), model.weights)
    if model.weights.startswith("study:"):
        if not _STUDY.fullmatch(model.weights):
            raise BadStudy(f"weights {model.weights!r}: expected study:<name of a study>")
        return Weights(Kind.STUDY, model.weights)
    where, sha256 = split_pin(model.weights, "weights")
    return _address(where, sha256) if is_address(where) else _file(where, sha256)


def prepare_weights(model: Model, sources: WeightSources) -> Model:
    """``model`` with weights that lie on this machine: what is elsewhere is brought and checked.

    Of an address or a study's champion, the model that is returned names the file and its digest,
    so that everything after it needs neither the network nor a store.

    Raises:
        UnsafeInput: what came is not what the digest names (``code="digest"``), or as below.
        FetchError, Refused: the address did not give it; again may help.
        NotFound, BadStudy: as ``resolve_weights``; the study has no champion; no such address.
    """
    weights = resolve_weights(model)
    if weights.kind is Kind.ADDRESS:
        sha256 = weights.identity
        # The name stays: Keras reads .weights.h5 in another way than .h5.
        path = fetch_pinned(weights.where, sha256, sources.folder, sources.open_client)
    elif weights.kind is Kind.STUDY:
        path, sha256 = _take_champion(weights.where.removeprefix("study:"), sources)
    else:
        return model
    local = model.model_copy(update={"weights": f"{path}#sha256={sha256}"})
    resolve_weights(local)
    return local


def _file(where: str, sha256: str | None) -> Weights:
    path = Path(where)
    if not path.is_file():
        raise NotFound(f"no weights at {where!r}; expected {CHOICES}")
    magic = MAGIC.get(path.suffix)
    with path.open("rb") as file:
        if magic is None or file.read(len(magic)) != magic:
            raise UnsafeInput("weights", f"{path} is no file of Keras; expected {CHOICES}")
    return Weights(Kind.FILE, str(path), check_file(path, sha256, "weights"))


def _address(where: str, sha256: str | None) -> Weights:
    from albumart.http.addresses import check_url, printable

    check_url(where)
    if PurePosixPath(address_name(where)).suffix not in MAGIC:
        raise UnsafeInput("weights", f"{printable(where)}: expected an .h5 or .keras file of Keras")
    return Weights(Kind.ADDRESS, where, check_address(where, sha256, "weights"))


def _take_champion(name: str, sources: WeightSources) -> tuple[Path, str]:
    """The champion's file; ``resolve_weights`` checks its digest as that of any file."""
    data, sha256 = sources.champion(name)
    path = sources.folder / f"{sha256}.keras"
    if not path.is_file():
        sources.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(data)
        partial.replace(path)
    return path, sha256
