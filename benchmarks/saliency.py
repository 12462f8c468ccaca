"""``python -m benchmarks.saliency``: do saliency maps show what tells the class, and how fast?

A small network learns made covers of 64² whose class one patch tells; each method then shows where
that network looks in covers that it has not seen. Printed for each method: how much the hottest
area overlaps the patch (intersection over union), beside that of an area drawn at random; the rank
correlation of the maps with those after all weights were shuffled, which should be near 0; and the
time of one cover, alone and among eight, of this network and of MobileNetV2 at 224².
"""

import argparse
import statistics
import time
from typing import Final

import keras
import numpy as np

from albumart.explain.saliency import METHODS, explain_covers
from albumart.explain.sanity import chance_overlap, correlation_after_shuffling, cue_overlap
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.network import build_extractor, predict_proba
from albumart.sandbox.planted import PlantedCovers, made_planted
from albumart.study import Model

SIDE: Final = 64
TRAIN, EPOCHS = 600, 6
CLASSES: Final = 3
ROUNDS: Final = 3


def build(backbone: str, size: int) -> keras.Model:
    """Untrained, from pixels to the probabilities of three classes."""
    extractor = build_extractor(Model(backbone=backbone, weights="random", image_size=size))
    head = build_task_head("softmax", HeadShape(extractor.output_shape[-1], CLASSES), HeadPlan())
    return join_head(extractor, head)


def learn(covers: PlantedCovers) -> keras.Model:
    """A small network that tells the classes of ``covers``."""
    model = build("small", SIDE)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(covers.pixels, covers.labels, batch_size=32, epochs=EPOCHS, verbose=0)
    return model


def milliseconds(model: keras.Model, method: str, count: int) -> float:
    """Of one cover, when ``count`` are asked of together; the first call is not timed."""
    size = model.input_shape[1]
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    classes = np.arange(count) % CLASSES
    rounds = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        explain_covers(model, pixels, classes, method)
        rounds.append(time.perf_counter() - started)
    return 1000 * statistics.median(rounds[1:]) / count


def main() -> None:
    """Train, then a line for each method."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saliency", description=__doc__)
    parser.add_argument("--covers", type=int, default=32, help="unseen covers to look in")
    asked = parser.parse_args()
    started = time.perf_counter()
    model, unseen = (
        learn(made_planted(TRAIN, side=SIDE, seed=1)),
        made_planted(asked.covers, seed=2),
    )
    spent = time.perf_counter() - started
    right = (predict_proba(model, unseen.pixels).argmax(axis=1) == unseen.labels).mean()
    print(f"{TRAIN} covers learnt in {spent:.0f} s; {right:.0%} of {asked.covers} others are right")
    large = build("MobileNetV2", 224)
    print(f"{'':<12}{'IoU':>6}{'chance':>8}{'shuffled':>10}{'64²: one':>12}{'of 8':>8}", end="")
    print(f"{'224²: one':>13}{'of 8':>8}   ms a cover")
    for name in METHODS:
        heat = explain_covers(model, unseen.pixels, unseen.labels, name)
        found = [cue_overlap(one, cue) for one, cue in zip(heat, unseen.cues, strict=True)]
        chance = chance_overlap(unseen.cues[0])
        alike = correlation_after_shuffling(model, unseen.pixels, unseen.labels, name)
        print(f"{name:<12}{np.mean(found):>6.2f}{chance:>8.2f}{alike:>10.2f}", end="")
        times = [milliseconds(each, name, count) for each in (model, large) for count in (1, 8)]
        print(f"{times[0]:>12.0f}{times[1]:>8.0f}{times[2]:>13.0f}{times[3]:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
