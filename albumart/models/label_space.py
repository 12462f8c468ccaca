"""A label space: labels as directions, of which those that mean alike point alike."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel

from albumart.errors import UnsafeInput

Floats = NDArray[np.float32]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


# What numpy and pydantic raise at bytes that are something else.
_NO_SPACE: Final = (OSError, EOFError, TypeError, ValueError, KeyError, zipfile.BadZipFile)


class _About(BaseModel):
    """What the file of a label space says besides its vectors."""

    labels: tuple[str, ...]
    missing: tuple[str, ...]
    maker: str
    composed: dict[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class LabelSpace:
    """Where each label lies.

    A label of which the maker knows nothing has an axis of its own: at a right angle to all the
    others, for it is known to be like none of them. So every label can be learnt and said.

    Attributes:
        labels: in the order of a model's classes.
        vectors: ``(k, d) float32``, each of length 1.
        missing: labels of which the maker knows nothing.
        maker: how the vectors came about, for people.
        composed: label → the words whose vectors it is the mean of, where it is not one word.
    """

    labels: tuple[str, ...]
    vectors: Floats
    missing: tuple[str, ...]
    maker: str
    composed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Numbers that a direction has."""
        return int(self.vectors.shape[1])

    @property
    def coverage(self) -> float:
        """Share of the labels that the maker knows."""
        return 1 - len(self.missing) / len(self.labels)

    @cached_property
    def digest(self) -> str:
        """sha256 of all that a model learns from it: labels and vectors."""
        digest = hashlib.sha256(json.dumps([self.labels, self.width]).encode())
        digest.update(np.ascontiguousarray(self.vectors, dtype="<f4").tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """The ``.npz`` file of this space; equal spaces give equal bytes."""
        about = _About(
            labels=self.labels,
            missing=self.missing,
            maker=self.maker,
            composed=dict(self.composed),
        )
        buffer = io.BytesIO()
        np.savez(buffer, vectors=self.vectors, about=np.array(about.model_dump_json()))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "LabelSpace":
        """The space that ``to_bytes`` wrote.

        Raises:
            UnsafeInput: it is none (``code="label_space"``).
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                vectors, about = held["vectors"], _About.model_validate_json(str(held["about"]))
        except _NO_SPACE as error:
            raise UnsafeInput("label_space", f"expected a label space; got: {error}") from error
        if vectors.dtype != np.float32 or vectors.shape[:1] != (len(about.labels),):
            came = f"{vectors.dtype} of shape {vectors.shape}"
            raise UnsafeInput(
                "label_space", f"expected a float32 vector of each of its labels; got {came}"
            )
        return cls(
            labels=about.labels,
            vectors=vectors,
            missing=about.missing,
            maker=about.maker,
            composed=about.composed,
        )


def build_label_space(
    labels: Sequence[str],
    found: ArrayLike,
    *,
    maker: str,
    composed: Mapping[str, tuple[str, ...]] | None = None,
) -> LabelSpace:
    """``(k, d)`` what was found of each label, zeros where nothing was → a LabelSpace.

    Raises:
        ValueError: a label twice, shapes that do not fit, or numbers that are not finite.
    """
    values = np.asarray(found, dtype=np.float64)
    if values.ndim != 2 or len(values) != len(labels) or not np.isfinite(values).all():
        raise ValueError(f"expected ({len(labels)}, d) finite numbers; got {values.shape}")
    if len(set(labels)) < len(labels) or not labels:
        raise ValueError("expected one label or more, each once")
    directions = unit_rows(values)
    unknown = np.flatnonzero(~directions.any(axis=1))
    own = np.zeros((len(labels), len(unknown)))
    own[unknown, np.arange(len(unknown))] = 1
    return LabelSpace(
        labels=tuple(labels),
        vectors=np.hstack([directions, own]).astype(np.float32),
        missing=tuple(labels[int(number)] for number in unknown),
        maker=maker,
        composed=composed or {},
    )


def unit_rows(rows: NDArray[np.generic]) -> FloatArray:
    """``(n, d)`` scaled to length 1; a row of zeros stays one."""
    values = rows.astype(np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0))


def embed_labels(weights: ArrayLike, vectors: NDArray[np.generic]) -> FloatArray:
    """``(n, k)`` weights of labels → ``(n, d)`` of length 1: where their sum lies in label space.

    A row without a direction stays zero.
    """
    sums = np.asarray(weights, dtype=np.float64) @ vectors.astype(np.float64)
    return unit_rows(np.asarray(sums))


def label_cosines(answers: ArrayLike, vectors: ArrayLike) -> FloatArray:
    """``(n, d)`` answers in label space → ``(n, k)`` in -1..1: the cosine to each label."""
    cosines = unit_rows(np.asarray(answers)) @ unit_rows(np.asarray(vectors)).T
    return np.asarray(np.clip(cosines, -1, 1))


def label_likeness(answers: ArrayLike, vectors: ArrayLike) -> FloatArray:
    """``(n, d)`` answers in label space → ``(n, k)`` in 0..1: how near each lies to each label.

    It is (1 + cosine) / 2, which keeps the order of the cosines, so that a model that answers in
    label space is ranked by the same metrics as one that answers with probabilities.
    """
    return np.asarray((1 + label_cosines(answers, vectors)) / 2)


def nearest_labels(answers: ArrayLike, vectors: ArrayLike, count: int = 1) -> IntArray:
    """``(n, count)`` numbers of the labels that the answers lie nearest to, nearest first.

    Of equally near ones, the first.
    """
    order = np.argsort(-label_cosines(answers, vectors), axis=1, kind="stable")
    return order[:, :count].astype(np.int64)


def label_distances(vectors: ArrayLike) -> FloatArray:
    """``(k, k)`` in 0..2: one minus the cosine of each pair of labels; exactly 0 to itself."""
    distances = 1 - label_cosines(vectors, vectors)
    np.fill_diagonal(distances, 0)
    return distances
