"""A trained head → one that answers with a calibrated probability of each label.

Whatever a head was trained to say, what is saved says probabilities. Calibration is fitted on the
validation split and laid into the last layer, so that the file needs nothing beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from albumart.evaluation.calibration import fit_temperature
from albumart.evaluation.multi_calibration import Platt, fit_platt, logits
from albumart.models.head_network import decode_in_model, fold_calibration
from albumart.models.heads import required_space
from albumart.models.label_space import Floats, IntArray, LabelSpace, label_cosines
from albumart.models.network import apply_temperature

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a head says of the validation split.

    Attributes:
        outputs: ``(n, t)`` as it says it.
        order: ``(n, k)`` 1 for a cover's first label, 2 for its second, 0 where it has it not.
        space: of the labels, where the head answers in one.
    """

    outputs: Floats
    order: IntArray
    space: LabelSpace | None


def answer_in_probabilities(
    kind: str, head: "keras.Model", heard: Heard
) -> "tuple[keras.Model, float]":
    """The calibrated head and its temperature: above 1 it was too sure of itself.

    Args:
        kind: a row of HEADS.
        head: trained; its last layer may be changed.
        heard: what it says of the validation split.
    """
    return _CALIBRATIONS[kind](head, heard)


def _softmax(head: "keras.Model", heard: Heard) -> "tuple[keras.Model, float]":
    temperature = fit_temperature(heard.outputs, (heard.order == 1).argmax(axis=1))
    apply_temperature(head, temperature)
    return head, float(temperature)


def _sigmoid(head: "keras.Model", heard: Heard) -> "tuple[keras.Model, float]":
    """One line for all labels: a temperature alone cannot mend a head that says yes too often."""
    line = fit_platt(logits(heard.outputs), heard.order > 0, per_label=False)
    fold_calibration(head, line.slopes, line.intercepts)
    return head, _temperature(line)


def _direction(head: "keras.Model", heard: Heard) -> "tuple[keras.Model, float]":
    """One line for all labels, so that the nearest label stays the most probable one."""
    space = required_space(heard.space)
    cosines = label_cosines(heard.outputs, space.vectors)
    line = fit_platt(cosines, heard.order > 0, per_label=False)
    return decode_in_model(head, space, line.slopes, line.intercepts), _temperature(line)


def _temperature(line: Platt) -> float:
    """A slope is the inverse of a temperature: it is what a head's answer is multiplied by."""
    return 1 / max(float(np.mean(line.slopes)), float(np.finfo(np.float32).tiny))


Calibration = Callable[["keras.Model", Heard], "tuple[keras.Model, float]"]

_CALIBRATIONS: Final[Mapping[str, Calibration]] = MappingProxyType(
    {"softmax": _softmax, "sigmoid": _sigmoid, "label_embedding": _direction}
)
