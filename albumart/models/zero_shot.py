"""Zero-shot: names of labels among images, by a network that was taught images with their texts.

Nothing is trained: a cover is of the label whose text lies nearest (Radford et al. 2021,
arXiv:2103.00020, whose mean over several texts for each label is taken, too).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from albumart.models.backbones import find_backbone
from albumart.models.hub import plain_text
from albumart.models.label_space import LabelSpace, build_label_space, unit_rows
from albumart.models.weights import Kind, resolve_weights
from albumart.study import Model

TEXTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "genre": ("the cover of a {} album", "album art of {} music", "a {} record"),
        "mood": ("the cover of a {} album", "album art of {} music", "a picture that is {}"),
    }
)


def find_text_space(model: Model, labels: Sequence[str], noun: str) -> LabelSpace | None:
    """Where ``labels`` lie among the features of ``model``; None where it reads no texts.

    Args:
        model: whose weights are on this machine, or a preset.
        labels: in the order of the classes.
        noun: what a label is called: a row of TEXTS.

    Raises:
        UnsafeInput, NotFound, BadStudy: as ``resolve_weights``.
    """
    tower, weights = find_backbone(model.backbone).tower, resolve_weights(model)
    if tower is None or tower.reader is None:
        return None
    source = tower.source(weights.where) if weights.kind in (Kind.PRESET, Kind.FILE) else None
    if source is None:  # a network whose reader was left behind
        return None
    texts = [text.format(plain_text(label)) for label in labels for text in TEXTS[noun]]
    each = unit_rows(tower.read(source, model.image_size, texts))
    means = each.reshape(len(labels), len(TEXTS[noun]), -1).mean(axis=1)
    return build_label_space(labels, means, maker=f"texts read by {tower.name}")
