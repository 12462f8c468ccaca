import pytest

from albumart.dataset.labels import LABEL_SCHEMES, Labelled, label_single


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        (("jazz",), Labelled("jazz")),
        (("seattle", "metal", "jazz"), Labelled("metal")),
        (("Jazz",), Labelled(None, "unmapped_label")),
        (("polka",), Labelled(None, "unmapped_label")),
        ((), Labelled(None, "unmapped_label")),
    ],
)
def test_single_takes_the_first_word_that_is_a_class(genres, expected):
    assert label_single(genres, ("jazz", "metal")) == expected


@pytest.mark.parametrize("scheme", LABEL_SCHEMES.values(), ids=LABEL_SCHEMES)
def test_every_scheme_gives_a_class_or_a_reason(scheme):
    for genres in ((), ("jazz",), ("polka",), ("metal", "jazz")):
        found = scheme(genres, ("jazz", "metal"))
        assert (found.label in ("jazz", "metal")) != bool(found.reason)
