"""Where a backbone's weights come from, checked before Keras sees them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from albumart.errors import BadStudy, NotFound, UnsafeInput
from albumart.models.backbones import find_backbone
from albumart.study import Model

CHOICES: Final = "'imagenet' (downloaded by Keras), 'random', or a path to an .h5 file of Keras"
HDF5_MAGIC: Final = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Weights:
    """Checked weights: what Keras is given, and the identity that names what came out of them."""

    argument: str | None
    identity: str

    @property
    def are_random(self) -> bool:
        """Whether the network starts knowing nothing."""
        return self.argument is None


def resolve_weights(model: Model) -> Weights:
    """Check ``model.backbone`` and ``model.weights`` without loading anything.

    Raises:
        BadStudy: no such backbone, or it was never trained on ImageNet and should have been.
        NotFound: the file is not there.
        UnsafeInput: it is no HDF5 file by suffix and magic bytes (``code="weights"``).
    """
    backbone = find_backbone(model.backbone)
    if model.weights == "random":
        return Weights(None, "random")
    if model.weights == "imagenet":
        if not backbone.pretrained:
            raise BadStudy(
                f"there are no imagenet weights for {model.backbone}; expected 'random' or a path "
                "to an .h5 file of Keras (--weights)"
            )
        return Weights("imagenet", "imagenet")
    path = Path(model.weights)
    if not path.is_file():
        raise NotFound(f"no weights at {model.weights!r}; expected {CHOICES}")
    with path.open("rb") as file:
        if path.suffix != ".h5" or file.read(len(HDF5_MAGIC)) != HDF5_MAGIC:
            raise UnsafeInput("weights", f"{path} is no HDF5 file of Keras; expected {CHOICES}")
        file.seek(0)
        return Weights(str(path), hashlib.file_digest(file, "sha256").hexdigest())
