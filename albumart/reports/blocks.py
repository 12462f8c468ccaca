"""The pieces that sections are made of, each escaped HTML.

Text that is given to them is escaped, whoever wrote it; only what they return is taken as HTML.
"""

import base64
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from albumart.images import RGB, encode_jpeg
from albumart.reports.drawing import UNITS_PER_INCH, figure_to_svg
from albumart.reports.inputs import CoverExample, Look, LookedAt, PlacedCover, Sighting
from albumart.reports.wording import percent

THUMBNAIL_SIDE: Final = 160
_PLANE: Final = (860, 600)  # units of the map of covers
_INSET: Final = 26  # half a picture and a little


@cache
def environment() -> Environment:
    """The templates of this package; whatever they print is escaped."""
    return Environment(
        loader=PackageLoader("albumart.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def join(*pieces: Markup | None) -> Markup:
    """Pieces one below the other; ``None`` is left out."""
    return Markup("\n").join(piece for piece in pieces if piece)


def paragraph(text: str, kind: str = "") -> Markup:
    """One paragraph; ``kind`` is a class of the style sheet."""
    return _block("paragraph", text, kind)


def statement(what: str, text: str = "") -> Markup:
    """A paragraph that begins with what it is about, in bold."""
    return _block("statement", what, text)


def missing(text: str) -> Markup:
    """A sentence that stands where something would be, and says why it is not there."""
    return paragraph(text, "missing")


def subtitle(text: str) -> Markup:
    """A heading inside a section."""
    return _block("subtitle", text)


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    text_columns: Collection[int] = (0,),
) -> Markup:
    """A table in a box of its own that scrolls where it is too wide.

    The first cell of a row is the row's heading. Columns hold numbers, set to the right, but for
    those at the positions ``text_columns``.
    """
    return _block("table", caption, columns, list(rows), text_columns)


def figure(plot: Figure, *, alt: str, shows: str, reading: str) -> Markup:
    """A drawing with its caption: what it shows, in bold, and how to read it."""
    svg = Markup(figure_to_svg(plot, alt))  # noqa: S704  (drawn by us; matplotlib escapes its text)
    width = round(plot.get_figwidth() * UNITS_PER_INCH)
    return _block("figure", svg, alt, shows, reading, width)


def cover_plane(covers: Sequence[PlacedCover], *, alt: str, shows: str, reading: str) -> Markup:
    """Covers where they lie on a map, as pictures and dots, with a caption as a figure has one."""
    placed = [
        {
            "x": round(_INSET + cover.across * (_PLANE[0] - 2 * _INSET), 1),
            "y": round(_INSET + cover.down * (_PLANE[1] - 2 * _INSET), 1),
            "picture": "" if cover.picture is None else data_uri(cover.picture),
            "told": f"{cover.title or cover.album}: {', '.join(cover.labels)}",
        }
        for cover in covers
    ]
    drawn = _block("plane", placed, _PLANE)
    return _block("figure", drawn, alt, shows, reading, _PLANE[0])


def details(summary: str, body: Markup) -> Markup:
    """Something folded away until it is asked for."""
    return _block("details", summary, body)


def bullets(lines: Iterable[str]) -> Markup:
    """Short statements, one below the other."""
    return _block("bullets", list(lines))


def command(text: str) -> Markup:
    """What to type."""
    return _block("command", text)


def cover_row(name: str, thumbnails: Sequence[RGB]) -> Markup:
    """Covers ``(h, w, 3) uint8 RGB`` side by side."""
    return _block("covers", [data_uri(thumbnail) for thumbnail in thumbnails], name)


def example_cards(examples: Sequence[CoverExample]) -> Markup:
    """Covers with what they were called and what their label says."""
    return _block("examples", [_card(example) for example in examples])


def typical_cards(examples: Sequence[CoverExample]) -> Markup:
    """Covers of one predicted class: how sure it was, and their label where it is another."""
    return _block("typical", [_card(example) for example in examples])


def looked_cards(covers: Sequence[LookedAt]) -> Markup:
    """Covers beside the same with heat: where the model looked for one label, or two."""
    cards = [
        {"cover": _card(one.example), "looks": [_look(look) for look in one.looks]}
        for one in covers
    ]
    return _block("looked", cards)


def seen_cards(sightings: Sequence[Sighting]) -> Markup:
    """Covers with what ImageNet classes were seen in them."""
    cards = [
        {
            "cover": _card(one.example),
            "seen": [{"name": name, "sure": percent(share, 0)} for name, share in one.seen],
        }
        for one in sightings
    ]
    return _block("seen", cards)


def data_uri(rgb: RGB) -> str:
    """``(h, w, 3) uint8 RGB`` as a small JPEG inside an address."""
    encoded = base64.b64encode(encode_jpeg(shrink(rgb), quality=80)).decode()
    return f"data:image/jpeg;base64,{encoded}"


def shrink(rgb: RGB, side: int = THUMBNAIL_SIDE) -> RGB:
    """Mean over whole blocks of pixels, until neither side is above ``side``."""
    factor = -(-max(rgb.shape[:2]) // side)
    if factor <= 1:
        return rgb
    height, width = (length // factor for length in rgb.shape[:2])
    blocks = rgb[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3))), dtype=np.uint8)


def _card(example: CoverExample) -> dict[str, str | bool]:
    right = example.predicted in example.label.split(", ")
    named = " by ".join(part for part in (example.title, example.artist) if part)
    return {
        "picture": data_uri(example.thumbnail),
        "alt": f"Cover of {named or example.album}",
        "predicted": example.predicted,
        "sure": percent(example.probability, 0),
        "right": right,
        "label": example.label,
        "album": named or example.album,
    }


def _look(look: Look) -> dict[str, str]:
    return {
        "picture": "" if look.overlay is None else data_uri(look.overlay),
        "alt": f"The same cover with heat: most for {look.asked} is found {look.place}",
        "asked": look.asked,
        "sure": percent(look.probability, 0),
    }


def _block(name: str, *arguments: object) -> Markup:
    macro = getattr(environment().get_template("blocks.html.jinja").module, name)
    return Markup(macro(*arguments))  # noqa: S704  (the macro has escaped its arguments)
