"""Any two raters: people, versions and the truth, on the covers that both judged."""

import pytest
from made_players import add_version, answer

from albumart.errors import NotFound, UnsafeInput
from albumart.evaluation.agreement import evaluate_agreement
from albumart.people.deck import deal_cards
from albumart.people.raters import Comparison, Rater, compare_raters, parse_rater
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "rater"),
    [
        ("truth", Rater("truth")),
        ("model:3", Rater("model", "3")),
        ("model:03", Rater("model", "3")),
        ("person: Ada  Lovelace", Rater("person", "Ada Lovelace")),
        ("person:a:b", Rater("person", "a:b")),
    ],
)
def test_raters_are_named(text: str, rater: Rater) -> None:
    assert parse_rater(text) == rater
    assert parse_rater(str(rater)) == rater


@pytest.mark.parametrize("text", ["", "Ada", "model:", "model:x", "model:²", "truth:", "person"])
def test_what_names_no_rater_is_refused(text: str) -> None:
    with pytest.raises(NotFound, match="person:NAME, model:NUMBER or truth; got"):
        parse_rater(text)


def test_nobody_is_called_nothing() -> None:
    with pytest.raises(UnsafeInput, match="visible"):
        parse_rater("person:")


def compare(version: ModelVersion, workspace: Workspace, *names: str) -> Comparison:
    first, second = map(parse_rater, names)
    return compare_raters(version, first, second, workspace)


def test_a_model_and_the_truth(champion: ModelVersion, workspace: Workspace) -> None:
    found = compare(champion, workspace, "model:1", "truth")
    cards = deal_cards(champion, workspace).cards
    by_hand = evaluate_agreement(
        [card.model for card in cards],
        [card.labels[0] for card in cards],
        [card.group for card in cards],
    )
    assert found == Comparison("model:1", "truth", 1, 60, by_hand)
    assert by_hand.kappa.value == champion.evaluation["metrics"]["cohen_kappa"]["value"]


def test_two_versions_on_the_covers_that_both_are_tested_on(
    champion: ModelVersion, workspace: Workspace
) -> None:
    add_version(workspace, "b", share=0.5)
    found = compare(champion, workspace, "model:2", "model:1")
    assert (found.version, found.common) == (2, 60)
    assert found.agreement is not None
    other = compare(champion, workspace, "model:1", "model:2")
    assert other.agreement is not None
    assert other.agreement.kappa.value == pytest.approx(found.agreement.kappa.value)
    same = compare(champion, workspace, "model:1", "model:1").agreement
    assert same is not None
    assert same.kappa.value == 1
    with pytest.raises(NotFound, match="no version 9"):
        compare(champion, workspace, "truth", "model:9")


def test_people_on_what_both_answered(champion: ModelVersion, workspace: Workspace) -> None:
    answer(champion, workspace, "Ada", ["right"] * 40)
    answer(champion, workspace, "Bo", ["folk", None, "jazz"] * 20)
    found = compare(champion, workspace, "person:ADA", "person:Bo")
    assert (found.first, found.common) == ("person:ADA", 27)
    assert found.agreement is None
    assert found.to_dict()["agreement"] is None
    beside = compare(champion, workspace, "person:Ada", "truth").agreement
    assert beside is not None
    assert beside.kappa.value == 1
    unsure = compare(champion, workspace, "model:1", "person:Bo").agreement
    assert unsure is not None
    assert (unsure.asked, unsure.unsure) == (60, (0, 20))


def test_who_did_not_play_is_no_rater(champion: ModelVersion, workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="'Cy' answered no cover .* who did: nobody"):
        compare(champion, workspace, "person:Cy", "truth")
    answer(champion, workspace, "Ada", ["folk"])
    with pytest.raises(NotFound, match="who did: Ada"):
        compare(champion, workspace, "person:Cy", "truth")


def test_what_a_version_learnt_is_no_common_ground(
    champion: ModelVersion, workspace: Workspace
) -> None:
    """Ten covers of its own test split were training covers of the champion, and the other way."""
    moved = {
        f"bandcamp:{label}0{number}{unit}": split
        for label in ("folk", "jazz")
        for number in range(5)
        for unit, split in ((0, "train"), (9, "test"))
    }
    later = add_version(workspace, "b", splits=moved)
    assert len(deal_cards(later, workspace).cards) == 60
    for first, second in (("model:1", "model:2"), ("model:2", "model:1")):
        assert compare(champion, workspace, first, second).common == 50
    answer(later, workspace, "Ada", ["right"] * 60)
    assert compare(champion, workspace, "model:2", "person:Ada").common == 60
    assert compare(champion, workspace, "person:Ada", "truth").common == 50
