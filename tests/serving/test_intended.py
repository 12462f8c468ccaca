"""Does a cover read as what it is meant to be? One label of several, and several at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from albumart.errors import NotFound
from albumart.serving.intended import carries_several, judge_intended, least_confidence
from albumart.stores.models import ModelVersion

CLASSES = ("folk", "jazz", "metal", "pop")
ONE = ModelVersion(
    study="made", version=3, run="r", dataset="d", albums=9, sha256="0" * 64, classes=CLASSES,
    image_size=32, evaluation={"n": 9}, baselines={}, threshold={"confidence": 0.6},
)  # fmt: skip
UNSURE = replace(ONE, threshold=None)
SEVERAL = replace(ONE, threshold=None, evaluation={"n": 9, "popularity": {}, "threshold": 0.4})


def shares(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_when_a_version_is_sure() -> None:
    assert [least_confidence(each) for each in (ONE, UNSURE, SEVERAL)] == [0.6, np.inf, 0.4]
    assert [carries_several(each) for each in (ONE, UNSURE, SEVERAL)] == [False, False, True]


@pytest.mark.parametrize(
    ("version", "probabilities", "sentence"),
    [
        (ONE, (0.1, 0.1, 0.7, 0.1), "Reads as metal (70 %, the likeliest of 4)."),
        (
            ONE,
            (0.1, 0.2, 0.5, 0.2),
            (
                "Leans to metal (50 %, the likeliest of 4), but the model is not sure: "
                "next comes jazz, 20 %."
            ),
        ),
        (
            ONE,
            (0.004, 0.95, 0.004, 0.042),
            "Does not read as metal (under 1 %, 3rd of 4): it would be taken for jazz (95 %).",
        ),
        (
            ONE,
            (0.3, 0.2, 0.1, 0.4),
            (
                "Does not clearly read as metal (10 %, 4th of 4): it leans to pop (40 %), "
                "but the model is not sure."
            ),
        ),
        (
            UNSURE,
            (0.001, 0.001, 0.997, 0.001),
            (
                "Leans to metal (over 99 %, the likeliest of 4), but the model is not sure: "
                "next comes folk, under 1 %."
            ),
        ),
        (SEVERAL, (0.9, 0.1, 0.45, 0.8), "Reads as metal (45 %, 3rd of 4)."),
        (
            SEVERAL,
            (0.9, 0.1, 0.3, 0.8),
            "Does not read as metal (30 %, 3rd of 4): it would be taken for folk (90 %).",
        ),
        (
            SEVERAL,
            (0.3, 0.1, 0.2, 0.25),
            (
                "Does not clearly read as metal (20 %, 3rd of 4); the likeliest is folk (30 %), "
                "but the model is sure of no label."
            ),
        ),
        (
            SEVERAL,
            (0.0, 0.1, 0.2, 0.1),
            (
                "Does not clearly read as metal (20 %, the likeliest of 4), "
                "but the model is sure of no label."
            ),
        ),
    ],
)
def test_one_plain_sentence(
    version: ModelVersion, probabilities: tuple[float, ...], sentence: str
) -> None:
    found = judge_intended(version, shares(*probabilities), "metal")
    assert found.sentence == sentence
    assert found.intended == "metal"
    assert found.probability == pytest.approx(probabilities[2])


@given(
    arrays.arrays(np.float32, 4, elements=st.floats(0, 1, width=32)),
    st.sampled_from(CLASSES),
    st.sampled_from([ONE, UNSURE, SEVERAL]),
)
def test_the_parts_of_a_verdict_agree(
    probabilities: np.ndarray, intended: str, version: ModelVersion
) -> None:
    found = judge_intended(version, probabilities, intended)
    mine = probabilities[CLASSES.index(intended)]
    assert found.rank == 1 + sum(probabilities > mine)
    assert found.labels == 4
    assert found.not_sure == (probabilities.max() < least_confidence(version))
    assert found.taken_for != intended
    if found.fits:
        assert found.taken_for is None
        assert (mine >= 0.4) if version is SEVERAL else (mine == probabilities.max())
    elif found.taken_for:
        others = [p for name, p in zip(CLASSES, probabilities, strict=True) if name != intended]
        assert probabilities[CLASSES.index(found.taken_for)] == max(others)
    else:
        assert version is SEVERAL
        assert found.not_sure
    assert found.sentence.startswith(("Reads", "Leans", "Does not"))


def test_an_unknown_label_names_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"knows no label 'metall' \(did you mean 'metal'\?\)"):
        judge_intended(ONE, shares(1, 0, 0, 0), "metall")


@pytest.mark.parametrize(
    ("rank", "said"),
    [(2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (22, "22nd"), (30, "30th")],
)
def test_places(rank: int, said: str) -> None:
    names = tuple(f"g{n:02}" for n in range(40))
    version = replace(ONE, classes=names)
    probabilities = np.linspace(1, 0, 40).astype(np.float32)
    assert f"{said} of 40" in judge_intended(version, probabilities, names[rank - 1]).sentence
