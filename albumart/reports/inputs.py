"""Everything a report is made of, as plain records: no store, no model and no frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from albumart.evaluation.evaluate import Evaluation
from albumart.evaluation.intervals import Estimate
from albumart.images import RGB


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The study in words. ``label_noun`` is what a class is called in sentences: "genre"."""

    name: str
    title: str
    description: str = ""
    label_noun: str = "genre"


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """An accuracy that somebody else published for this task."""

    what: str
    value: float
    low: float | None = None
    high: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What the model learned from and was tested on.

    Attributes:
        digest: names the dataset version.
        by_split: split → class → covers.
        by_status: cover status → albums; adds up to the albums that the source listed.
        excluded: why a stored cover is not in the dataset → covers.
    """

    digest: str
    by_split: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    by_status: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpectationRow:
    """One expectation about the data: ``severity`` is critical, warning or info."""

    suite: str
    expectation: str
    severity: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CoverExample:
    """One cover and what the model said about it.

    ``thumbnail`` is ``(h, w, 3) uint8 RGB``; ``probability`` is that of ``predicted``.
    """

    album: str
    thumbnail: RGB
    label: str
    predicted: str
    probability: float
    title: str | None = None
    artist: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the promotion gate decided about this model, and why."""

    promoted: bool
    reason: str
    version: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReportInput:
    """One evaluated model. Only study, dataset and evaluation must be there.

    Attributes:
        study: what was asked.
        dataset: what it was asked of.
        evaluation: on the test split.
        headline_note: what must be read beside the headline ("trained from scratch: no ImageNet
            weights"); empty where there is nothing to add.
        published: other people's accuracies.
        validation: one row per expectation.
        baselines: accuracy on the same split, by name; ``majority`` is said in the headline.
        history: one mapping per epoch with what is known of ``loss``, ``val_loss``, ``accuracy``,
            ``val_accuracy``, ``learning_rate`` and ``stage``.
        covers: class → thumbnails ``(h, w, 3) uint8 RGB``, a random few of each.
        top_losses: the worst mistakes, worst first.
        decision: of the promotion gate, once it was asked.
        temperature: fitted on validation and applied to the probabilities.
        plan: training parameters by name.
        reproduce: the command that makes this run again.
        versions: name → version of what computed it.
        seconds: station → seconds.
        made_on: date, in words for people.
    """

    study: StudyFacts
    dataset: DatasetFacts
    evaluation: Evaluation
    headline_note: str = ""
    published: tuple[PublishedResult, ...] = ()
    validation: tuple[ExpectationRow, ...] = ()
    baselines: Mapping[str, Estimate] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()
    covers: Mapping[str, tuple[RGB, ...]] = field(default_factory=dict)
    top_losses: tuple[CoverExample, ...] = ()
    decision: Decision | None = None
    temperature: float | None = None
    plan: Mapping[str, object] = field(default_factory=dict)
    reproduce: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    made_on: str = ""
