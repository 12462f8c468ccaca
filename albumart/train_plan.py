"""How a network is trained: a TrainPlan of Stages. The ``[train]`` tables of a study file."""

from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ScheduleName = Literal["one_cycle", "cosine", "constant"]
OptimizerName = Literal["adamw", "rmsprop", "sgd"]
Augmentation = Literal["flip", "shift"]
Rate = Annotated[float, Field(gt=0, lt=10)]

HEAD: Final = "head"  # the group of layers that comes last


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Table):
    """One stage: a size of image, the layers that learn, and how fast.

    ``image_size``: where not given, the model's own.

    ``learning_rate``: of the last group of layers; ``"find"`` searches it by a range test when the
    stage begins; ``[low, high]`` are those of the first and the last unfrozen group, with
    geometric steps between them. ``discriminative``: each group learns so many times slower than
    the next one (ULMFiT: 2.6).

    ``schedule``: ``one_cycle`` rises and falls, ``cosine`` falls to nothing, ``constant`` stays.
    ``warmup``: share of the steps in which the rate rises; one_cycle's is 0.25 where not given.

    ``unfrozen``: names of the groups of layers that learn, or ``"all"``.
    """

    image_size: int | None = Field(default=None, ge=16, le=1024)
    epochs: int = Field(default=60, ge=1, le=1000)
    learning_rate: Rate | Literal["find"] | tuple[Rate, Rate] = 1e-3
    discriminative: float = Field(default=1.0, ge=1, le=100)
    schedule: ScheduleName = "cosine"
    warmup: float | None = Field(default=None, ge=0, lt=1)
    unfrozen: Literal["all"] | tuple[str, ...] = (HEAD,)

    @field_validator("learning_rate", mode="before")
    @classmethod
    def _is_a_rate(cls, value: object) -> object:
        pair = value if isinstance(value, list | tuple) else ()
        if value == "find" or _is_rate(value) or (len(pair) == 2 and all(map(_is_rate, pair))):
            return value
        raise ValueError("expected a rate between 0 and 10, [low, high] or 'find'")

    @field_validator("unfrozen", mode="before")
    @classmethod
    def _is_groups(cls, value: object) -> object:
        names = value if isinstance(value, list | tuple) else ()
        if value != "all" and not (names and all(isinstance(name, str) for name in names)):
            raise ValueError("expected 'all' or names of groups of layers, such as ['head']")
        if len(set(names)) < len(names):
            raise ValueError("expected each group of layers once")
        return value

    @model_validator(mode="after")
    def _says_its_rates_once(self) -> "Stage":
        if isinstance(self.learning_rate, tuple):
            low, high = self.learning_rate
            if low > high:
                raise ValueError(f"learning_rate: expected [low, high]; got [{low:g}, {high:g}]")
            if self.discriminative != 1:
                raise ValueError("expected discriminative, or learning_rate as [low, high]")
        if self.schedule == "constant" and self.warmup:
            raise ValueError("a constant schedule has no warmup")
        return self

    @property
    def trains_head_only(self) -> bool:
        """Whether the backbone stays as it is, so that its features can be computed once."""
        return self.unfrozen == (HEAD,)

    @property
    def peak(self) -> float | None:
        """Highest rate of the last group; None where it is yet to be found."""
        if isinstance(self.learning_rate, tuple):
            return self.learning_rate[1]
        return None if self.learning_rate == "find" else self.learning_rate

    def multipliers(self, groups: int) -> tuple[float, ...]:
        """Of the last group's rate, for so many unfrozen groups, from input to output."""
        if not isinstance(self.learning_rate, tuple):
            return tuple(self.discriminative ** -(groups - 1 - group) for group in range(groups))
        low, high = self.learning_rate
        if groups == 1:
            return (1.0,)
        return tuple((low / high) ** (1 - group / (groups - 1)) for group in range(groups))


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10


class TrainPlan(_Table):
    """Stages that follow each other, each from the best weights of the one before.

    ``weight_decay`` is decoupled (AdamW's): each step shrinks the kernels by rate × weight_decay;
    biases and normalisations, which are vectors, are left alone. ``clip_norm`` bounds the norm of
    all gradients together. ``class_weights`` ``balanced`` gives each class the same say.
    ``patience``: epochs without a lower validation loss after which a stage ends.
    ``mixed_precision`` ``auto`` computes in bfloat16 where that is faster on the device.
    ``augment`` changes training images at random: ``flip`` mirrors, ``shift`` moves by up to a
    tenth.
    ``refit``: when validation has chosen the epochs, the head is trained once more for as many, on
    train and validation together. What calibrates it and its threshold was heard before.
    """

    stages: tuple[Stage, ...] = Field(default=(Stage(),), min_length=1)
    batch_size: int = Field(default=64, ge=1, le=4096)
    optimizer: OptimizerName = "adamw"
    weight_decay: float = Field(default=0.0, ge=0, le=100)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    patience: int = Field(default=8, ge=1)
    clip_norm: float | None = Field(default=None, gt=0)
    mixed_precision: Literal["auto", "off"] = "off"
    augment: tuple[Augmentation, ...] = ()
    refit: bool = False
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _augments_once(self) -> "TrainPlan":
        if any(a == b for a, b in pairwise(sorted(self.augment))):
            raise ValueError("augment: expected each change once")
        return self

    @model_validator(mode="after")
    def _refits_a_head(self) -> "TrainPlan":
        if self.refit and not self.trains_head_only:
            raise ValueError(
                "refit: expected stages of the head alone, without augment, which take seconds"
            )
        return self

    @property
    def trains_head_only(self) -> bool:
        """Whether the backbone stays as it came, so that its features are all that is needed."""
        return not self.augment and all(stage.trains_head_only for stage in self.stages)

    @property
    def epochs(self) -> int:
        """Of all stages, where none ends early."""
        return sum(stage.epochs for stage in self.stages)
