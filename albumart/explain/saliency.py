"""Where in a cover a model finds what speaks for a class. METHODS: four published ways to ask.

A map says what the score of a class depends on in this one cover, not why, and not that it is
right to. ``sanity`` holds the checks that a method has to pass to be worth a look.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import NotFound
from albumart.explain.gradients import Floats, can_take_gradients, score_gradient
from albumart.explain.parts import BATCH, Parts, take_apart
from albumart.images import RGB

if TYPE_CHECKING:
    import keras

SAMPLES: Final = 16  # noisy copies of a cover that SmoothGrad takes the mean over
NOISE: Final = 0.15  # their deviation, as a share of the cover's own range
BRIGHTEST: Final = 99.0  # percentile of a gradient map that counts as 1: single pixels stand out
GREY: Final = 127  # what a patch is filled with
PATCHES: Final = 6  # patches that fit side by side


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a method is asked.

    Attributes:
        parts: of the model.
        pixels: ``(n, s, s, 3) float32`` RGB in 0…255.
        classes: ``(n,)`` number of the class to look for in each cover.
        seed: of what is drawn at random.
    """

    parts: Parts
    pixels: Floats
    classes: NDArray[np.intp]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Method:
    """One way to ask where a model looks.

    Attributes:
        title: for people.
        ask: → ``(n, s, s) float32`` in 0…1; zeros where nothing speaks for the class.
        reading: what a hot place says, for people, after "the hotter a place, the more".
        source: who published it.
        gradients: whether the backend must take gradients.
        maps: whether the model must have a backbone of ours.
    """

    title: str
    ask: Callable[[Question], Floats]
    reading: str
    source: str
    gradients: bool = True
    maps: bool = False


def explain_cover(
    model: "keras.Model",
    pixels: RGB,
    class_number: int,
    method: str | None = None,
    *,
    seed: int = 0,
) -> Floats:
    """Where in one cover the model looks for a class: ``(s, s) float32`` in 0…1.

    Args:
        model: from pixels to probabilities, as ``load_model`` gives it.
        pixels: ``(s, s, 3) uint8 RGB`` of the model's size.
        class_number: of the class, in the model's order.
        method: a row of METHODS; else ``default_method``.
        seed: of the noise of SmoothGrad.
    """
    classes = np.array([class_number])
    return np.asarray(explain_covers(model, pixels[np.newaxis], classes, method, seed=seed)[0])


def explain_covers(
    model: "keras.Model",
    pixels: RGB,
    classes: NDArray[np.intp],
    method: str | None = None,
    *,
    seed: int = 0,
) -> Floats:
    """``(n, s, s, 3) uint8 RGB`` and ``(n,)`` class numbers → ``(n, s, s) float32`` in 0…1.

    Raises:
        NotFound: there is no such method, or it cannot be asked of this model on this backend.
        ValueError: the pixels or the class numbers are not the model's.
    """
    _check(model, pixels, classes)
    parts = take_apart(model)
    row = find_method(method or _default(parts), parts)
    return np.concatenate([row.ask(part) for part in _batches(parts, pixels, classes, seed)])


def default_method(model: "keras.Model") -> str:
    """``grad_cam``; ``gradient`` where maps of every depth are pooled.

    ``occlusion`` where no gradients can be had, or the model is of another make.
    """
    return _default(take_apart(model))


def resize_heat(heat: Floats, side: int) -> Floats:
    """``(n, h, w)`` → ``(n, side, side)``, bilinear: a cell's value is that of its middle."""
    rows, columns = (_weights(length, side) for length in heat.shape[1:])
    resized = np.einsum("yh,nhw,xw->nyx", rows, heat, columns, optimize=True)
    return np.asarray(resized, dtype=np.float32)


def find_method(name: str, parts: Parts) -> Method:
    """The row of METHODS called ``name``, if it can be asked of a model with these parts.

    Raises:
        NotFound: there is no such method, or it cannot be asked of this model on this backend.
    """
    if name not in METHODS:
        raise NotFound(f"no method {name!r}; there are: {', '.join(METHODS)}")
    row = METHODS[name]
    if row.gradients and not can_take_gradients():
        raise NotFound(f"{name}: expected a backend that takes gradients; occlusion needs none")
    if row.maps and parts.maps is None:
        raise NotFound(f"{name}: expected a model with a backbone; occlusion needs none")
    return row


def _default(parts: Parts) -> str:
    if not can_take_gradients():
        return "occlusion"
    if parts.every_depth:
        return "gradient"
    return "occlusion" if parts.maps is None else "grad_cam"


def _check(model: "keras.Model", pixels: RGB, classes: NDArray[np.intp]) -> None:
    wanted, count = tuple(model.input_shape[1:]), int(model.output_shape[-1])
    if pixels.shape[1:] != wanted or pixels.dtype != np.uint8 or not len(pixels):
        raise ValueError(f"expected uint8 pixels {wanted}; got {pixels.dtype} {pixels.shape[1:]}")
    if classes.shape != pixels.shape[:1] or not ((classes >= 0) & (classes < count)).all():
        raise ValueError(
            f"expected {len(pixels)} numbers of classes from 0 to {count - 1}; got {classes}"
        )


def _batches(parts: Parts, pixels: RGB, classes: NDArray[np.intp], seed: int) -> Iterator[Question]:
    for start in range(0, len(pixels), BATCH):
        rows = slice(start, start + BATCH)
        yield Question(parts, pixels[rows].astype(np.float32), classes[rows], seed)


def _gradient(question: Question) -> Floats:
    """Absolute gradient of the score to each pixel, the largest of the three channels."""
    found = score_gradient(question.parts.score, question.pixels, question.classes)
    return _to_unit(np.abs(found).max(axis=-1), BRIGHTEST)


def _smoothgrad(question: Question) -> Floats:
    """The gradient, averaged over copies of the cover with noise of a deviation of their range."""
    draw = np.random.default_rng(question.seed)
    totals = [
        _mean_gradient(question.parts, _noisy(cover, draw), number)
        for cover, number in zip(question.pixels, question.classes, strict=True)
    ]
    return _to_unit(np.abs(np.stack(totals)).max(axis=-1), BRIGHTEST)


def _noisy(cover: Floats, draw: np.random.Generator) -> Floats:
    noise = draw.standard_normal((SAMPLES, *cover.shape), dtype=np.float32)
    return np.asarray(cover + noise * (NOISE * np.ptp(cover)))


def _mean_gradient(parts: Parts, copies: Floats, number: np.intp) -> Floats:
    """``(m, s, s, 3)`` copies of one cover → ``(s, s, 3)``."""
    batches = [copies[start : start + BATCH] for start in range(0, len(copies), BATCH)]
    total = sum(
        score_gradient(parts.score, batch, np.repeat(number, len(batch))).sum(axis=0)
        for batch in batches
    )
    return np.asarray(total / len(copies), dtype=np.float32)


def _grad_cam(question: Question) -> Floats:
    """The last feature map, its channels weighted by their mean gradient; what speaks for it."""
    maps, score_maps = question.parts.maps, question.parts.score_maps
    if maps is None or score_maps is None:
        raise ValueError("expected a model with a backbone")
    found = _as_array(maps(question.pixels))
    slopes = score_gradient(score_maps, found, question.classes)
    weights = slopes.mean(axis=(1, 2))
    heat = np.einsum("nhwc,nc->nhw", found, weights)
    return _to_unit(resize_heat(heat.clip(min=0), question.pixels.shape[1]))


def _occlusion(question: Question) -> Floats:
    """How much of the score a grey patch takes away, averaged over the patches on each pixel."""
    pairs = zip(question.pixels, question.classes, strict=True)
    heat = np.stack([_occlude(question.parts, cover, int(number)) for cover, number in pairs])
    return _to_unit(heat)


def _occlude(parts: Parts, cover: Floats, number: int) -> Floats:
    """``(s, s, 3)`` → ``(s, s)``: what is lost of the score, 0 where none is."""
    squares = _squares(cover.shape[0])
    shown = np.repeat(cover[np.newaxis].astype(np.uint8), len(squares) + 1, axis=0)
    for row, square in enumerate(squares):
        shown[(row, *square)] = GREY
    *left, whole = parts.answer(shown, number)  # of the last row nothing is hidden
    lost, times = np.zeros(cover.shape[:2], np.float32), np.zeros(cover.shape[:2], np.float32)
    for square, score in zip(squares, left, strict=True):
        lost[square] += whole - score
        times[square] += 1
    return np.asarray((lost / times).clip(min=0))


def _squares(side: int) -> list[tuple[slice, slice]]:
    """Where the patches lie: half of one apart, the last one where the cover ends."""
    patch = max(side // PATCHES, 1)
    starts = sorted({*range(0, side - patch, max(patch // 2, 1)), side - patch})
    return [(slice(y, y + patch), slice(x, x + patch)) for y in starts for x in starts]


def _as_array(tensor: "keras.KerasTensor") -> Floats:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(ops.cast(tensor, "float32")), dtype=np.float32)


def _to_unit(heat: Floats, percentile: float = 100.0) -> Floats:
    """``(n, s, s)`` from 0 on → 0…1: each divided by its own percentile, and cut off there."""
    top = np.percentile(heat, percentile, axis=(1, 2), keepdims=True)
    top = np.where(top > 0, top, heat.max(axis=(1, 2), keepdims=True))
    heat = np.asarray(np.divide(heat, top, out=np.zeros_like(heat), where=top > 0))
    return np.asarray(heat.clip(0, 1), dtype=np.float32)


def _weights(length: int, side: int) -> Floats:
    """``(side, length)`` shares that each cell has in each pixel; a pixel's add up to 1."""
    at = ((np.arange(side) + 0.5) * length / side - 0.5).clip(0, length - 1)
    near = 1 - np.abs(at[:, np.newaxis] - np.arange(length))
    return np.asarray(near.clip(min=0), dtype=np.float32)


_ROWS: Final[Mapping[str, Method]] = {
    "grad_cam": Method(
        "Grad-CAM",
        _grad_cam,
        "the network found there that speaks for the class",
        "Selvaraju et al. 2017, arXiv:1610.02391",
        maps=True,
    ),
    "gradient": Method(
        "gradient",
        _gradient,
        "a small change of its pixels would change the score of the class",
        "Simonyan et al. 2013, arXiv:1312.6034",
    ),
    "smoothgrad": Method(
        "SmoothGrad",
        _smoothgrad,
        "a small change of its pixels would change the score of the class, whatever noise lies "
        "over the cover",
        "Smilkov et al. 2017, arXiv:1706.03825",
    ),
    "occlusion": Method(
        "occlusion",
        _occlusion,
        "the score of the class falls when a grey patch hides it",
        "Zeiler and Fergus 2014, arXiv:1311.2901",
        gradients=False,
    ),
}
METHODS: Final = MappingProxyType(_ROWS)
