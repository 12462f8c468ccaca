"""Groups of layers: which learn, which stay as they are, and at which rates."""

import keras
import numpy as np
import pytest
from staged_network import build_head, build_network, make_pixels

from albumart.errors import BadStudy
from albumart.models.network import build_extractor
from albumart.study import Model
from albumart.train_plan import Stage
from albumart.training.layout import (
    head_alone,
    unfreeze,
    variable_multipliers,
    whole_network,
)

to_numpy = keras.ops.convert_to_numpy  # of each backend's own tensors


def trainable(model: keras.Model) -> set[str]:
    return {variable.path.split("/")[-2] for variable in model.trainable_variables}


def test_only_the_stages_groups_learn_and_a_later_stage_frees_more() -> None:
    network = build_network(16)
    assert unfreeze(network, Stage()) == ("head",)
    assert trainable(network.model) == {"probabilities"}
    assert unfreeze(network, Stage(unfrozen=("head", "block2"))) == ("block2", "head")
    assert trainable(network.model) == {"conv2", "probabilities"}
    assert unfreeze(network, Stage(unfrozen="all")) == ("block1", "block2", "head")
    assert trainable(network.model) == {"conv1", "norm1", "conv2", "probabilities"}


def test_an_unknown_group_is_refused_with_the_choices() -> None:
    with pytest.raises(BadStudy, match="no group of layers 'block9'; there are: block1, block2"):
        unfreeze(build_network(16), Stage(unfrozen=("block9",)))


def test_the_normalisation_of_a_frozen_group_does_not_follow_the_batch() -> None:
    network = build_network(16)
    pixels = make_pixels(16)[:8]
    extractor = network.extractor
    assert extractor is not None
    unfreeze(network, Stage())
    before = [np.array(w) for w in extractor.get_layer("norm1").get_weights()]
    frozen = to_numpy(extractor(pixels, training=True))
    np.testing.assert_allclose(frozen, to_numpy(extractor(pixels, training=False)), rtol=1e-6)
    after = extractor.get_layer("norm1").get_weights()
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    unfreeze(network, Stage(unfrozen="all"))
    assert (to_numpy(extractor(pixels, training=True)) != frozen).any()


def test_each_variable_has_its_groups_multiple() -> None:
    network = build_network(16)
    stage = Stage(unfrozen=("block1", "head"), discriminative=4.0)
    names = unfreeze(network, stage)
    found = variable_multipliers(network, network.model, stage, names)
    by_name = zip(network.model.trainable_variables, found, strict=True)
    assert {(v.path.split("/")[-2], each) for v, each in by_name} == {
        ("conv1", 0.25), ("norm1", 0.25), ("probabilities", 1.0),
    }  # fmt: skip


def test_a_head_alone_has_one_group() -> None:
    network = head_alone(build_head(8))
    assert unfreeze(network, Stage()) == ("head",)
    assert trainable(network.model) == {"probabilities"}


@pytest.mark.parametrize("metadata", [0, 5])
def test_a_backbones_groups_are_those_of_its_row(metadata: int) -> None:
    extractor = build_extractor(Model(backbone="small", weights="random", image_size=32))
    network = whole_network(extractor, build_head(128, metadata=metadata))
    assert list(network.groups) == ["block1", "block2", "block3", "block4", "head"]
    unfreeze(network, Stage(unfrozen=("block4", "head")))
    assert trainable(network.model) == {"block4_conv", "block4_bn", "probabilities"}
    assert len(network.model.inputs) == 1 + bool(metadata)
