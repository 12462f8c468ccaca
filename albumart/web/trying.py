"""Covers that somebody tries → what the champion says of each, and why.

An uploaded cover goes through the same decoder as a scraped one, is looked at, and forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.errors import AlbumArtError, UnsafeInput
from albumart.explain.overlay import draw_overlay
from albumart.explain.saliency import explain_cover
from albumart.images import MAX_BYTES, MIN_SIDE, encode_jpeg, load_rgb, load_thumbnail
from albumart.reports.wording import listed
from albumart.serving.intended import Intended, judge_intended
from albumart.serving.predictor import Label
from albumart.similar import Neighbour, SimilarCovers
from albumart.stores.predictions import class_number
from albumart.web.champions import Live
from albumart.web.refusals import capital, size
from albumart.web.rendering import share

SHOWN_SIDE: Final = 480
NEIGHBOURS: Final = 6
LONGEST_NAME: Final = 120
MOST_SAID: Final = 5  # labels in one sentence
LONGEST_QUOTE: Final = 32


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each cover.

    Attributes:
        intended: the label that it is meant to be.
        explain: show where the model looked.
        neighbours: how many similar covers.
    """

    intended: str | None = None
    explain: bool = True
    neighbours: int = NEIGHBOURS


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the model says of some pixels.

    Attributes:
        labels: all of them, best first.
        sentence: the verdict in words.
        about: the label that ``overlay`` is about.
        overlay: PNG; None where none was asked for, or the model cannot be explained.
        neighbours: None while the collection is still being looked at.
    """

    labels: tuple[Label, ...]
    not_sure: bool
    sentence: str
    intended: Intended | None = None
    about: str = ""
    overlay: bytes | None = None
    neighbours: tuple[Neighbour, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One cover: what was said of it, or the sentence that says why it could not be looked at."""

    name: str
    thumbnail: bytes = b""
    said: Said | None = None
    error: str = ""
    code: str = ""


def try_cover(
    live: Live, name: str, data: bytes, question: Question, similar: SimilarCovers | None
) -> Tried:
    """Look at one uploaded file. A file that is no image gives a sentence."""
    called = display_name(name)
    try:
        pixels = load_rgb(data, live.version.image_size, least=MIN_SIDE)
        shown = encode_jpeg(load_thumbnail(data, SHOWN_SIDE))
    except UnsafeInput as error:
        return Tried(called, error=refusal_sentence(called, data, error), code=error.code)
    return Tried(called, shown, look(live, pixels, question, similar))


def look(
    live: Live,
    pixels: NDArray[np.uint8],
    question: Question,
    similar: SimilarCovers | None = None,
    *,
    exclude: Sequence[str] = (),
) -> Said:
    """What the champion says of ``(s, s, 3) uint8 RGB`` pixels."""
    probabilities = live.predictor.probabilities(pixels[np.newaxis])[0]
    labels = live.predictor.top_labels(probabilities, len(probabilities))
    intended = None
    if question.intended:
        intended = judge_intended(live.version, probabilities, question.intended)
    not_sure = not float(probabilities.max()) >= live.predictor.least_confidence
    about = question.intended or labels[0].label
    found = (
        None if similar is None else similar.nearest(pixels, question.neighbours, exclude=exclude)
    )
    return Said(
        labels=labels,
        not_sure=not_sure,
        sentence=intended.sentence if intended else _verdict(live, labels, not_sure),
        intended=intended,
        about=about,
        overlay=_overlay(live, pixels, about) if question.explain else None,
        neighbours=None if found is None else tuple(found),
    )


def _verdict(live: Live, labels: Sequence[Label], not_sure: bool) -> str:
    least = live.predictor.least_confidence
    if live.several and not not_sure:
        said = [label.label for label in labels if label.probability >= least][:MOST_SAID]
        return f"Reads as {listed(said)}."
    return verdict(labels, not_sure=not_sure)


def verdict(labels: Sequence[Label], *, not_sure: bool) -> str:
    """The answer in a sentence, where no label was asked about."""
    first, second = labels[0], labels[1]
    if not_sure:
        return (
            f"Not sure: it leans to {first.label} ({share(first.probability)}), "
            f"then {second.label} ({share(second.probability)})."
        )
    return f"Reads as {first.label} ({share(first.probability)})."


def compare(tried: Sequence[Tried], intended: str | None) -> str:
    """Which of several covers does best, in a sentence; nothing where there are not two."""
    said = [(each.name, each.said) for each in tried if each.said is not None]
    if len(said) < 2:
        return ""
    if intended:
        shares = {name: told.intended.probability for name, told in said if told.intended}
        best = max(shares, key=lambda name: shares[name])
        return (
            f"Of these {len(said)} covers, {best} reads most like {intended}: "
            f"{share(shares[best])}."
        )
    best, told = max(said, key=lambda each: each[1].labels[0].probability)
    first = told.labels[0]
    return (
        f"Of these {len(said)} covers, the model is surest of {best}: "
        f"{first.label}, {share(first.probability)}."
    )


def display_name(name: str) -> str:
    """A file's name as it may be shown: one line, not too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    plain = plain.replace("\\", "/").rpartition("/")[2]
    return plain[:LONGEST_NAME] or "your cover"


_KINDS: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"BM", "a BMP image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x00\x00\x00", "an MP4, HEIC or AVIF file"),
    (b"\xff\xfb", "an MP3"),
    (b"ID3", "an MP3"),
    (b"8BPS", "a Photoshop file"),
)


def refusal_sentence(name: str, data: bytes, error: UnsafeInput) -> str:
    """What was expected of a file, and what came."""
    if error.code == "too_big":
        return f"{name} is too large: expected at most {size(MAX_BYTES)}; more came."
    if error.code != "not_an_image":
        return f"{name} cannot be used: {capital(str(error))}"
    return f"{name} is not an image: expected a JPEG, PNG, WebP or GIF; got {_kind_of(data)}."


def _kind_of(data: bytes) -> str:
    """What a file that is no image seems to be."""
    if not data:
        return "an empty file"
    for start, kind in _KINDS:
        if data.startswith(start):
            return kind
    text = data[:200].decode("utf-8", errors="replace").removesuffix(_CUT)
    if not all(char.isprintable() or char in "\n\r\t" for char in text) or _CUT in text:
        return "a file of some other kind"
    words = " ".join(text.split())
    if words.startswith("<"):
        return "a page of HTML or SVG"
    return f"text (“{words[:LONGEST_QUOTE]}{'…' if len(words) > LONGEST_QUOTE else ''}”)"


_CUT: Final = "\ufffd"  # what a character that ends too early is read as


def _overlay(live: Live, pixels: NDArray[np.uint8], about: str) -> bytes | None:
    try:
        number = class_number(live.version, about)
        return draw_overlay(pixels, explain_cover(live.predictor.model, pixels, number))
    except (AlbumArtError, ValueError):
        return None  # a model that was joined in another way than ours
