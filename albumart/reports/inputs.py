"""Everything a report is made of, as plain records: no store, no model and no frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from albumart.dataset.card import Card
from albumart.dataset.duplicates import DuplicateCounts
from albumart.evaluation.baselines import NotRun
from albumart.evaluation.evaluate import ClassScore, Evaluation
from albumart.evaluation.intervals import Estimate
from albumart.evaluation.multi_evaluate import LabelScore, MultiEvaluation
from albumart.evaluation.not_sure import Threshold
from albumart.evaluation.people import HumanBaseline
from albumart.evaluation.shortcut import SourceProbe
from albumart.evaluation.slices import Slice
from albumart.evaluation.trials import Trials
from albumart.images import RGB
from albumart.training.state import StageResult


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The study in words. ``label_noun`` is what a class is called in sentences: "genre"."""

    name: str
    title: str
    description: str = ""
    label_noun: str = "genre"


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """What somebody else published for this task: the study's headline figure, 0..1.

    ``classes``: of how many it was, where that is known.
    """

    what: str
    value: float
    low: float | None = None
    high: float | None = None
    source: str = ""
    classes: int | None = None


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What the model learned from and was tested on.

    Attributes:
        digest: names the dataset version.
        by_split: split → class → covers. A cover with several labels counts once for each.
        by_status: cover status → albums; adds up to the albums that the source listed.
        excluded: why a stored cover is not in the dataset → covers.
        by_source: source → covers in the dataset.
        artists_known: whether its source names an artist of any of them.
    """

    digest: str
    by_split: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    by_status: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    by_source: Mapping[str, int] = field(default_factory=dict)
    artists_known: bool = True


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

    ``thumbnail`` is ``(h, w, 3) uint8 RGB``; ``probability`` is that of ``predicted``. A cover with
    several labels has them all in ``label``, with commas between.
    """

    album: str
    thumbnail: RGB
    label: str
    predicted: str
    probability: float
    title: str | None = None
    artist: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Where in a cover the model looked for a label.

    ``overlay`` is ``(h, w, 3) uint8 RGB``, or None where nothing speaks for the label;
    ``place`` says in words where it is hottest; ``probability`` is that of the label.
    """

    asked: str
    probability: float
    overlay: RGB | None
    place: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """A cover, and where the model looked for one label or more."""

    example: CoverExample
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Looks:
    """Where the model looks, and whether that can be believed.

    Attributes:
        method: its name, for people.
        reading: what a hot place says, after "the hotter a place, the more".
        source: who published the method.
        typical: class → its most typical covers, asked for the class.
        mistakes: the worst, asked for what the model said and for the label.
        correlation: of these maps with those of the model after its weights were shuffled, mean
            rank correlation.
        checked: over so many maps.
    """

    method: str
    reading: str
    source: str
    typical: Mapping[str, tuple[LookedAt, ...]]
    mistakes: tuple[LookedAt, ...]
    correlation: float
    checked: int


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What the backbone saw in a cover before it learnt anything of covers.

    ``seen``: names of ImageNet classes with their probabilities, the likeliest first.
    """

    example: CoverExample
    seen: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedCover:
    """A test cover on the map.

    Attributes:
        labels: its own.
        said: what the model says first.
        across, down: its place, both from 0 to 1.
        picture: ``(h, w, 3) uint8 RGB`` where it is shown as one.
    """

    album: str
    labels: tuple[str, ...]
    said: str
    across: float
    down: float
    title: str | None = None
    picture: RGB | None = None

    @property
    def right(self) -> bool:
        """Whether the model names one of its labels first."""
        return self.said in self.labels


@dataclass(frozen=True, slots=True, eq=False)
class CoverPlane:
    """A map of ``n`` test covers, or of a sample of them, and how they were placed."""

    method: str
    covers: tuple[PlacedCover, ...]
    n: int


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
        card: of the dataset version; None where it was given none.
        headline_note: what must be read beside the headline ("trained from scratch: no ImageNet
            weights"); empty where there is nothing to add.
        published: other people's results in the study's headline figure.
        validation: one row per expectation.
        baselines: the headline figure on the same split, by name, or why it was not run;
            ``majority`` is said in the headline.
        gains: this model's figure minus a baseline's on the same covers, paired.
        history: one mapping per epoch with what is known of ``loss``, ``val_loss``, ``accuracy``,
            ``val_accuracy``, ``learning_rate`` and ``stage``.
        stages: of the training, in their order.
        covers: class → thumbnails ``(h, w, 3) uint8 RGB``, a random few of each.
        top_losses: the worst mistakes on the test split, worst first.
        typical: class → the covers of the test split that look most like it to the model.
        looks: where in covers the model looks; None where it was not asked.
        plane: the test covers by how alike they look to the model; None of hardly any.
        sightings: what ImageNet classes its backbone saw in a few covers, where that was asked.
        confused: of a multi-label study, ``(label missed, label said in its stead, covers)``, most
            first; a single-label one has them in its confusion matrix.
        slices: the headline figure again, by what is known of the test covers.
        wanted_precision: how often an answer should be right where "not sure" may be said.
        threshold: from which confidence on it is, chosen on validation and measured on the test
            split; None with ``wanted_precision`` says that no threshold reached it.
        probe: how well the source is told from the cover; None where it was not run.
        people: what people reach on covers of the test split; None where nobody was asked.
        trials: the training again, with other seeds and other splits.
        duplicates: what of the dataset is the same picture or the same album.
        decision: of the promotion gate, once it was asked.
        temperature: fitted on validation and applied to the probabilities.
        plan: training parameters by name; one of them may be a list of mappings, such as those of
            each stage.
        reproduce: the command that makes this run again.
        versions: name → version of what computed it.
        made_on: date, in words for people.
    """

    study: StudyFacts
    dataset: DatasetFacts
    evaluation: Evaluation | MultiEvaluation
    card: Card | None = None
    headline_note: str = ""
    published: tuple[PublishedResult, ...] = ()
    validation: tuple[ExpectationRow, ...] = ()
    baselines: Mapping[str, Estimate | NotRun] = field(default_factory=dict)
    gains: Mapping[str, Estimate] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()
    stages: tuple[StageResult, ...] = ()
    covers: Mapping[str, tuple[RGB, ...]] = field(default_factory=dict)
    top_losses: tuple[CoverExample, ...] = ()
    typical: Mapping[str, tuple[CoverExample, ...]] = field(default_factory=dict)
    looks: Looks | None = None
    plane: CoverPlane | None = None
    sightings: tuple[Sighting, ...] = ()
    confused: tuple[tuple[str, str, int], ...] = ()
    slices: tuple[Slice, ...] = ()
    wanted_precision: float | None = None
    threshold: Threshold | None = None
    probe: SourceProbe | None = None
    people: HumanBaseline | None = None
    trials: Trials | None = None
    duplicates: DuplicateCounts | None = None
    decision: Decision | None = None
    temperature: float | None = None
    plan: Mapping[str, object] = field(default_factory=dict)
    reproduce: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    made_on: str = ""

    @property
    def scores(self) -> Sequence[ClassScore | LabelScore]:
        """Of each class, or of each label."""
        found = self.evaluation
        return found.per_class if isinstance(found, Evaluation) else found.per_label
