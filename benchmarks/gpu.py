"""Feature extraction and fine-tuning on an accelerator, beside what its matrix products reach.

    KERAS_BACKEND=jax python -m benchmarks.gpu VGG16 ResNet50 --batch 256

It needs Keras, JAX or torch, and neither TensorFlow nor a server; pixels and labels are made. The
limit is a large bf16 matrix product, measured in the same run. Of a network, the products of its
convolutions and dense layers are counted, two operations for each multiplication and addition;
training is taken for three times as many (forward, and backward to inputs and to weights).

Then it trains as the library does: ``fit``, on batches that threads gather from a mapped cache of
pixels. What that takes longer than the steps alone, the device waits for input (or for Keras).
"""

import argparse
import functools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from albumart.models.backbones import BACKBONES
from albumart.models.network import build_extractor
from albumart.study import Model
from albumart.training.feed import Feed, as_dataset

PRECISION = "mixed_bfloat16"
CLASSES = 10
REPEATS = 5
FED_SECONDS = 10  # of an epoch that is fed, about

Call = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """One network doing one thing; ``share`` is of the matrix product's rate.

    ``waiting``: share of the time in which the device has no batch, of what is fed.
    """

    backbone: str
    what: str
    batch: int
    images_per_second: float
    tflops: float
    share: float
    waiting: float | None = None


class JaxDevice:
    """What is timed, compiled as one XLA program each."""

    def product(self, side: int) -> Call:
        """``side``² times ``side``² in bf16."""
        import jax
        import jax.numpy as jnp

        a = jnp.asarray(np.random.default_rng(0).normal(size=(side, side)), dtype=jnp.bfloat16)
        multiply = jax.jit(jnp.matmul)
        return lambda: multiply(a, a).block_until_ready()

    def features(self, network: Any, pixels: np.ndarray) -> Call:
        """A forward pass over pixels that are on the device already."""
        import jax

        variables = (
            [variable.value for variable in network.trainable_variables],
            [variable.value for variable in network.non_trainable_variables],
        )

        @jax.jit
        def forward(trainable: Any, rest: Any, batch: Any) -> Any:
            return network.stateless_call(trainable, rest, batch, training=False)[0]

        placed = jax.device_put(pixels)
        return lambda: forward(*variables, placed).block_until_ready()

    def training(self, network: Any, pixels: np.ndarray, labels: np.ndarray) -> Call:
        """One step of gradient descent on all weights, over pixels on the device."""
        import jax

        optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
        optimizer.build(network.trainable_variables)

        def loss(trainable: Any, rest: Any, batch: Any, truth: Any) -> Any:
            said, rest = network.stateless_call(trainable, rest, batch, training=True)
            each = keras.ops.sparse_categorical_crossentropy(truth, said.astype("float32"))
            return each.mean(), rest

        @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
        def step(trainable: Any, rest: Any, slots: Any, batch: Any, truth: Any) -> Any:
            (value, rest), gradients = jax.value_and_grad(loss, has_aux=True)(
                trainable, rest, batch, truth
            )
            trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
            return trainable, rest, slots, value

        groups = (network.trainable_variables, network.non_trainable_variables, optimizer.variables)
        # Copies: a step gives the buffers away, and the network keeps its own.
        state: list[Any] = [[jax.numpy.array(v.value) for v in group] for group in groups]
        batch, truth = jax.device_put(pixels), jax.device_put(labels)

        def run() -> None:
            *state[:], value = step(*state, batch, truth)
            value.block_until_ready()

        return run

    def name(self) -> str:
        """The device, in its maker's words."""
        import jax

        return str(jax.devices()[0].device_kind)


class TorchDevice:
    """The same by torch, operation by operation."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.place = "cuda" if torch.cuda.is_available() else "cpu"

    def _done(self) -> None:
        if self.place == "cuda":
            self.torch.cuda.synchronize()

    def product(self, side: int) -> Call:
        """``side``² times ``side``² in bf16."""
        a = self.torch.randn(side, side, device=self.place, dtype=self.torch.bfloat16)
        return lambda: (a @ a, self._done())

    def features(self, network: Any, pixels: np.ndarray) -> Call:
        """A forward pass over pixels that are on the device already."""
        batch = self.torch.as_tensor(pixels, device=self.place)

        def forward() -> None:
            with self.torch.no_grad():
                network(batch, training=False)
            self._done()

        return forward

    def training(self, network: Any, pixels: np.ndarray, labels: np.ndarray) -> Call:
        """One step of gradient descent on all weights, over pixels on the device."""
        network.compile(keras.optimizers.SGD(1e-3, momentum=0.9), "sparse_categorical_crossentropy")
        batch, truth = (self.torch.as_tensor(x, device=self.place) for x in (pixels, labels))

        def step() -> None:
            network.train_on_batch(batch, truth)
            self._done()

        return step

    def name(self) -> str:
        """The device, in its maker's words."""
        cuda = self.torch.cuda
        return str(cuda.get_device_name()) if self.place == "cuda" else "cpu"


DEVICES = {"jax": JaxDevice, "torch": TorchDevice}


def seconds(call: Call, at_least: float) -> float:
    """Median seconds of a call, of REPEATS rounds of ``at_least`` seconds, after it is warm."""
    call()
    call()
    rounds = []
    for _ in range(REPEATS):
        started, calls = time.perf_counter(), 0
        while (spent := time.perf_counter() - started) < at_least or not calls:
            call()
            calls += 1
        rounds.append(spent / max(calls, 1))
    return statistics.median(rounds)


def count_operations(network: Any) -> int:
    """Operations of one image's forward pass in convolutions and dense layers."""
    return sum(_operations(layer) for layer in _leaves(network))


def _leaves(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        yield from _leaves(layer) if isinstance(layer, keras.Model) else (layer,)


def _operations(layer: Any) -> int:
    layers = keras.layers
    if isinstance(layer, layers.DepthwiseConv2D | layers.Conv2D):
        # Each weight of the kernel is used once at each place of the output.
        _, height, width, _ = layer.output.shape
        return 2 * height * width * int(np.prod(layer.kernel.shape))
    if isinstance(layer, layers.Dense):
        places = int(np.prod(layer.output.shape[1:-1]))
        return 2 * places * int(np.prod(layer.kernel.shape))
    return 0


def measure(name: str, batch: int, ceiling: float, at_least: float) -> Iterator[Figure]:
    """Features and fine-tuning of one backbone at its own size, with random weights."""
    device = DEVICES[keras.backend.backend()]()
    row = BACKBONES[name]
    chosen = Model(backbone=name, weights="random", image_size=row.size)
    extractor = build_extractor(chosen, precision=PRECISION)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (batch, row.size, row.size, 3), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, batch)
    outputs = keras.layers.Dense(CLASSES, activation="softmax", dtype="float32")(extractor.output)
    classifier = keras.Model(extractor.input, outputs)
    operations = count_operations(extractor)

    def figure(what: str, rate: float, times: int, waiting: float | None = None) -> Figure:
        tflops = times * operations * rate / 1e12
        return Figure(name, what, batch, rate, tflops, tflops / ceiling, waiting)

    yield figure("features", batch / seconds(device.features(extractor, pixels), at_least), 1)
    step = seconds(device.training(classifier, pixels, labels), at_least)
    yield figure("fine-tuning", batch / step, 3)
    fed = seconds_fed(classifier, pixels, labels, steps=max(4, round(FED_SECONDS / step)))
    yield figure("fed", batch / fed, 3, waiting=max(0.0, 1 - step / fed))


def seconds_fed(network: Any, pixels: np.ndarray, labels: np.ndarray, *, steps: int) -> float:
    """Seconds of a step in an epoch of ``fit``, fed as a training is, after one that compiles."""
    network.compile(keras.optimizers.SGD(1e-3, momentum=0.9), "categorical_crossentropy")
    batch, kinds = len(pixels), 4  # of pixels on the disk: more would measure the disk
    with tempfile.NamedTemporaryFile(suffix=".u8") as file:
        shape = (kinds * batch, *pixels.shape[1:])
        cache = np.memmap(file.name, np.uint8, "w+", shape=shape)
        cache[:] = np.concatenate([pixels] * kinds)
        targets = np.tile(np.eye(CLASSES, dtype=np.float32)[labels], (kinds, 1))
        rows = np.arange(steps * batch) % len(cache)
        feed = Feed((cache,), targets, np.ones(len(cache), np.float32), rows, batch)
        for number in range(2):
            started = time.perf_counter()
            network.fit(as_dataset(feed.shuffled(number)), epochs=1, shuffle=False, verbose=0)
        return (time.perf_counter() - started) / steps


def main() -> None:
    """Print a line for each figure, and all of them as JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbones", nargs="*", default=["VGG16", "ResNet50"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--side", type=int, default=8192, help="of the matrix product")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of five rounds")
    given = parser.parse_args()
    backend = keras.backend.backend()
    if backend not in DEVICES:
        sys.exit(f"expected KERAS_BACKEND={' or '.join(DEVICES)}; got {backend}")
    device = DEVICES[backend]()
    taken = seconds(device.product(given.side), given.seconds)
    ceiling = 2 * given.side**3 / taken / 1e12
    print(f"{device.name()}, {backend}: bf16 matrix product {ceiling:.2f} TFLOP/s")
    figures = [
        figure
        for name in given.backbones
        for figure in measure(name, given.batch, ceiling, given.seconds)
        if _say(figure)
    ]
    print(json.dumps({"ceiling_tflops": ceiling, "figures": [asdict(f) for f in figures]}))


def _say(figure: Figure) -> bool:
    print(
        f"{figure.backbone:<16}{figure.what:<12}{figure.images_per_second:>9.1f} images/s  "
        f"{figure.tflops:>7.2f} TFLOP/s  {figure.share:>6.1%} of the product"
        + ("" if figure.waiting is None else f"  {figure.waiting:.1%} waiting for input"),
        flush=True,
    )
    return True


if __name__ == "__main__":
    main()
