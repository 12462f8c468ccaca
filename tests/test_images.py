"""The decoder: what it refuses, what it normalises, and how faithful it is."""

import io
import random
import struct
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from albumart.errors import UnsafeInput
from albumart.images import MAX_BYTES, encode_jpeg, inspect_cover, load_rgb

RNG = np.random.default_rng(7)


def picture(width: int = 120, height: int = 90) -> Image.Image:
    """Smooth colours with an edge: compresses well and has a definite up and left."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    rgb = np.stack([x, y, np.where(x > y, 200, 30)], axis=-1).astype(np.uint8)
    return Image.fromarray(rgb)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    end = b"IEND"
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0)
        + end
        + struct.pack(">I", zlib.crc32(end))
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_format_is_described_by_its_magic_bytes(kind: str) -> None:
    data = encoded(picture(), kind)
    cover = inspect_cover(data)
    assert (cover.format, cover.width, cover.height, cover.size) == (kind, 120, 90, len(data))
    assert not cover.blank
    assert len(cover.phash) == 16


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><body>Not found</body></html>", "not_an_image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_an_image"),
        (b"%PDF-1.7 ...", "not_an_image"),
        (b"", "not_an_image"),
        (encoded(picture(), "TIFF"), "not_an_image"),
        (encoded(picture(1, 1), "GIF"), "too_small"),
        (encoded(picture(300, 20)), "too_small"),
        (encoded(picture())[:-200], "truncated"),
        (encoded(picture(), "PNG")[:-200], "truncated"),
        (png_header(20_000, 20_000), "too_many_pixels"),
        (png_header(9_000, 9_000), "too_many_pixels"),
        (png_header(10_001, 40), "too_large_side"),
        (png_header(40, 10_001), "too_large_side"),
        (encoded(picture(40, 10_001)), "too_large_side"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), "too_big"),
    ],
)  # fmt: skip
def test_what_is_no_usable_image_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(UnsafeInput) as refused:
        inspect_cover(data)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "image",
    [
        picture().convert("CMYK"),
        picture().convert("L"),
        picture().convert("P"),
    ],
    ids=["cmyk", "grey", "palette"],
)
def test_other_colour_modes_become_rgb(image: Image.Image) -> None:
    data = encoded(image, "GIF" if image.mode == "P" else "JPEG")
    assert load_rgb(data, 64).shape == (64, 64, 3)


def test_sixteen_bit_grey_keeps_its_range() -> None:
    values = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    rgb = load_rgb(encoded(Image.fromarray(values), "PNG"), 64)
    assert rgb.min() <= 1
    assert rgb.max() >= 254
    assert abs(float(rgb.mean()) - 127.5) < 2


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert (load_rgb(encoded(clear, "PNG"), 32) == 255).all()


# EXIF orientation → how such a picture came to lie as it does.
LAID = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def laid(orientation: int) -> Image.Image:
    turn = LAID[orientation]
    return picture() if turn is None else picture().transpose(turn)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", LAID)
def test_exif_orientation_is_applied_before_size_and_hash(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encoded(laid(orientation), kind, exif=exif, lossless=True)
    upright = inspect_cover(data)
    assert (upright.width, upright.height) == (120, 90)
    assert upright.pixel_sha256 == inspect_cover(encoded(picture(), "PNG")).pixel_sha256
    assert (load_rgb(data, 64) == load_rgb(encoded(picture(), "PNG"), 64)).all()


def exif_of(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of ``(tag, type, count, four bytes of value)``, little end first."""
    packed = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(4)


LYING = (ExifTags.Base.Orientation, 3, 1, b"\x06\0\0\0")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("exif", "orientation"),
    [
        (exif_of(LYING, (ExifTags.Base.XResolution, 2, 4, b"72dp")), 6),
        (exif_of(LYING, (ExifTags.Base.ImageDescription, 7, 4, b"\0\xff\0\xff")), 6),
        (exif_of(LYING, (ExifTags.Base.ExifOffset, 2, 4, b"here")), 6),
        (exif_of(LYING, (ExifTags.Base.Software, 2, 2**31, b"\xff" * 4)), 6),
        (exif_of((*LYING[:3], b"\x09\0\0\0")), 1),
        (exif_of((ExifTags.Base.Orientation, 2, 4, b"6th\0")), 1),
        (exif_of(LYING)[:16], 1),
        (exif_of(LYING)[:12], 1),
        (b"Exif\0\0not one at all", 1),
        (b"Exif\0\0", 1),
    ],
    ids=[
        *("text as resolution", "bytes as text", "text as offset", "value beyond the end"),
        *("unknown turn", "text as turn", "cut short", "cut in its head", "no EXIF", "empty"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")  # Pillow's, about what is broken
def test_broken_exif_turns_a_cover_only_where_it_still_says_so(
    exif: bytes, orientation: int, kind: str
) -> None:
    plain = inspect_cover(encoded(laid(orientation), kind))
    cover = inspect_cover(encoded(laid(orientation), kind, exif=exif))
    assert (cover.width, cover.height) == (120, 90)
    assert (plain.width, plain.height) == laid(orientation).size
    assert orientation != 1 or cover.pixel_sha256 == plain.pixel_sha256


@pytest.mark.parametrize(
    "name",
    ["transparency", "icc_profile", "exif", "xmp", "Raw profile type exif", "albumart_format"],
)
def test_a_comment_of_a_png_is_only_a_comment(name: str) -> None:
    comment = PngInfo()
    comment.add_text(name, "nothing of the kind")
    cover = inspect_cover(encoded(picture(), "PNG", pnginfo=comment))
    assert cover.pixel_sha256 == inspect_cover(encoded(picture(), "PNG")).pixel_sha256
    assert cover.format == "PNG"


FIRST = encoded(picture())
BOTH = encoded(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))])


def test_a_jpeg_of_several_pictures_is_its_first() -> None:
    cover, first = inspect_cover(BOTH), inspect_cover(FIRST)
    assert cover.format == "JPEG"
    assert (cover.pixel_sha256, cover.phash) == (first.pixel_sha256, first.phash)
    assert (load_rgb(BOTH, 64) == load_rgb(FIRST, 64)).all()


@pytest.mark.parametrize(
    "data",
    [
        BOTH[: len(FIRST) + 200],
        BOTH.replace(b"MPF\0II*\0", b"MPF\0\xff\xff\xff\xff"),
        BOTH.replace(b"\x01\xb0\x04\0\x01\0\0\0\x02", b"\x01\xb0\x04\0\x01\0\0\0\x7f"),
    ],
    ids=["second picture cut short", "no index", "too many in the index"],
)
def test_what_comes_after_the_first_picture_may_be_broken(data: bytes) -> None:
    assert data != BOTH
    assert inspect_cover(data).pixel_sha256 == inspect_cover(FIRST).pixel_sha256


def test_a_colour_profile_is_converted_and_a_broken_one_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = load_rgb(encoded(picture()), 64)
    with_profile = load_rgb(encoded(picture(), icc_profile=lab), 64)
    with_broken = load_rgb(encoded(picture(), icc_profile=b"not a profile"), 64)
    assert np.abs(plain.astype(int) - with_profile).max() <= 3
    assert (plain == with_broken).all()


def test_an_animation_is_its_first_frame() -> None:
    frames = [picture(), Image.new("RGB", (120, 90), "black")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert load_rgb(data, 64).mean() > 50


def test_rewrapped_pixels_have_the_same_pixel_digest() -> None:
    image = picture()
    png, webp = encoded(image, "PNG"), encoded(image, "WEBP", lossless=True)
    assert inspect_cover(png).pixel_sha256 == inspect_cover(webp).pixel_sha256
    assert inspect_cover(png).sha256 != inspect_cover(webp).sha256


def test_blank_covers_are_flagged() -> None:
    assert inspect_cover(encoded(Image.new("RGB", (200, 200), (12, 12, 14)))).blank


def test_scaled_decoding_stays_near_the_full_path() -> None:
    photo = picture(1000, 1000)
    data = encoded(photo, quality=90)
    full = np.asarray(Image.open(io.BytesIO(data)).resize((224, 224), Image.Resampling.BICUBIC))
    assert np.abs(load_rgb(data, 224).astype(int) - full).mean() < 1.5


def test_thumbnails_survive_the_way_to_jpeg_and_back() -> None:
    rgb = np.asarray(picture(64, 64))
    assert np.abs(load_rgb(encode_jpeg(rgb, quality=95), 64).astype(int) - rgb).mean() < 6


def with_right_sums(png: bytes) -> bytes:
    """Every chunk's checksum made right again, for a wrong one hides what is wrong inside."""
    parts, rest = [png[:8]], png[8:]
    while len(rest) >= 12 and (end := 12 + struct.unpack(">I", rest[:4])[0]) <= len(rest):
        parts += [rest[: end - 4], struct.pack(">I", zlib.crc32(rest[4 : end - 4]))]
        rest = rest[end:]
    return b"".join([*parts, rest])


def mutated(data: bytes, rng: random.Random) -> bytes:
    """``data`` with a few bytes changed, cut off, left out or repeated, mostly near its start."""
    wounded = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(min(len(wounded) + 1, rng.choice((100, 300, 10**6))))
        end = at + rng.choice((1, 1, 2, 4, 20))
        extreme = rng.choice((b"\x00", b"\x02", b"\x7f", b"\x80", b"\xff")) * (end - at)
        same = rng.choice((extreme, extreme, rng.randbytes(end - at)))
        wounded[at:end] = rng.choice((same, same, same, b"", wounded[at:end] * 2))
        if rng.random() < 0.02:
            del wounded[at + 1 :]
    return with_right_sums(bytes(wounded)) if data.startswith(b"\x89PNG") else bytes(wounded)


def seeds() -> dict[str, bytes]:
    """One small picture of each kind, with all that may be broken about it."""
    image, profile = picture(48, 40), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    exif = Image.Exif()
    exif.update({ExifTags.Base.Orientation: 6, ExifTags.Base.Software: "x", 0x011A: 72.0})
    exif[ExifTags.Base.ExifOffset] = {0x9003: "2020:01:01 00:00:00", 0x829A: 0.5}
    known: dict[str, Any] = {
        "exif": exif,
        "icc_profile": profile.tobytes().replace(b"s\0R", b"x\0R"),
    }
    several: dict[str, Any] = {"save_all": True, "append_images": [image.rotate(90)]}
    return {
        "jpeg": encoded(image, **known),
        "cmyk": encoded(image.convert("CMYK"), exif=exif),
        "mpo": encoded(image, "MPO", exif=exif, **several),
        "png": encoded(image, "PNG", **known),
        "palette": encoded(image.convert("P"), "PNG", transparency=3),
        "apng": encoded(image, "PNG", **several),
        "webp": encoded(image, "WEBP", **known),
        "webp animation": encoded(image.convert("RGBA"), "WEBP", exif=exif, **several),
        "gif": encoded(image.convert("P"), "GIF", transparency=3, **several),
    }


@pytest.mark.parametrize("kind", seeds())
@pytest.mark.filterwarnings("ignore")  # Pillow's, about what is broken
def test_broken_data_is_described_or_refused_and_nothing_else(kind: str) -> None:
    data, rng = seeds()[kind], random.Random(kind)
    came: Counter[str] = Counter()
    for _ in range(600):
        broken = mutated(data, rng)
        for decode in (inspect_cover, lambda data: load_rgb(data, 24)):
            try:
                decode(broken)
                came["decoded"] += 1
            except UnsafeInput as error:
                came[error.code] += 1
    assert min(came["decoded"], came["truncated"] + came["not_an_image"]) > 20
