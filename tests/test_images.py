"""The decoder: what it refuses, what it normalises, and how faithful it is."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from albumart.errors import UnsafeInput
from albumart.images import MAX_BYTES, encode_jpeg, inspect_cover, load_rgb

RNG = np.random.default_rng(7)


def picture(width: int = 120, height: int = 90) -> Image.Image:
    """Smooth colours with an edge: compresses well and has a definite up and left."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    rgb = np.stack([x, y, np.where(x > y, 200, 30)], axis=-1).astype(np.uint8)
    return Image.fromarray(rgb)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
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


def test_exif_orientation_is_applied_before_size_and_hash() -> None:
    turned = picture().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to show
    upright = inspect_cover(encoded(turned, "PNG", exif=exif))
    assert (upright.width, upright.height) == (120, 90)
    assert upright.pixel_sha256 == inspect_cover(encoded(picture(), "PNG")).pixel_sha256


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
