"""A report with everything in it, and one with nothing that may be left out."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from albumart.album import Origin
from albumart.dataset.card import Card
from albumart.dataset.duplicates import DuplicateCounts
from albumart.evaluation.agreement import Agreement
from albumart.evaluation.baselines import NotRun
from albumart.evaluation.evaluate import evaluate_predictions
from albumart.evaluation.heads import HeadAnswers, compare_heads
from albumart.evaluation.intervals import Estimate, wilson
from albumart.evaluation.multi_evaluate import evaluate_multi_predictions, multi_most_confused
from albumart.evaluation.multi_scores import check_multi_scores, label_shares, order_matrix
from albumart.evaluation.not_sure import Threshold
from albumart.evaluation.people import (
    HumanBaseline,
    PairFigures,
    PersonFigures,
    SameCovers,
)
from albumart.evaluation.seeds import summarize_seeds
from albumart.evaluation.shortcut import SourceProbe
from albumart.evaluation.slices import Slice
from albumart.evaluation.trials import Trials
from albumart.models.label_space import build_label_space, embed_labels
from albumart.reports.inputs import (
    CoverExample,
    CoverPlane,
    DatasetFacts,
    Decision,
    ExpectationRow,
    Look,
    LookedAt,
    Looks,
    PlacedCover,
    PublishedResult,
    ReportInput,
    Sighting,
    StudyFacts,
)
from albumart.training.devices import BFLOAT16, FLOAT32
from albumart.training.lr_finder import RateSearch, ramp
from albumart.training.state import StageResult

CLASSES = (
    *("ambient", "dubstep", "folk", "hiphop_rap", "jazz"),
    *("metal", "pop", "punk", "rock", "soul"),
)
MOODS = (
    *("aggressive", "bittersweet", "bleak", "calm", "cheerful", "cold", "confrontational"),
    *("dreamy", "earthy", "elegant", "energetic", "gloomy", "intimate", "nocturnal"),
    *("playful", "reflective", "sad", "sensual", "sweet", "warm"),
)
SCRIPT = '<img src=x onerror="alert(1)">'
LINK = "[x](javascript:alert(1))"


def made_evaluation(n=560, strength=1.3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.choice(10, n, p=np.r_[0.188, np.full(9, 0.812 / 9)])
    logits = rng.normal(size=(n, 10))
    logits[np.arange(n), truth] += strength * rng.uniform(0.3, 1.7, 10)[truth]
    shares = np.exp(1.5 * logits)
    shares /= shares.sum(axis=1, keepdims=True)
    return evaluate_predictions(truth, shares, classes=CLASSES, groups=np.arange(n) // 2)


def made_moods(n=400, strength=1.2, seed=1):
    """``(truth, probabilities, order)`` of n covers with one to six moods each."""
    rng = np.random.default_rng(seed)
    common = np.geomspace(1, 0.12, len(MOODS))
    common /= common.sum()
    said = [rng.choice(len(MOODS), rng.integers(1, 7), replace=False, p=common) for _ in range(n)]
    order = order_matrix(said, len(MOODS))
    logits = np.log(common) + 1.6 + rng.normal(size=order.shape)
    logits += strength * (order > 0) * rng.uniform(0, 2, len(MOODS))
    return order > 0, 1 / (1 + np.exp(-logits)), order


def made_multi_evaluation():
    truth, probabilities, order = made_moods()
    scores = check_multi_scores(truth, probabilities, order=order)
    evaluation = evaluate_multi_predictions(
        scores,
        MOODS,
        groups=np.arange(len(truth)) // 2,
        shares=label_shares(made_moods(seed=2)[0]),
        threshold=0.4,
    )
    return evaluation, multi_most_confused(scores, MOODS, 8)


def made_compared(*, knows=18):
    """Four heads, each a little better, in a space that knows the first so many moods."""
    truth, _, order = made_moods()
    vectors = np.random.default_rng(3).normal(size=(len(MOODS), 5))
    vectors[knows:] = 0
    composed = {MOODS[1]: ("bitter", "sweet")}
    space = build_label_space(MOODS, vectors, maker="made vectors", composed=composed)

    def judged(strength, **answers):
        told = made_moods(strength=strength)[1]
        return check_multi_scores(truth, told, order=order, vectors=space.vectors, **answers)

    pointing = judged(1.3, answers=embed_labels(made_moods(strength=1.3)[1], space.vectors))
    heads = [
        HeadAnswers("image", judged(1.2)),
        HeadAnswers("image and metadata", judged(1.8), metadata=True, alone=judged(1.1)),
        HeadAnswers("image to space", pointing, in_label_space=True),
        HeadAnswers("both to space", judged(1.9), True, True, judged(1.0)),
    ]
    shares = label_shares(made_moods(seed=2)[0])
    return compare_heads(heads, np.arange(len(truth)) // 2, shares=shares, space=space)


def made_trials(metrics, *, random_gain=0.055):
    """Three seeds near these metrics, as many on a random split, and five folds."""

    def moved(by):
        return {
            name: summarize_seeds([shifted(found, by + luck) for luck in (0.0, -0.011, 0.008)])
            for name, found in metrics.items()
        }

    accuracy = metrics["accuracy"]
    return Trials(
        seeds=(0, 1, 2),
        grouped=moved(0.0),
        random=moved(random_gain),
        leakage=Estimate(random_gain, random_gain - 0.04, random_gain + 0.04, accuracy.n),
        folds=5,
        crossed=Estimate(accuracy.value - 0.01, accuracy.low + 0.01, accuracy.high - 0.03, 3720),
    )


def shifted(found, by):
    return Estimate(found.value + by, found.low + by, found.high + by, found.n)


def made_slices():
    return (
        Slice("source", "bandcamp", 560, wilson(231, 560)),
        Slice("decade", "2010s", 320, wilson(140, 320)),
        Slice("decade", "2000s", 180, wilson(66, 180)),
        Slice("decade", "unknown", 60, wilson(25, 60)),
        Slice("size", "1000 px and more", 500, wilson(210, 500)),
        Slice("size", "600–999 px", 48, wilson(20, 48)),
        Slice("size", "300–599 px", 12, None),
        Slice("colour", "in colour", 470, wilson(200, 470)),
        Slice("colour", "monochrome", 90, wilson(31, 90)),
    )


def made_typical(classes):
    for number, name in enumerate(classes):
        yield (
            name,
            tuple(
                CoverExample(
                    album=f"bandcamp:{100 * number + place}",
                    thumbnail=made_cover(100 * number + place),
                    label=name if place != 2 else classes[number - 1],
                    predicted=name,
                    probability=0.99 - place / 40,
                    title=f"Record {place}",
                    artist="Somebody",
                )
                for place in range(6)
            ),
        )


def made_cover(seed, side=64):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return coarse.repeat(side // 8, axis=0).repeat(side // 8, axis=1)


GROUPS = ("stem", "stage2", "stage3", "stage4", "stage5", "head")
STAGE_EPOCHS = 3
# image size, whether all learn, rate or "find", the validation error it came to
STAGES = (
    (224, False, "find", 0.713),
    (224, True, 2e-4, 0.655),
    (320, False, "find", 0.648),
    (320, True, 1e-4, 0.611),
)


def made_history():
    for epoch in range(STAGE_EPOCHS * len(STAGES)):
        stage, within = divmod(epoch, STAGE_EPOCHS)
        yield {
            "stage": stage + 1.0,
            "epoch": within + 1.0,
            "learning_rate": 1e-3 * 0.7**epoch,
            "batch_size": 64.0,
            "loss": 2.2 * 0.88**epoch,
            "val_loss": 2.2 * 0.92**epoch + 0.01 * epoch,
            "accuracy": 0.6 - 0.5 * 0.85**epoch,
            "val_accuracy": 1 - STAGES[stage][3] - 0.01 * (STAGE_EPOCHS - 1 - within),
        }


def made_search(valley=1e-3, *, noise=0.01, depth=1.1):
    """A range test as they look: flat, down to ``valley``, and up into an explosion."""
    rng, losses = np.random.default_rng(3), []
    rates = ramp(100)
    for rate in rates:
        fall = depth / (1 + (valley / (6 * rate)) ** 1.4)
        losses.append(2.4 - fall + 0.2 * (rate / (30 * valley)) ** 2 + noise * rng.normal())
        if losses[-1] > 4 * min(losses):
            break
    return RateSearch(tuple(rates[: len(losses)]), tuple(losses), valley)


def made_stages():
    history = list(made_history())
    for number, (size, all_learn, rate, _) in enumerate(STAGES):
        search = made_search((1.2e-3, 6e-4)[number // 2]) if rate == "find" else None
        yield StageResult(
            image_size=size,
            unfrozen=GROUPS if all_learn else ("head",),
            learning_rate=search.suggestion if search else rate,
            batch_size=64 if size == 224 else 32,
            epochs=STAGE_EPOCHS,
            precision=BFLOAT16 if all_learn else FLOAT32,
            best=history[STAGE_EPOCHS * (number + 1) - 1],
            search=search,
        )


def made_plan():
    return [
        {
            "image_size": None if size == 224 else size,
            "epochs": STAGE_EPOCHS,
            "learning_rate": [rate / 10, rate] if all_learn else rate,
            "discriminative": 1.0,
            "schedule": "one_cycle",
            "warmup": None,
            "unfrozen": "all" if all_learn else ["head"],
        }
        for size, all_learn, rate, _ in STAGES
    ]


def made_losses():
    texts = [(SCRIPT, LINK), ("Night | `drive`", "Ghost"), (None, None), ("A" * 300, "B")]
    for number, (title, artist) in enumerate(texts):
        yield CoverExample(
            album=f"bandcamp:{number}",
            thumbnail=made_cover(number),
            label=CLASSES[number],
            predicted=CLASSES[number + 1],
            probability=0.97 - number / 20,
            title=title,
            artist=artist,
        )


def made_looks(correlation=0.07):
    """Of two classes and two mistakes; in one cover nothing speaks for the label."""
    first, second, *_ = made_losses()
    heat = Look("ambient", 0.9, made_cover(9), "in the upper left")
    cold = Look("dubstep", 0.01, None)
    return Looks(
        method="Grad-CAM",
        reading="the network found there that speaks for the class",
        source="a made paper",
        typical={"ambient": (LookedAt(first, (heat,)),), "dubstep": (LookedAt(second, (cold,)),)},
        mistakes=(LookedAt(first, (heat, cold)), LookedAt(second, (cold, heat))),
        correlation=correlation,
        checked=24,
    )


def made_plane(labels):
    """Covers of each label about a place of its own; every third is taken for the next label."""
    rng, covers = np.random.default_rng(4), []
    for number, name in enumerate(labels):
        middle = rng.uniform(0.2, 0.8, 2)
        for place in range(12):
            across, down = np.clip(middle + rng.normal(scale=0.12, size=2), 0, 1).tolist()
            covers.append(
                PlacedCover(
                    album=f"bandcamp:{100 * number + place}",
                    labels=(name,),
                    said=name if place % 3 else labels[number - 1],
                    across=across,
                    down=down,
                    title=SCRIPT if place == 0 else None,
                    picture=made_cover(place) if place < 5 else None,
                )
            )
    return CoverPlane("t-SNE", tuple(covers), 560)


def made_card():
    """Of a dataset of two sources, one of which nobody knows."""
    return Card(
        digest="3f9a" * 16, study="sandbox-genre", title="Ten made genres", description="",
        built=datetime(2026, 11, 20, tzinfo=UTC), albumart="0", origin=Origin.RECORDED,
        scopes=("bandcamp",), limit=None, asked={}, parameters={},
        sources={"bandcamp": 3700, "elsewhere": 20}, albums=3720, covers=3680, by_split={},
        by_class={}, excluded={}, rare_labels={}, corrected=0, groups={},
        duplicates=DuplicateCounts(), unknown={}, years=(1971, 2015), blank=0, several=False,
        limits=(f"Its labels are words of {SCRIPT}.",), reproduce="albumart run made --real DIR",
    )  # fmt: skip


def made_sightings():
    for example in made_losses():
        yield Sighting(example, (("book jacket", 0.61), ("comic book", 0.2), ("maze", 0.04)))


def made_people():
    """Two who played long, one who did not, and one who gave up."""
    gain = Estimate(-0.04, -0.13, 0.05, 80)
    scores = SameCovers(*(80, 50, 3), wilson(33, 80), wilson(36, 80), gain)
    alike = Agreement(40, (1, 2), wilson(18, 37), Estimate(0.41, 0.22, 0.6, 37))
    few = replace(scores, answers=12, gain=None)
    return HumanBaseline(
        *("made", 3),
        people=(
            PersonFigures("Ada", scores, 3.4, alike, alike),
            PersonFigures(SCRIPT, few, None, None, None),
        ),
        others=(4,),
        pooled=replace(scores, answers=96),
        between=(PairFigures("Ada", SCRIPT, alike),),
    )


def split_counts(scale):
    return {name: scale * (10 + number) for number, name in enumerate(CLASSES)}


@pytest.fixture(scope="session")
def full_report():
    evaluation = made_evaluation()
    return ReportInput(
        study=StudyFacts("sandbox-genre", "Ten made genres", "Covers that the sandbox draws."),
        dataset=DatasetFacts(
            digest="3f9a" * 16,
            by_split={
                "train": split_counts(20),
                "validation": split_counts(4),
                "test": split_counts(4),
            },
            by_status={"stored": 4444, "absent": 5556, "again": 0},
            excluded={"contradicting_label": 31, "no_known_genre": 4},
            by_source={"bandcamp": 3720},
        ),
        evaluation=evaluation,
        headline_note="trained from scratch: no ImageNet weights",
        published=(
            PublishedResult("VGG16 bottleneck features, 3,000 test covers", 0.33, 0.313, 0.347),
            PublishedResult("colour histogram and Annoy", 0.13, source="albumNet"),
        ),
        validation=(
            ExpectationRow("albums", "album ids are unique", "critical", passed=True),
            ExpectationRow(
                "covers", "no class below 50", "warning", passed=False, detail="soul: 9"
            ),
            ExpectationRow("split", "is a rumour", "unheard_of", passed=False),
        ),
        baselines={
            "chance": Estimate(0.1, 0.075, 0.125, 560),
            "majority": wilson(105, 560),
            "histogram_neighbours": wilson(140, 560),
            "boosted_histograms": NotRun("xgboost is not installed; it comes with a made extra"),
        },
        history=tuple(made_history()),
        stages=tuple(made_stages()),
        covers={name: tuple(made_cover(seed) for seed in range(8)) for name in CLASSES},
        top_losses=tuple(made_losses()),
        typical=dict(made_typical(CLASSES)),
        looks=made_looks(),
        plane=made_plane(CLASSES),
        card=made_card(),
        sightings=tuple(made_sightings()),
        slices=made_slices(),
        wanted_precision=0.8,
        threshold=Threshold(0.72, 0.8, wilson(96, 560), wilson(74, 96)),
        probe=SourceProbe(wilson(640, 800), 0.5, ("bandcamp", "itunes"), CLASSES[:4]),
        people=made_people(),
        trials=made_trials(evaluation.metrics),
        duplicates=DuplicateCounts(
            equal=40, clusters=31, albums=66, contradictions=31, groups=3100
        ),
        decision=Decision(promoted=True, reason="first champion: above guessing", version="v1"),
        temperature=1.4,
        plan={
            "backbone": "small",
            "weights": "random",
            "image_size": 224,
            "frozen": False,
            "sides": (64, 64),
            "augment": {"flip": True, "crop": 0.1},
            "stages": made_plan(),
            "batch_size": 64,
            "weight_decay": 1e-5,
            "clip_norm": None,
        },
        reproduce="albumart run sandbox-genre --sandbox",
        versions={"python": "3.11.7", "keras": "3.15.0"},
        made_on="21 November 2026",
    )


@pytest.fixture(scope="session")
def multi_report():
    """A study with several moods for each cover."""
    evaluation, confused = made_multi_evaluation()
    moods = {score.name: score.support for score in evaluation.per_label}
    return ReportInput(
        study=StudyFacts("sandbox-moods", "Twenty made moods", label_noun="mood"),
        dataset=DatasetFacts(
            digest="7c" * 32,
            by_split={"train": {name: 5 * n for name, n in moods.items()}, "test": moods},
            by_source={"allmusic": 2400, "bandcamp": 60},
        ),
        evaluation=evaluation,
        published=(PublishedResult("a made paper", 0.2),),
        covers={name: tuple(made_cover(seed) for seed in range(8)) for name in MOODS[:3]},
        top_losses=(
            CoverExample("allmusic:1", made_cover(1), "sad, bleak", "cheerful", 0.9, "One", "Two"),
            CoverExample("allmusic:2", made_cover(2), "warm, calm", "calm", 0.7, "Three", "Four"),
        ),
        confused=confused,
        plane=made_plane(MOODS),
        slices=(
            Slice("decade", "1990s", 300, Estimate(0.3, 0.25, 0.36, 300)),
            Slice("decade", "unknown", 100, Estimate(0.33, 0.24, 0.42, 100)),
        ),
        decision=Decision(promoted=False, reason="a person refused it", version="v3"),
        trials=Trials(
            seeds=(0,),
            grouped={name: summarize_seeds([found]) for name, found in evaluation.metrics.items()},
            random={},
            compared=made_compared(),
        ),
        duplicates=DuplicateCounts(groups=2000),
    )


@pytest.fixture(scope="session")
def minimal_report():
    """Two classes, one test cover, nothing else: the least that can be asked for."""
    evaluation = evaluate_predictions([0], [[0.5, 0.5]], classes=("metal", "rap"), groups=["a"])
    return ReportInput(
        study=StudyFacts("tiny", "Tiny"), dataset=DatasetFacts("0" * 64), evaluation=evaluation
    )
