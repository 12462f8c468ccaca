"""The only decoder: bytes from strangers → checked, upright RGB pixels.

Training, serving and the duplicate search all read images through this module, so that a model
meets the same pixels everywhere.
"""

import hashlib
import io
import struct
import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile

from albumart.album import Cover
from albumart.errors import UnsafeInput

RGB = NDArray[np.uint8]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES: Final = 25 * 2**20
MAX_PIXELS: Final = 50_000_000
MIN_SIDE: Final = 32
MAX_SIDE: Final = 10_000
# A thumbnail of 32×32 greys that varies less than this carries no perceptual hash worth comparing.
BLANK_GREY_DEVIATION: Final = 3.0

# How files of FORMATS begin; WEBP's is followed by a length and the word itself.
MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")

# Pillow raises above twice its limit and only warns below; `_open` refuses above ours at once,
# which, unlike a warning made an error, also holds in threads.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# What Pillow raises on broken data. While it opens a file it takes the last five for broken data
# itself; what it reads later (EXIF, the chunks after the pixels) raises them as they are.
BROKEN: Final = (
    *(OSError, SyntaxError, ValueError),
    *(TypeError, IndexError, KeyError, EOFError, struct.error),
)
# EXIF orientation → the turn that shows the picture upright; 1 and anything unknown need none.
TURNS: Final[dict[object, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def inspect_cover(data: bytes) -> Cover:
    """Decode ``data`` fully and describe it.

    Raises:
        UnsafeInput: with code ``too_big``, ``not_an_image``, ``too_many_pixels``,
            ``too_large_side``, ``truncated`` or ``too_small``.
    """
    import imagehash

    image = _decode(data, least=MIN_SIDE)
    grey = np.asarray(image.resize((32, 32), Image.Resampling.BOX).convert("L"), dtype=np.float32)
    return Cover(
        sha256=hashlib.sha256(data).hexdigest(),
        pixel_sha256=_pixel_sha256(image),
        phash=str(imagehash.phash(image)),
        width=image.width,
        height=image.height,
        format=str(image.info["albumart_format"]),
        size=len(data),
        blank=bool(grey.std() < BLANK_GREY_DEVIATION),
    )


def load_rgb(data: bytes, size: int, *, least: int = 1) -> RGB:
    """Decode ``data`` to ``(size, size, 3) uint8 RGB``, antialiased, without keeping the aspect.

    A JPEG of at least twice the size is decoded at a reduced scale first (libjpeg's DCT scaling,
    powers of two), which differs from the full path by about one grey level.

    Raises:
        UnsafeInput: as ``inspect_cover``; ``too_small`` where a side has fewer than ``least``
            pixels, which with MIN_SIDE is what is asked of a cover.
    """
    image = _decode(data, draft=size, least=least)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def load_thumbnail(data: bytes, side: int) -> RGB:
    """Decode ``data`` to ``(h, w, 3) uint8 RGB`` with its own aspect, neither side above ``side``.

    Raises:
        UnsafeInput: as ``inspect_cover``, but for ``too_small``.
    """
    image = _decode(data, draft=side)
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image)


def is_accepted(start: bytes) -> bool:
    """Whether a file that begins so, with 12 bytes or more, may be one of FORMATS."""
    return start.startswith(MAGIC) and (not start.startswith(b"RIFF") or start[8:12] == b"WEBP")


def encode_jpeg(rgb: RGB, *, quality: int = 80) -> bytes:
    """``(h, w, 3) uint8 RGB`` → JPEG bytes, for thumbnails in a report."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_png(rgb: RGB) -> bytes:
    """``(h, w, 3) uint8 RGB`` → PNG bytes, each pixel as it is."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def _decode(data: bytes, draft: int | None = None, *, least: int = 1) -> Image.Image:
    if len(data) > MAX_BYTES:
        raise UnsafeInput(
            "too_big", f"expected an image of at most {MAX_BYTES} bytes; got {len(data)}"
        )
    image = _open(data)
    kind, sides = image.format, image.size
    try:
        if draft is not None:
            image.draft(None, (draft, draft))
        image.load()
        image = _to_rgb(_upright(image))
    except BROKEN as error:
        raise UnsafeInput(
            "truncated", f"expected a whole {kind} image; it ends early or is broken: {error}"
        ) from error
    if min(sides) < least:  # by its header: a draft may have fewer
        raise UnsafeInput(
            "too_small", f"expected an image of {least} pixels a side or more; got {sides}"
        )
    image.info["albumart_format"] = kind
    return image


def _open(data: bytes) -> Image.Image:
    """Read the header alone, so that a bomb is refused before its pixels are."""
    stream = io.BytesIO(data)
    try:
        # Image.open would read on for the other pictures of a multi-picture JPEG; a cover is the
        # first of them, whatever became of their index.
        jpeg = data.startswith(b"\xff\xd8\xff")
        image = JpegImageFile(stream) if jpeg else Image.open(stream, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(str(error)) from error
    except BROKEN as error:
        start = data[:16]
        raise UnsafeInput(
            "not_an_image",
            f"expected {', '.join(FORMATS)} by its magic bytes; got {len(data)} bytes: {start!r}",
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(f"{image.width}×{image.height}")
    if max(image.size) > MAX_SIDE:
        raise UnsafeInput(
            "too_large_side",
            f"expected an image of at most {MAX_SIDE} pixels a side; got {image.size}",
        )
    return image


def _too_many_pixels(got: str) -> UnsafeInput:
    return UnsafeInput(
        "too_many_pixels", f"expected an image of at most {MAX_PIXELS} pixels; got {got}"
    )


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except BROKEN:
        # Broken EXIF is no reason to lose a cover: every viewer shows it as it lies.
        return image
    return image if turn is None else image.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    """First frame → 8-bit sRGB; transparency is laid on white."""
    # A PNG's comments lie beside what its decoder says, and may bear the same names.
    image.info = {key: value for key, value in image.info.items() if not isinstance(value, str)}
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    image = _to_srgb(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return image.convert("RGB")


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        # A broken profile is no reason to lose a cover: every viewer shows it untouched.
        return image
    return image if converted is None else converted


_SRGB: Final = ImageCms.createProfile("sRGB")


def _pixel_sha256(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.width}x{image.height}:".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()
