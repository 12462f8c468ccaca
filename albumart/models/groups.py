"""The layers of a backbone in groups, from input to output, for staged unfreezing."""

import re
from typing import TYPE_CHECKING

from albumart.errors import BadStudy
from albumart.models.backbones import BACKBONES

if TYPE_CHECKING:
    import keras


def find_backbone_in(model: "keras.Model") -> "keras.Model":
    """The backbone within ``model`` (or ``model`` itself), known by its name.

    Raises:
        BadStudy: there is none, as in a head alone.
    """
    import keras

    if model.name in BACKBONES:
        return model
    for layer in model.layers:
        if isinstance(layer, keras.Model) and layer.name in BACKBONES:
            return layer
    raise BadStudy(f"expected a network with one of {', '.join(BACKBONES)}; got {model.name!r}")


def layer_groups(model: "keras.Model") -> "dict[str, list[keras.layers.Layer]]":
    """Every layer of the backbone in ``model``, once, by the groups of its row in their order."""
    backbone = find_backbone_in(model)
    ends = list(BACKBONES[backbone.name].groups.items())
    groups: dict[str, list[keras.layers.Layer]] = {name: [] for name, _ in ends}
    name, last = ends.pop(0)
    for layer in backbone.layers:
        groups[name].append(layer)
        if ends and re.fullmatch(last, layer.name):
            name, last = ends.pop(0)
    if ends or not re.fullmatch(last, backbone.layers[-1].name):
        raise ValueError(
            f"{backbone.name}: expected a layer {last!r} at the end of {name}; got none: its row "
            "in BACKBONES does not fit this version of Keras"
        )
    return groups
