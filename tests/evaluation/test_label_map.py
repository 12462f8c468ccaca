"""The map of the label space."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from albumart.evaluation.label_map import MAP_METHODS, build_label_map
from albumart.models.label_space import unit_rows

VECTORS = np.random.default_rng(0).normal(size=(9, 5))
ANSWERS = np.random.default_rng(1).normal(size=(30, 5))


@pytest.mark.parametrize("method", MAP_METHODS)
def test_the_same_input_gives_the_same_map(method):
    first, again = (build_label_map(VECTORS, ANSWERS, method=method) for _ in range(2))
    assert first.labels.shape == (9, 2)
    assert first.covers.shape == (30, 2)
    assert (first.labels == again.labels).all()
    assert (first.covers == again.covers).all()
    assert np.isfinite(first.covers).all()
    assert first.method == method
    assert first.meaning


@pytest.mark.parametrize("method", MAP_METHODS)
def test_a_cover_that_says_a_label_lies_near_it(method):
    # Three heaps; each cover says what a label of its heap says.
    rng = np.random.default_rng(2)
    heaps = np.repeat(np.arange(3), 20)
    labels = np.eye(3)[heaps] + 0.1 * rng.normal(size=(60, 3))
    said = rng.integers(0, 60, 40)
    found = build_label_map(labels, 3 * labels[said], method=method)
    far = np.linalg.norm(found.covers[:, None] - found.labels[None], axis=2)
    assert (heaps[far.argmin(axis=1)] == heaps[said]).all()


def test_pca_is_scikit_learn_s():
    found = build_label_map(VECTORS, ANSWERS)
    peer = PCA(2).fit(unit_rows(VECTORS))
    for ours, rows in ((found.labels, VECTORS), (found.covers, ANSWERS)):
        assert np.abs(ours) == pytest.approx(np.abs(peer.transform(unit_rows(rows))))
    assert f"{100 * peer.explained_variance_ratio_.sum():.0f} %" in found.meaning


def test_labels_on_one_line_have_one_axis():
    found = build_label_map([[1.0], [-1.0]], [[1.0]])
    assert found.labels == pytest.approx(np.array([[1, 0], [-1, 0]]))
    assert found.covers == pytest.approx(np.array([[1, 0]]))


def test_no_covers_is_a_map_of_the_labels():
    assert build_label_map(VECTORS, np.zeros((0, 5))).covers.shape == (0, 2)


@pytest.mark.parametrize(
    ("vectors", "answers", "method", "told"),
    [
        (VECTORS, ANSWERS, "umap", "pca, tsne; got 'umap'"),
        (VECTORS[:1], ANSWERS, "pca", "two labels or more"),
        (VECTORS, ANSWERS[:, :3], "pca", "covers in their space"),
    ],
)
def test_what_cannot_be_drawn_is_refused(vectors, answers, method, told):
    with pytest.raises(ValueError, match=told):
        build_label_map(vectors, answers, method=method)
