"""Study files: those that come with the package, and those that are refused."""

from pathlib import Path
from typing import get_args

import pytest

from albumart.dataset.labels import LABEL_SCHEMES
from albumart.errors import BadStudy, NotFound
from albumart.models.backbones import BACKBONES
from albumart.study import Collect, Labels, Study, list_studies, load_study, read_study

GOOD = """
name = "mine"
title = "Mine"
[collect]
source = "bandcamp"
[labels]
classes = ["jazz", "metal"]
[model]
backbone = "small"
"""


STAGE = "[[train.stages]]\n"
TWO = GOOD.replace("[collect]", "[[collect]]").replace(
    "[labels]", '[[collect]]\nsource = "itunes"\ncountry = "gb"\n[labels]'
)


def study_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", list_studies())
def test_every_shipped_study_loads_under_its_own_name(name: str) -> None:
    study = load_study(name)
    assert study.name == name
    assert study.model.backbone in BACKBONES
    assert sum(study.split.fractions.values()) == pytest.approx(1)


def test_a_study_may_be_a_path(tmp_path: Path) -> None:
    study = load_study(str(study_file(tmp_path, GOOD)))
    assert study.labels.classes == ("jazz", "metal")
    assert study.train.trains_head_only


def test_a_study_may_draw_on_one_source_or_on_several(tmp_path: Path) -> None:
    one, two = (read_study(study_file(tmp_path, text)) for text in (GOOD, TWO))
    assert one.scopes == ("bandcamp",)
    assert two.scopes == ("bandcamp", "itunes?country=gb")
    assert Study.model_validate(two.model_dump()) == two
    assert Study.model_validate_json(one.model_dump_json()) == one


def test_the_sandbox_runs_a_study_as_its_rehearsal_says() -> None:
    for name in ("allmusic-mood", "bandcamp-genre", "itunes-genre", "metal-vs-rap"):
        study = load_study(name)
        small = study.rehearsed()
        assert study.model.weights == "imagenet"
        assert (small.model.backbone, small.model.weights) == ("small", "random")
        assert (small.trials.seeds, small.trials.folds) == (1, 0)
        assert small.labels == study.labels
        # Of a network that knows nothing all must learn first.
        assert small.train.stages[0].unfrozen == "all"
    plain = load_study("sandbox-genre")
    assert plain.rehearsed() == plain


def test_metal_vs_rap_rehearses_its_four_stages() -> None:
    stages = load_study("metal-vs-rap").rehearsed().train.stages
    assert [stage.learning_rate == "find" for stage in stages] == [True, False, True, False]
    assert [stage.image_size for stage in stages] == [None, None, 64, 64]


def test_word_vectors_are_for_every_head() -> None:
    study = load_study("allmusic-mood")
    chosen = study.with_label_vectors("words.txt")
    assert {head.space for head in (chosen.head, *chosen.compare)} == {"glove:words.txt"}
    assert study.with_label_vectors(None) == study


MOODS = GOOD.replace('classes = ["jazz", "metal"]', 'scheme = "ordered"') + (
    '[promotion]\nmetric = "micro_pr_auc"\n'
)
SIGMOID = '[head]\nkind = "sigmoid"\n'
COMPARED = '[[compare]]\nkind = "label_embedding"\n'


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (MOODS + SIGMOID + "metadata = true\n", r"what is promoted must do with a cover alone"),
        (
            MOODS + SIGMOID + COMPARED + 'title = "sigmoid"\n',
            r"each head's title once, not 'sigmoid' again",
        ),
        (
            GOOD + '[[compare]]\ntitle = "other"\nmetadata = true\n',
            r"the genres that the head is shown would hold the answer",
        ),
        (
            MOODS + SIGMOID + 'space = "words.txt"\n',
            r"mine.toml:14: head.space: .*expected 'cooccurrence', or 'glove:'",
        ),
        (MOODS + SIGMOID + 'space = "glove:"\n', r"head.space: .*got 'glove:'"),
        (
            GOOD + "[rehearsal.model]\nbackbon = 1\n",
            r"mine.toml:11: rehearsal.model.backbon: unknown key; expected one of: .*backbone",
        ),
    ],
)
def test_heads_that_cannot_be_compared_are_refused(tmp_path: Path, broken: str, said: str) -> None:
    with pytest.raises(BadStudy, match=said):
        read_study(study_file(tmp_path, broken))


def test_one_source_stands_for_all_of_a_studys_own(tmp_path: Path) -> None:
    two = read_study(study_file(tmp_path, TWO))
    assert two.with_source("folder", "/covers").collect == (
        Collect(source="folder", url="/covers"),
    )
    assert two.with_source(None, None) == two


def test_a_wrong_name_gets_the_choices_and_a_guess() -> None:
    with pytest.raises(NotFound, match="did you mean 'bandcamp-genre'.*sandbox-genre"):
        load_study("bandcamp-gnere")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD + "[train]\nbatch = 3\n", r"mine.toml:11: train.batch: unknown key.*batch_size"),
        (GOOD + STAGE + "epoch = 3\n", r"mine.toml:11: train.stages.0.epoch: unknown key.*epochs"),
        (GOOD + STAGE + "epochs = 0\n", r"mine.toml:11: train.stages.0.epochs: .*greater.*got 0"),
        (
            GOOD + STAGE * 2 + 'learning_rate = "fast"\n',
            r"mine.toml:12: train.stages.1.learning_rate: .*a rate between 0 and 10.*got 'fast'",
        ),
        (
            GOOD + "colour = 1\n",
            r"mine.toml:10: model.colour: unknown key; expected one of: .*backb",
        ),
        (GOOD + "[split]\ntest = 0.5\n", r"mine.toml:10: split: .*must be 1, not 1.35"),
        (GOOD.replace('"bandcamp"', '"Band Camp"'), r"mine.toml:5: collect.source: .*pattern"),
        (GOOD.replace('name = "mine"', 'name = "../x"'), r"mine.toml:2: name: .*pattern"),
        (GOOD.replace("name", "nam"), r"nam: unknown key; expected .*: collect, compare"),
        (GOOD + '[[published]]\nwat = "x"\n', r"mine.toml:11: published.0.wat: unknown key.*what"),
        (TWO.replace('"gb"', "7"), r"mine.toml:8: collect.1.country: .*valid string; got 7"),
        (TWO.replace('source = "itunes"', ""), r"mine.toml:6: collect.1.source: .*required"),
        (TWO.replace("country", "land"), r"mine.toml:8: collect.1.land: unknown key.*country"),
        (TWO.replace('source = "band', 'sauce = "band'), r"mine.toml:5: collect.0.sauce: unknown"),
        (
            TWO.replace("itunes", "bandcamp").replace('country = "gb"', ""),
            r"mine.toml:6: collect: .*each source and query once, not bandcamp again",
        ),
        (
            "collect = []" + GOOD.replace('[collect]\nsource = "bandcamp"', ""),
            r":1: collect: .*1 it",
        ),
        (GOOD.replace("[collect]", "[collected]"), r"mine.toml:1: collect: Field required"),
        ("name = [", "expected TOML"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_the_choices(
    tmp_path: Path, broken: str, said: str
) -> None:
    with pytest.raises(BadStudy, match=said):
        read_study(study_file(tmp_path, broken))


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot read study file .*No such file"):
        read_study(tmp_path / "nowhere.toml")


def test_every_label_scheme_can_be_named() -> None:
    annotation = Labels.model_fields["scheme"].annotation
    assert set(get_args(annotation)) == set(LABEL_SCHEMES)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ('scheme = "pick_two"\nclasses = ["a", "b", "c"]', "pick_two takes two classes"),
        ('classes = ["jazz"]', "expected two classes or more"),
        ("", "expected two classes or more"),
    ],
)
def test_a_scheme_has_the_classes_that_it_needs(tmp_path: Path, labels: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace('classes = ["jazz", "metal"]', labels))
    with pytest.raises(BadStudy, match=said):
        read_study(path)
