"""A network as stages need it: its parts, its groups of layers, and which of them learn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from albumart.errors import BadStudy
from albumart.models.groups import layer_groups
from albumart.models.head_network import join_head
from albumart.train_plan import HEAD, Stage
from albumart.training.devices import leaf_layers

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network and its groups of layers.

    Attributes:
        model: inputs → outputs.
        extractor: pixels → features, where the model has such a part; None for a head alone.
        head: features, and metadata beside them, → outputs.
        groups: names and layers from input to output; the last is the head. Layers of no group
            never learn.
    """

    model: "keras.Model"
    extractor: "keras.Model | None"
    head: "keras.Model"
    groups: "Mapping[str, Sequence[keras.layers.Layer]]"


def head_alone(head: "keras.Model") -> Network:
    """A network whose inputs are features."""
    return Network(head, None, head, {HEAD: head.layers})


def whole_network(extractor: "keras.Model", head: "keras.Model") -> Network:
    """A backbone with its head; its groups are those of the backbone's row, and ``head``."""
    groups = layer_groups(extractor) | {HEAD: head.layers}
    return Network(join_head(extractor, head), extractor, head, groups)


def unfreeze(network: Network, stage: Stage) -> tuple[str, ...]:
    """Let the groups of ``stage`` learn and no other layer; names them, from input to output.

    A normalisation of a frozen group normalises by what it learnt before, not by the batch: that
    is what ``trainable = False`` means to Keras's BatchNormalization.

    Raises:
        BadStudy: there is no such group.
    """
    wanted = set(network.groups) if stage.unfrozen == "all" else set(stage.unfrozen)
    if unknown := sorted(wanted - set(network.groups)):
        raise BadStudy(
            f"train.stages: no group of layers {unknown[0]!r}; there are: "
            f"{', '.join(network.groups)}"
        )
    network.model.trainable = True  # a container that is not would hide those within
    for layer in leaf_layers(network.model):
        layer.trainable = False
    for name in wanted:
        for layer in network.groups[name]:
            layer.trainable = True
    return tuple(name for name in network.groups if name in wanted)


def variable_multipliers(
    network: Network, model: "keras.Model", stage: Stage, names: Sequence[str]
) -> tuple[float, ...]:
    """The multiple of the rate of each trainable variable of ``model``, by its group."""
    each = dict(zip(names, stage.multipliers(len(names)), strict=True))
    by_id = {
        id(variable): each[name]
        for name in names
        for layer in network.groups[name]
        for variable in layer.trainable_variables
    }
    return tuple(by_id[id(variable)] for variable in model.trainable_variables)
