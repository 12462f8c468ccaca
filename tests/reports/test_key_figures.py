"""The result in short: words, and pictures that a page can show without asking for anything."""

import base64
import io

from made_versions import made_answers, made_manifest, made_study, made_version
from PIL import Image

from albumart.reports.key_figures import KEY_FIGURES, draw_key_figures, key_figures
from albumart.stores.workspace import Workspace


def opened(address):
    kind, _, data = address.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_every_figure_of_a_single_label(full_report):
    found = key_figures(full_report)
    assert list(found.pictures) == list(KEY_FIGURES)
    for title, address in found.pictures.values():
        assert title
        picture = opened(address).convert("L")
        assert picture.width == 800  # twice its units, so that it is sharp
        assert picture.getextrema()[0] < 80 < 250 < picture.getextrema()[1]  # ink on paper
    assert found.said.startswith("36.")
    assert "36." in next(row["accuracy"] for row in found.beside if row["who"] == "this model")
    assert {"neighbours by colour histogram"} < {row["who"] for row in found.beside}
    assert "the cover does tell something" in found.said


def test_of_several_labels_there_are_those_that_make_sense(multi_report):
    found = key_figures(multi_report)
    assert list(found.pictures) == ["comparison"]
    assert "micro PR-AUC" in found.said


def test_figures_of_a_registered_version(workspace: Workspace):
    manifest, study = made_manifest({"jazz": 40, "rock": 40}), made_study()
    made_version(workspace, study, manifest, made_answers(manifest, 0.8), run="a")
    found = draw_key_figures(workspace, study, 1)
    assert set(found.pictures) == set(KEY_FIGURES)
    assert "of test covers get their genre right" in found.said
