"""The sandbox's study, small enough to be trained in a test."""

from albumart.study import Study, load_study
from albumart.train_plan import HEAD, Stage


def study(*, epochs: int = 2, seed: int = 0, head_only: bool = False) -> Study:
    """Of images of 32 pixels; ``head_only`` trains nothing but the head."""
    base = load_study("sandbox-genre")
    stage = Stage(epochs=epochs, learning_rate=3e-3, unfrozen=(HEAD,) if head_only else "all")
    return base.model_copy(
        update={
            "labels": base.labels.model_copy(update={"min_covers": 10}),
            "model": base.model.model_copy(update={"image_size": 32}),
            "train": base.train.model_copy(update={"stages": (stage,), "seed": seed}),
        }
    )
