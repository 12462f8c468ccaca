import io

import numpy as np
import pytest
from PIL import Image

from albumart.album import cover_key
from albumart.dataset import cache
from albumart.dataset.cache import image_cache
from albumart.errors import NotFound, UnsafeInput
from albumart.images import inspect_cover, load_rgb

SIZE = 32


def made_cover(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (80, 70, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def stored(objects, make_row, make_manifest):
    """Manifest of ten albums of nine covers, all in the store, and the bytes of each row."""
    bodies = {f"bandcamp:{n}": made_cover(min(n, 8) * 3 + 1) for n in range(10)}
    rows = []
    for number, (album, body) in enumerate(bodies.items()):
        cover = inspect_cover(body)
        objects.put(cover.object_key, body)
        words = {"cover_sha256": cover.sha256, "pixel_sha256": cover.pixel_sha256}
        rows.append(make_row(number, album=album, genres=("jazz",), phash=cover.phash, **words))
    manifest = make_manifest(rows)
    return manifest, [bodies[album] for album in manifest.frame["album"]]


def test_pixels_are_those_of_the_one_decoder_in_manifest_order(tmp_path, stored, objects):
    manifest, bodies = stored
    told = []
    pixels = image_cache(tmp_path, manifest, objects, size=SIZE, progress=told.append)
    assert pixels.shape == (10, SIZE, SIZE, 3)
    assert np.array_equal(pixels, np.stack([load_rgb(body, SIZE) for body in bodies]))
    assert (tmp_path / f"{manifest.digest}-{SIZE}.npy").exists()
    assert sum(told) == 10


def test_the_second_call_reads_no_object(tmp_path, stored, objects):
    manifest, _ = stored
    first = image_cache(tmp_path, manifest, objects, size=SIZE)
    for sha256 in set(manifest.frame["cover_sha256"]):
        objects.delete(cover_key(sha256))
    assert np.array_equal(image_cache(tmp_path, manifest, objects, size=SIZE), first)
    with pytest.raises(NotFound):
        image_cache(tmp_path, manifest, objects, size=SIZE + 1)


def test_a_cover_that_albums_share_is_decoded_once(tmp_path, stored, objects, monkeypatch):
    decoded = []

    def counted(data, size):
        decoded.append(data)
        return load_rgb(data, size)

    monkeypatch.setattr(cache, "load_rgb", counted)
    manifest, bodies = stored
    image_cache(tmp_path, manifest, objects, size=SIZE)
    assert sorted(decoded) == sorted(set(bodies))


def test_an_altered_cover_is_refused(tmp_path, stored, objects):
    manifest, _ = stored
    objects.put(cover_key(manifest.frame["cover_sha256"][4]), made_cover(99))
    with pytest.raises(UnsafeInput, match="expected bytes of that sha256") as caught:
        image_cache(tmp_path, manifest, objects, size=SIZE)
    assert caught.value.code == "digest"
    assert not list(tmp_path.glob("*.npy"))
