import io
from dataclasses import asdict

import pytest
from PIL import Image

from albumart.errors import UnsafeInput
from albumart.images import inspect_cover
from albumart.validation.checkpoint import validate
from albumart.validation.suites import SUITES, Expected
from albumart.validation.views import VIEWS, build_view

EXPECTED = Expected(sources=("bandcamp",), classes=("jazz", "metal", "folk"))


@pytest.mark.parametrize("suite", SUITES)
def test_checks_have_names_of_their_own_and_views_that_exist(suite):
    checks = SUITES[suite](EXPECTED)
    assert len({check.name for check in checks}) == len(checks)
    assert {check.view for check in checks} <= set(VIEWS)
    assert any(check.severity == "critical" for check in checks)


@pytest.mark.parametrize("suite", SUITES)
def test_checks_look_at_columns_that_their_view_has(suite, rows, frame):
    import pandas as pd

    source = frame if suite == "split" else pd.DataFrame(rows)
    for check in SUITES[suite](EXPECTED):
        view = build_view(check.view, source, EXPECTED.classes)
        assert check.arguments.get("column", VIEWS[check.view].key) in view.columns
        assert VIEWS[check.view].key in view.columns


def encoded(size, kind, **options):
    noise = Image.effect_noise((64, 64), 80).resize(size).convert(options.pop("mode", "RGB"))
    buffer = io.BytesIO()
    noise.save(buffer, kind, **options)
    return buffer.getvalue()


def described(data):
    try:
        return inspect_cover(data)
    except UnsafeInput as refused:
        return refused.code


TURNED = Image.Exif()
TURNED[0x0112] = 6
SEVERAL = {"save_all": True, "append_images": [Image.new("RGB", (80, 60))]}


def test_every_cover_that_the_decoder_accepts_passes_the_critical_checks(make_row, expected):
    """The decoder at its limits; one cover that is stored and then fails would stop every run."""
    sizes = [(31, 40), (32, 32), (32, 10_000), (10_000, 32), (32, 10_001), (10_001, 32), (7000, 7)]
    sides = [described(encoded(size, kind)) for size in sizes for kind in ("JPEG", "PNG", "GIF")]
    kinds = [
        described(encoded((80, 60), "JPEG", exif=TURNED)),
        described(encoded((80, 60), "JPEG", mode="CMYK")),
        described(encoded((80, 60), "MPO", **SEVERAL)),
        described(encoded((80, 60), "PNG", mode="LA")),
        described(encoded((80, 60), "WEBP", **SEVERAL)),
        described(encoded((80, 60), "GIF", mode="1", **SEVERAL)),
    ]
    covers = [cover for cover in sides + kinds if not isinstance(cover, str)]
    assert {cover for cover in sides if isinstance(cover, str)} == {"too_small", "too_large_side"}
    assert [cover.format for cover in covers[-6:]] == ["JPEG", "JPEG", "JPEG", "PNG", "WEBP", "GIF"]
    rows = [
        make_row(number) | asdict(cover) | {"cover_sha256": cover.sha256}
        for number, cover in enumerate(covers)
    ]
    assert not validate("covers", rows, expected=expected).failed("critical")
