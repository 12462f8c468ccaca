import io
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from albumart.sandbox.catalogue import GENRE_NAMES, MadeAlbum, make_catalogue
from albumart.sandbox.drawing import LEANINGS, PALETTES, TONES, draw_blank, draw_cover, draw_tiny
from albumart.sandbox.motifs import MOTIFS, SIDE
from albumart.sandbox.vocabulary import MOODS


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)))


def test_tables_cover_every_genre_and_mood_family() -> None:
    assert MOTIFS.keys() == LEANINGS.keys() == set(GENRE_NAMES)
    assert {name for leaning in LEANINGS.values() for name in leaning} <= PALETTES.keys()
    assert TONES.keys() == MOODS.keys()


def test_a_cover_is_a_square_jpeg_of_bandcamps_size(plain: MadeAlbum) -> None:
    image = Image.open(io.BytesIO(draw_cover(plain)))
    assert (image.format, image.size, image.mode) == ("JPEG", (SIDE, SIDE), "RGB")


def test_another_process_draws_the_same_bytes(plain: MadeAlbum) -> None:
    program = (
        "import sys, hashlib; from albumart.sandbox.catalogue import make_catalogue;"
        "from albumart.sandbox.drawing import draw_cover;"
        "albums = make_catalogue(3, 0.1).albums;"
        "drawn = [draw_cover(album, seed=3) for album in albums[::20]];"
        "sys.stdout.write(hashlib.sha256(b''.join(drawn)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1


def test_seed_and_album_change_the_drawing(plain: MadeAlbum) -> None:
    other = replace(plain, album_id=plain.album_id + 1)
    assert len({draw_cover(plain), draw_cover(plain, seed=1), draw_cover(other)}) == 3


@pytest.mark.parametrize("genre", GENRE_NAMES)
def test_every_motif_leaves_a_mark_of_many_pixels(genre: str) -> None:
    from random import Random

    canvas = Image.new("RGB", (SIDE, SIDE))
    MOTIFS[genre](ImageDraw.Draw(canvas), [(255, 255, 255), (200, 200, 200)], Random(4))
    assert 0.05 < (np.asarray(canvas) > 0).mean() < 0.95


def test_moods_set_the_tone() -> None:
    albums = make_catalogue(scale=0.3).albums[::6]
    means = {
        family: np.mean([pixels(draw_cover(replace(a, mood_family=family))).mean() for a in albums])
        for family in ("dark", "bright")
    }
    assert means["dark"] + 20 < means["bright"]


def test_blank_and_tiny(plain: MadeAlbum) -> None:
    assert pixels(draw_blank(plain)).std(axis=(0, 1)).max() < 1
    assert pixels(draw_tiny()).shape == (1, 1, 3)
