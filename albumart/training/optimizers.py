"""Keras optimizers whose variables learn at rates of their own, on every backend.

This module imports Keras, which takes seconds: import it where a network is trained.

Keras knows one rate for all variables. Scaling the gradients instead would do for SGD alone: Adam
and RMSprop divide by the gradient's own size. So the rate is scaled at ``update_step``, which is
where an optimizer is meant to be extended and what TensorFlow, JAX (also by ``stateless_apply``)
and torch all call for a subclass.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

import keras

from albumart.training.schedules import rates

MOMENTUM: Final = 0.9


@keras.saving.register_keras_serializable(package="albumart")
class PlannedRate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rates of a stage by ``schedules.rates``; after its last step the rate stays."""

    def __init__(self, name: str, total: int, *, peak: float, warmup: float | None = None) -> None:
        self.name, self.total, self.peak, self.warmup = name, total, peak, warmup
        self.rates = rates(name, total, peak=peak, warmup=warmup)

    def __call__(self, step: "keras.KerasTensor") -> "keras.KerasTensor":
        """Rate of a step, which is a tensor."""
        last = keras.ops.cast(self.total - 1, "int32")
        number = keras.ops.minimum(keras.ops.cast(step, "int32"), last)
        return keras.ops.take(keras.ops.convert_to_tensor(self.rates), number)

    def get_config(self) -> dict[str, object]:
        """What it is made from."""
        return {
            "name": self.name,
            "total": self.total,
            "peak": self.peak,
            "warmup": self.warmup,
        }


class _Discriminative:
    """Multiplies the rate of each variable, and decays kernels by rate × decay."""

    def __init__(
        self,
        learning_rate: float | PlannedRate = 1e-3,
        *,
        multipliers: Sequence[float] = (),
        decay: float = 0.0,
        **options: object,
    ) -> None:
        super().__init__(learning_rate, **options)  # type: ignore[call-arg]
        self.multipliers, self.decay = tuple(multipliers), decay

    def build(self, variables: Sequence["keras.Variable"]) -> None:
        """Make room for the variables. Raises ValueError where a multiplier is missing."""
        if self.multipliers and len(self.multipliers) != len(variables):
            raise ValueError(
                f"expected {len(variables)} multipliers, one for each variable; "
                f"got {len(self.multipliers)}"
            )
        super().build(variables)  # type: ignore[misc]

    def update_step(
        self,
        gradient: "keras.KerasTensor",
        variable: "keras.Variable",
        learning_rate: "keras.KerasTensor",
    ) -> None:
        """One step of one variable at its own rate."""
        if self.multipliers:
            number = self._get_variable_index(variable)  # type: ignore[attr-defined]
            learning_rate = learning_rate * self.multipliers[number]
        if self.decay and len(variable.shape) > 1:
            shrink = keras.ops.cast(learning_rate, variable.dtype) * self.decay
            self.assign_sub(variable, variable * shrink)  # type: ignore[attr-defined]
        super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]

    def get_config(self) -> dict[str, object]:
        """What it is made from."""
        config: dict[str, object] = super().get_config()  # type: ignore[misc]
        return config | {"multipliers": list(self.multipliers), "decay": self.decay}


@keras.saving.register_keras_serializable(package="albumart")
class DiscriminativeAdam(_Discriminative, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam; with ``decay`` it is AdamW."""


@keras.saving.register_keras_serializable(package="albumart")
class DiscriminativeRMSprop(_Discriminative, keras.optimizers.RMSprop):  # type: ignore[misc]
    """RMSprop."""


@keras.saving.register_keras_serializable(package="albumart")
class DiscriminativeSGD(_Discriminative, keras.optimizers.SGD):  # type: ignore[misc]
    """SGD, plain or with momentum."""


def build_optimizer(
    name: str,
    learning_rate: float | PlannedRate,
    *,
    multipliers: Sequence[float] = (),
    decay: float = 0.0,
    clip_norm: float | None = None,
) -> "keras.optimizers.Optimizer":
    """A row of OPTIMIZERS; ``multipliers`` one for each trainable variable of the model."""
    return OPTIMIZERS[name](
        learning_rate, multipliers=multipliers, decay=decay, global_clipnorm=clip_norm
    )


OPTIMIZERS: Final[Mapping[str, Callable[..., "keras.optimizers.Optimizer"]]] = MappingProxyType(
    {
        "adamw": DiscriminativeAdam,
        "rmsprop": DiscriminativeRMSprop,
        "sgd": partial(DiscriminativeSGD, momentum=MOMENTUM),
    }
)
