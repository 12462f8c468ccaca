"""The sandbox's study, small enough to be trained in a test."""

from albumart.study import Study, load_study


def study(**train: object) -> Study:
    base = load_study("sandbox-genre")
    quick = {"epochs": 2, "batch_size": 32} | train
    labels = base.labels.model_copy(update={"min_covers": 10})
    model = base.model.model_copy(update={"image_size": 32})
    return base.model_copy(
        update={"labels": labels, "model": model, "train": base.train.model_copy(update=quick)}
    )
