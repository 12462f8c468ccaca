"""One image to its labels: what is decoding and what is the network, at batches of 1 and 32.

    python -m benchmarks.predict

Random weights, made JPEGs of 1000 pixels a side. The peer is Keras's own ``predict``, which makes a
data set of each call; ours asks the compiled function itself (``predict_on_batch``). The last lines
are whole files through the Predictor, whose threads decode while the network computes, and the
memory that a tenth of them and all of them took.
"""

import argparse
import hashlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from albumart.images import MIN_SIDE, load_rgb
from albumart.models.backbones import BACKBONES
from albumart.models.head_network import HeadPlan, HeadShape, build_task_head, join_head
from albumart.models.network import build_extractor, load_model, to_bytes
from albumart.serving.predictor import BATCH, NamedImage, Predictor
from albumart.stores.models import ModelVersion
from albumart.study import Model
from benchmarks.decode import made_jpegs

CLASSES = tuple("abcdefghij")
ROUNDS = 15


def made_predictor(backbone: str, size: int) -> Predictor:
    """A saved and loaded model with random weights."""
    extractor = build_extractor(Model(backbone=backbone, weights="random", image_size=size))
    shape = HeadShape(int(extractor.output_shape[-1]), len(CLASSES))
    data = to_bytes(join_head(extractor, build_task_head("softmax", shape, HeadPlan())))
    sha256 = hashlib.sha256(data).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(data, sha256, Path(folder))
    version = ModelVersion(
        study="made", version=1, run="r", dataset="d", albums=0, sha256=sha256, classes=CLASSES,
        image_size=size, evaluation={}, baselines={},
    )  # fmt: skip
    return Predictor(model, version)


def milliseconds(call: Callable[[], object]) -> float:
    """Of one call."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def measure(backbone: str, size: int) -> Predictor:
    """Print a line for each batch size, in milliseconds an image."""
    predictor, jpegs = made_predictor(backbone, size), made_jpegs(1000)
    first = milliseconds(predictor.warm)
    for batch in (1, BATCH):
        files = [jpegs[n % len(jpegs)] for n in range(batch)]

        def decode(files: list[bytes] = files) -> np.ndarray:
            return np.stack([load_rgb(data, size, least=MIN_SIDE) for data in files])

        pixels = decode()
        calls = (
            decode,
            lambda pixels=pixels: predictor.probabilities(pixels),
            lambda pixels=pixels: predictor.model.predict(pixels, verbose=0),
        )
        calls[2]()
        # In turn, so that all meet the same machine.
        rounds = [[milliseconds(call) / batch for call in calls] for _ in range(ROUNDS)]
        decoding, ours, _ = (statistics.median(column) for column in zip(*rounds, strict=True))
        gain = statistics.median(theirs / mine for _, mine, theirs in rounds)
        print(
            f"{backbone:<12} {size}²  batch {batch:<3} {decoding + ours:7.1f} ms an image: "
            f"{decoding:5.1f} decode, {ours:6.1f} network ({gain:4.1f} × Keras's predict)",
            flush=True,
        )
    print(f"{'':<12} the first two calls, which warm it: {first:.0f} ms")
    return predictor


def many(predictor: Predictor, count: int) -> None:
    """Whole files, one after the other, as ``albumart predict FOLDER`` does."""
    jpegs = made_jpegs(1000)

    def images() -> Iterator[NamedImage]:
        return (NamedImage(str(n), jpegs[n % len(jpegs)]) for n in range(count))

    started = time.perf_counter()
    memory = []
    for number, _ in enumerate(predictor.predict(images(), top=3), start=1):
        if number in (count // 10, count):
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    each = 1000 * (time.perf_counter() - started) / count
    print(
        f"{'':<12} {count} files at once: {each:.1f} ms each; greatest memory after a tenth "
        f"{memory[0]:.0f} MiB, after all {memory[1]:.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Measure MobileNetV2 and the small network at their own sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbones", nargs="*", default=["MobileNetV2", "small"])
    parser.add_argument("--files", type=int, default=1000)
    given = parser.parse_args()
    for name in given.backbones:
        many(measure(name, BACKBONES[name].size), given.files)


if __name__ == "__main__":
    main()
