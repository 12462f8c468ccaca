"""The gate, refusal by refusal, and the station that moves the alias, on real stores."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_versions import made_answers, made_manifest, made_study, made_version

from albumart import promotion
from albumart.dataset.manifest import Manifest
from albumart.errors import UnsafeInput, ValidationFailed
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.rivals import MEASURES
from albumart.gate import CHECKS, Case, find_objection, truth_of
from albumart.promotion import ask_gate, case_of, judge_version, settle_approval
from albumart.registry import Answer, promote_by_hand, roll_back
from albumart.stores.models import ModelVersion
from albumart.stores.workspace import Workspace
from albumart.study import Promotion, Study
from albumart.training.candidate import read_candidate, write_candidate
from albumart.validation.checkpoint import validate
from albumart.validation.record import write_record
from albumart.validation.suites import Expected
from albumart.verdict import Decision

COUNTS = {"folk": 100, "jazz": 100, "metal": 100, "soul": 100}
STUDY = made_study()
YES = Answer(approve=True, who="Ann", comment="looks right")


class Made:
    """Versions of one study, registered in turn, each on a dataset and right so often."""

    def __init__(self, workspace: Workspace, study: Study = STUDY) -> None:
        self.workspace, self.study = workspace, study
        self._seed = 0

    def version(
        self, share: float, manifest: Manifest | None = None, **changes: Any
    ) -> ModelVersion:
        self._seed += 1
        chosen = manifest or made_manifest(COUNTS)
        answers = changes.pop("answers", made_answers(chosen, share, seed=self._seed))
        return made_version(
            self.workspace, self.study, chosen, answers, run=f"run{self._seed}", **changes
        )

    def champion(self, share: float, manifest: Manifest | None = None) -> ModelVersion:
        version = self.version(share, manifest)
        return promote_by_hand(self.workspace.models, self.study.name, version.version)

    def judge(self, version: ModelVersion) -> Decision:
        return judge_version(self.study, version.version, self.workspace)

    def champion_now(self) -> int | None:
        found = self.workspace.models.champion(self.study.name)
        return found.version if found else None

    def actions(self) -> list[str]:
        return [event.action for event in self.workspace.models.history(self.study.name)]


@pytest.fixture
def made(workspace: Workspace) -> Made:
    return Made(workspace)


def test_a_first_champion_must_beat_the_majority_class(made: Made) -> None:
    refused = made.judge(made.version(0.25))
    assert not refused.promoted
    assert "does not lie above the majority class, 25.0%" in refused.reason
    decision = made.judge(made.version(0.7))
    assert decision.promoted
    assert decision.reason.startswith("first champion: accuracy")
    assert made.actions() == ["refuse", "promote"]


def test_a_better_candidate_replaces_the_champion_and_the_evidence_is_kept(made: Made) -> None:
    champion = made.champion(0.5)
    decision = made.judge(version := made.version(0.8))
    assert decision.promoted
    assert "no worse than the champion" in decision.reason
    event = made.workspace.models.history("made")[-1]
    assert (event.action, event.version, event.replaced) == ("promote", version.version, 1)
    assert decision.evidence is not None
    assert event.evidence == decision.evidence.to_dict()
    assert event.evidence["champion"] == champion.version
    assert event.evidence["dataset"] == version.dataset
    assert event.evidence["difference"]["n"] == 120
    assert event.evidence["difference"]["low"] > 0
    assert [found["name"] for found in event.evidence["classes"]] == sorted(COUNTS)
    assert made.judge(version).reason.startswith("it is the champion already")


def test_a_worse_or_uncertain_candidate_does_not(made: Made) -> None:
    made.champion(0.6)
    decision = made.judge(made.version(0.6))
    assert not decision.promoted
    assert "the lower bound is not above −1.0%" in decision.reason
    assert made.workspace.models.history("made")[-1].evidence is not None
    assert made.champion_now() == 1


def test_the_same_answers_are_no_worse(made: Made) -> None:
    champion = made.champion(0.6)
    same = made_answers(made_manifest(COUNTS), 0.6, seed=1)
    assert case_of(champion, None, made.workspace).probabilities.tolist() == same.tolist()
    assert made.judge(made.version(0, answers=same)).promoted


def test_a_class_that_loses_too_much_stops_a_better_candidate(made: Made) -> None:
    made.champion(0.5)
    manifest = made_manifest(COUNTS)
    answers = made_answers(manifest, 1.0)
    metal = manifest.frame.loc[manifest.frame["split"] == "test", "label"] == "metal"
    answers[metal.to_numpy()] = [0.7, 0.1, 0.1, 0.1]
    decision = made.judge(made.version(0, answers=answers))
    assert not decision.promoted
    assert "but 'metal' loses" in decision.reason
    assert "of recall; at most 15.0% may be lost" in decision.reason


def test_of_one_group_no_interval_can_be_drawn(made: Made) -> None:
    together = of_one_group(made_manifest(dict.fromkeys("abcdef", 100)))
    made.champion(0.5, together)
    decision = made.judge(made.version(1, together))
    assert "of so few groups no interval can be drawn" in decision.reason


def test_one_artists_covers_make_no_first_champion(made: Made) -> None:
    decision = made.judge(made.version(0.8, of_one_group(made_manifest(COUNTS))))
    assert "does not lie above the majority class, 25.0%" in decision.reason


def of_one_group(manifest: Manifest) -> Manifest:
    """The same, but all of the test split is one artist's."""
    tested = manifest.frame["split"] == "test"
    frame = manifest.frame.assign(group=manifest.frame["group"].mask(tested, "one"))
    return replace(manifest, frame=frame)


def test_a_study_may_be_judged_on_micro_pr_auc(workspace: Workspace) -> None:
    made = Made(workspace, made_study(metric="micro_pr_auc"))
    first = made.judge(made.version(0.5))
    assert first.reason.startswith("first champion: micro PR-AUC")
    assert "knowing the commonest labels" in first.reason
    second = made.judge(made.version(0.9))
    assert second.promoted
    assert "paired difference in micro PR-AUC" in second.reason


# What stops a candidate before it is compared at all. Each is planted on its own.


def with_nan(made: Made) -> Case:
    case = case_of(made.version(0.9), None, made.workspace)
    answers = case.probabilities.copy()
    answers[3, 1] = np.nan
    return replace(case, probabilities=answers)


def with_nan_figure(made: Made) -> Case:
    case = case_of(made.version(0.9), None, made.workspace)
    nowhere = Estimate(float("nan"), 0.0, 1.0, 120)
    return replace(case, metrics={**case.metrics, "log_loss": nowhere})


def with_fewer_rows(made: Made) -> Case:
    """Evaluated on a test split with fewer covers than its dataset has."""
    case = case_of(made.version(0.9), None, made.workspace)
    return replace(case, probabilities=case.probabilities[:90])


def on_other_rows(made: Made) -> Case:
    """As many covers, but the answers are about others of them."""
    case = case_of(made.version(0.9), None, made.workspace)
    return replace(case, probabilities=case.probabilities[::-1])


def on_other_rows_where_labels_are_ranked(made: Made) -> Case:
    """A study whose albums may carry several labels has no accuracy on record."""
    case = case_of(made.version(0.9), None, made.workspace)
    manifest = case.candidate.manifest
    test = (manifest.frame["split"] == "test").to_numpy()
    truth, measure = truth_of(manifest, every_label=True)[test], MEASURES["micro_pr_auc"]
    figure = measure.of_answers(truth, case.probabilities.astype(np.float64))
    case = replace(case, metrics={"micro_pr_auc": Estimate(figure, 0.0, 1.0, len(truth))})
    assert find_objection(case, Promotion()) is None
    return replace(case, probabilities=case.probabilities[::-1])


def without_a_headline(made: Made) -> Case:
    case = case_of(made.version(0.9), None, made.workspace)
    return replace(case, metrics={"log_loss": case.metrics["log_loss"]})


def with_other_classes(made: Made) -> Case:
    case = case_of(made.version(0.9), None, made.workspace)
    version = replace(case.candidate.version, classes=("folk", "jazz", "metal", "rap"))
    return replace(case, candidate=replace(case.candidate, version=version))


def after(made: Made, champion: Manifest, candidate: Manifest) -> Case:
    before = made.champion(0.3, champion)
    return case_of(made.version(0.9, candidate), before, made.workspace)


def with_fewer_albums(made: Made) -> Case:
    fewer = made_manifest(dict.fromkeys(COUNTS, 85))
    return after(made, made_manifest(COUNTS), fewer)


def with_a_smaller_class(made: Made) -> Case:
    return after(made, made_manifest(COUNTS), made_manifest({**COUNTS, "jazz": 70, "soul": 120}))


def without_a_class(made: Made) -> Case:
    fewer = {name: 134 for name in COUNTS if name != "soul"}
    return after(made, made_manifest(COUNTS), made_manifest(fewer))


def with_a_changed_test_split(made: Made) -> Case:
    """Ten covers that were trained on are tested on now, and as many the other way round."""
    moved = {f"bandcamp:jazz0{tens}4": "test" for tens in range(10)}
    moved |= {f"bandcamp:jazz0{tens}0": "train" for tens in range(10)}
    return after(made, made_manifest(COUNTS), made_manifest(COUNTS, moved))


def with_a_test_split_that_was_validation(made: Made) -> Case:
    case = after(made, made_manifest(COUNTS), made_manifest(COUNTS))
    assert case.champion is not None
    turned = {"test": "validation", "validation": "test", "train": "train"}
    manifest = case.champion.manifest
    frame = manifest.frame.assign(split=manifest.frame["split"].map(turned))
    swapped = Manifest("made", manifest.classes, frame, {}, manifest.parameters)
    return replace(case, champion=replace(case.champion, manifest=swapped))


def with_an_empty_class(made: Made) -> Case:
    away = {f"bandcamp:jazz{n:03}": "train" for n in range(100)}
    return case_of(made.version(0.9, made_manifest(COUNTS, away)), None, made.workspace)


def with_a_small_class(made: Made) -> Case:
    few = made_manifest({**COUNTS, "jazz": 11})
    return case_of(made.version(0.9, few), None, made.workspace)


def with_a_class_that_the_champion_learnt(made: Made) -> Case:
    """Of its 30 test covers, the champion had 27 in validation."""
    learnt = {f"bandcamp:jazz{n:03}": "validation" for n in range(90) if n % 10 < 3}
    return after(made, made_manifest(COUNTS, learnt), made_manifest(COUNTS))


def with_a_dataset_that_failed_validation(made: Made) -> Case:
    manifest = made_manifest(COUNTS)
    report = validate("split", manifest.frame, expected=Expected(classes=("folk", "jazz", "metal")))
    write_record(made.workspace.objects, manifest, "made", report, compared_with=None)
    return case_of(made.version(0.9, manifest), None, made.workspace)


PLANTED: dict[Callable[[Made], Case], tuple[str, str]] = {
    with_a_dataset_that_failed_validation: (
        "its dataset passed validation",
        "validation stopped its dataset: split/label_known, split/labels_known",
    ),
    with_a_class_that_the_champion_learnt: (
        "classes have enough covers",
        (
            "class 'jazz' has 3 covers in the test split that the champion did not learn from; "
            "promotion.class_floor asks for 5"
        ),
    ),
    with_fewer_rows: (
        "answers its test split",
        (
            "it has answers for 90 covers and 4 classes; the test split of its dataset has 120 "
            "and 4: it was evaluated on another test split"
        ),
    ),
    with_other_classes: (
        "answers its test split",
        (
            "it answers folk, jazz, metal, rap; its dataset has folk, jazz, metal, soul: "
            "it was made for other data"
        ),
    ),
    with_nan: ("answers are numbers", "1 of its 120 answers are not numbers (NaN)"),
    with_nan_figure: ("figures are numbers", "its log_loss is not a number (NaN)"),
    on_other_rows: (
        "figures are those of the answers",
        "its record says accuracy 92.5%, its answers on the test split of its dataset get 1.7%: ",
    ),
    on_other_rows_where_labels_are_ranked: (
        "figures are those of the answers",
        "its record says micro PR-AUC ",
    ),
    without_a_headline: (
        "figures are those of the answers",
        "its record has none of accuracy, micro_pr_auc",
    ),
    with_fewer_albums: (
        "the dataset did not shrink",
        "its dataset has 340 albums, the champion's 400: a dataset that shrank by more than 10%",
    ),
    with_a_smaller_class: (
        "no class shrank",
        (
            "class 'jazz' has 70 albums, in the champion's dataset 100: with a class that shrank "
            "by more than 20% it is never promoted"
        ),
    ),
    without_a_class: ("no class shrank", "class 'soul' has 0 albums"),
    with_a_changed_test_split: (
        "the test split is frozen",
        (
            "20 of 130 test covers that its dataset shares with the champion's changed sides "
            "between training and test: the test split is not the frozen one"
        ),
    ),
    with_a_test_split_that_was_validation: (
        "the champion does not know it",
        "the champion learnt from 120 of its 120 test covers",
    ),
    with_an_empty_class: ("classes have enough covers", "class 'jazz' has no cover in the test"),
    with_a_small_class: (
        "classes have enough covers",
        "class 'jazz' has 4 covers in the test split; promotion.class_floor asks for 5",
    ),
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_what_is_planted_is_caught_by_name(made: Made, plant: Callable[[Made], Case]) -> None:
    check, reason = PLANTED[plant]
    case = plant(made)
    said = CHECKS[check](case, Promotion())
    assert said is not None
    assert reason in said
    assert find_objection(case, Promotion()) == said


def test_each_check_has_something_planted_for_it() -> None:
    assert {check for check, _ in PLANTED.values()} == set(CHECKS)


def test_a_sound_case_has_no_objection(made: Made) -> None:
    case = after(made, made_manifest(COUNTS), made_manifest(dict.fromkeys(COUNTS, 110)))
    assert find_objection(case, Promotion()) is None


def test_nothing_planted_is_promoted_and_the_history_says_why(made: Made) -> None:
    made.champion(0.3)
    version = made.version(0.9, made_manifest({**COUNTS, "jazz": 70, "soul": 120}))
    decision = made.judge(version)
    assert not decision.promoted
    assert made.champion_now() == 1
    assert made.workspace.models.history("made")[-1].reason == decision.reason
    made.judge(version)
    assert made.actions() == ["promote", "refuse"]


def test_a_test_split_that_was_changed_in_the_store_stops_everything(made: Made) -> None:
    """The manifest's digest is that of its rows."""
    version = made.version(0.9)
    other = made_manifest(COUNTS, {"bandcamp:jazz004": "test"})
    key = f"datasets/{version.dataset}.parquet"
    made.workspace.objects.put(key, other.to_parquet())
    with pytest.raises(UnsafeInput, match="it was altered"):
        made.judge(version)
    assert made.champion_now() is None


def test_covers_that_the_champion_learnt_are_left_out(made: Made) -> None:
    """Two of 120: too few to stop a promotion, and no cover of theirs may count."""
    moved = {"bandcamp:jazz004": "test", "bandcamp:soul004": "test"}
    before = made.champion(0.3)
    decision = ask_gate(
        STUDY, made.version(0.9, made_manifest(COUNTS, moved)), None, made.workspace
    )
    assert decision.evidence is not None
    assert (decision.evidence.left_out, decision.evidence.value.n) == (0, 122)
    case = case_of(made.version(0.9, made_manifest(COUNTS, moved)), before, made.workspace)
    kept = promotion.rows_of_training(case.champion.manifest, case.candidate.manifest)
    test = (case.candidate.manifest.frame["split"] == "test").to_numpy()
    assert int((kept & test).sum()) == 2


@pytest.mark.parametrize("shared", ["group", "pixel_sha256"])
def test_an_album_that_is_gone_still_tells_what_the_champion_learnt(shared: str) -> None:
    """Its artist, or its picture, is on an album of test that the champion never saw."""
    old, new = made_manifest(COUNTS), made_manifest(COUNTS)
    frame = old.frame.copy()
    learnt, tested = (frame["split"] == split for split in ("train", "test"))
    gone, asked = frame.index[learnt][0], frame.index[tested][0]
    frame.loc[gone, [shared, "album"]] = [new.frame.loc[asked, shared], "bandcamp:aaa"]
    known = promotion.rows_of_training(
        Manifest("made", old.classes, frame.sort_values("album", ignore_index=True), {}, {}), new
    )
    assert known[asked]
    assert int(known[tested].sum()) == 1


def borrowing(weights: str) -> Study:
    model = STUDY.model.model_copy(update={"weights": weights})
    return made_study("borrower").model_copy(update={"model": model})


@pytest.mark.parametrize("weights", ["study:made", "study:nobody", "random"])
def test_weights_that_do_not_know_the_test_split_may_be_lent(made: Made, weights: str) -> None:
    made.champion(0.5)
    promotion.require_unseen_test(borrowing(weights), made_manifest(COUNTS), made.workspace)


def test_weights_that_know_the_test_split_are_not_lent(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    made.champion(0.5)
    tens = [f"bandcamp:{name}0{n}4" for name in COUNTS for n in range(10)]
    some, one = (
        made_manifest(COUNTS, dict.fromkeys(albums, "test")) for albums in (tens, tens[:1])
    )
    with pytest.raises(ValidationFailed, match=r"weights study:made: .* 40 of the 160 test covers"):
        promotion.require_unseen_test(borrowing("study:made"), some, made.workspace)
    promotion.require_unseen_test(borrowing("study:made"), one, made.workspace)
    assert "learnt from 1 of the 121 test covers" in caplog.text


def test_weights_that_were_lent_twice_are_followed(made: Made) -> None:
    """``made`` lent to ``middle``, which lends on: it knows what ``made`` learnt."""
    tens = [f"bandcamp:{name}0{n}4" for name in COUNTS for n in range(10)]
    first = made.champion(0.5)
    elsewhere = renamed(made_manifest(COUNTS), "itunes")
    lent = f"/a/cache/{first.sha256}.keras#sha256={first.sha256}"
    middle = borrowing(lent).model_copy(update={"name": "middle"})
    version = made_version(made.workspace, middle, elsewhere, made_answers(elsewhere, 0.5), run="m")
    candidate = read_candidate(made.workspace.objects, "m")
    plan = candidate.plan | {"model": middle.model.model_dump()}
    write_candidate(made.workspace.objects, replace(candidate, plan=plan))
    promote_by_hand(made.workspace.models, "middle", version.version)
    asked = made_manifest(COUNTS, dict.fromkeys(tens, "test"))
    with pytest.raises(
        ValidationFailed,
        match="version 1 of middle, lent by version 1 of made learnt from 40 of the 160",
    ):
        promotion.require_unseen_test(borrowing("study:middle"), asked, made.workspace)
    promotion.require_unseen_test(borrowing("study:middle"), made_manifest(COUNTS), made.workspace)
    # The file by itself is no stranger either.
    with pytest.raises(ValidationFailed, match="version 1 of made learnt from 40"):
        promotion.require_unseen_test(borrowing(lent), asked, made.workspace)
    unknown = borrowing("/a/file.keras#sha256=" + "f" * 64)
    promotion.require_unseen_test(unknown, asked, made.workspace)


def renamed(manifest: Manifest, source: str) -> Manifest:
    """The same covers of another source, which share nothing with these."""
    frame = manifest.frame.assign(
        **{
            name: manifest.frame[name].str.replace("bandcamp", source)
            for name in ("album", "group")
        },
        pixel_sha256=manifest.frame["pixel_sha256"].str[::-1],
    )
    return replace(manifest, frame=frame)


# A person is asked, too.


@pytest.fixture
def asking(workspace: Workspace) -> Made:
    return Made(workspace, made_study(approval=True, approval_hours=2))


def settled(made: Made, version: ModelVersion, answer: Answer | None, seen: int | None) -> Decision:
    return settle_approval(made.study, version.version, answer, made.workspace, seen=seen)


def test_a_version_that_passes_waits_and_is_promoted_once_approved(asking: Made) -> None:
    asking.champion(0.4)
    version = asking.version(0.8)
    waiting = asking.judge(version)
    assert (waiting.promoted, waiting.waits) == (False, True)
    assert asking.judge(version) == waiting
    assert asking.champion_now() == 1
    decision = settled(asking, version, YES, seen=1)
    assert decision.promoted
    assert decision.reason.endswith("; approved by Ann")
    assert asking.champion_now() == version.version
    *_, approved, promoted = asking.workspace.models.history("made")
    assert (approved.action, approved.who, approved.comment) == ("approve", "Ann", "looks right")
    assert (promoted.action, promoted.who, promoted.comment) == ("promote", "Ann", "looks right")
    assert promoted.evidence is not None


def test_a_version_that_does_not_pass_is_nobodys_question(asking: Made) -> None:
    decision = asking.judge(asking.version(0.2))
    assert not decision.waits
    assert asking.actions() == ["refuse"]


def test_a_rejected_version_is_left_alone_until_promoted_by_hand(asking: Made) -> None:
    version = asking.version(0.8)
    no = Answer(approve=False, who="Ann", comment="too red")
    decision = settled(asking, version, no, seen=None)
    assert not decision.promoted
    assert decision.reason.startswith("it was rejected by Ann (too red); to have it all the same:")
    assert asking.judge(version) == decision
    assert asking.actions() == ["reject"]
    promote_by_hand(asking.workspace.models, "made", version.version)
    assert asking.judge(version).promoted


def test_nobody_answered_and_it_is_asked_again(asking: Made) -> None:
    version = asking.version(0.8)
    decision = settled(asking, version, None, seen=None)
    assert decision.reason == "nobody approved it within 2 hours"
    assert asking.actions() == ["refuse"]
    assert asking.judge(version).waits


def test_killed_after_the_answer_was_recorded_it_is_not_asked_again(
    asking: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = asking.version(0.8)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "judge_version", die)
        with pytest.raises(KeyboardInterrupt):
            settled(asking, version, YES, seen=None)
    assert asking.champion_now() is None
    assert asking.judge(version).promoted
    assert asking.workspace.models.history("made")[-1].who == "Ann"
    assert asking.actions() == ["approve", "promote"]


def test_an_approval_is_of_the_champion_that_was_seen(asking: Made) -> None:
    """While it waited another version was promoted: the gate compares, and a person is asked."""
    asking.champion(0.4)
    version, other = asking.version(0.9), asking.version(0.5)
    assert asking.judge(version).waits
    promote_by_hand(asking.workspace.models, "made", other.version)
    again = settled(asking, version, YES, seen=1)
    assert again.waits
    assert again.evidence is not None
    assert again.evidence.champion == other.version
    assert settled(asking, version, YES, seen=other.version).promoted


def test_promoted_by_hand_while_it_waited(asking: Made) -> None:
    version = asking.version(0.8)
    promote_by_hand(asking.workspace.models, "made", version.version)
    assert settled(asking, version, None, seen=None).promoted
    assert asking.actions() == ["promote"]


# Two at once.


@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("later", [False, True], ids=["first", "later"])
def test_two_promotions_at_once_end_with_one_winner(
    made: Made, monkeypatch: pytest.MonkeyPatch, later: bool, attempt: int
) -> None:
    """Both have been compared with the same champion before either moves the alias."""
    if later:
        made.champion(0.3)
    versions, compared = [made.version(0.8), made.version(0.8)], threading.Barrier(2)

    def weigh(*given: Any, **named: Any) -> Decision:
        decision = WEIGH(*given, **named)
        compared.wait(timeout=30)
        return decision

    monkeypatch.setattr(promotion, "weigh", weigh)
    with ThreadPoolExecutor(2) as pool:
        decisions = list(pool.map(made.judge, versions))
    assert sorted(decision.promoted for decision in decisions) == [False, True]
    ((winner, _), (_, lost)) = sorted(
        zip(versions, decisions, strict=True), key=lambda pair: not pair[1].promoted
    )
    assert made.champion_now() == winner.version
    before = "version 1" if later else "nobody"
    assert lost.reason.startswith(f"it was compared with {before}, but version {winner.version}")
    assert made.actions() == ["promote"] * (1 + later)


WEIGH = promotion.weigh


def test_a_roll_back_at_the_same_time_does_not_lose_a_move(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The champion is rolled back between the comparison and the move: the move does not happen."""
    made.champion(0.2)
    made.champion(0.3)

    def weigh(*given: Any, **named: Any) -> Decision:
        roll_back(made.workspace.models, "made")
        return WEIGH(*given, **named)

    monkeypatch.setattr(promotion, "weigh", weigh)
    decision = made.judge(made.version(0.8))
    assert not decision.promoted
    assert "compared with version 2, but version 1 became champion meanwhile" in decision.reason
    assert made.champion_now() == 1


def test_a_rolled_back_version_is_left_alone(made: Made) -> None:
    made.champion(0.4)
    version = made.version(0.8)
    assert made.judge(version).promoted
    roll_back(made.workspace.models, "made")
    assert made.judge(version).reason.startswith("it was rolled back; to have it all the same:")
