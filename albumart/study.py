"""A Study: what to collect, how to label, how to train. One TOML file says all of it."""

import difflib
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from albumart.errors import BadStudy, NotFound
from albumart.query import Query
from albumart.study_problems import explain_problem
from albumart.train_plan import TrainPlan

COOCCURRENCE: Final = "cooccurrence"
GLOVE: Final = "glove:"

Fraction = Annotated[float, Field(gt=0, lt=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Collect(_Table):
    """Which source is asked, and what.

    ``url`` overrides the source's own address; ``country`` and ``genres`` are for sources that
    take them.
    """

    source: str = Field(pattern="^[a-z]+$")
    url: str | None = None
    country: str | None = None
    genres: tuple[str, ...] = ()

    @property
    def query(self) -> Query:
        """What the source is asked."""
        return Query(self.url, self.country, self.genres)

    @property
    def scope(self) -> str:
        """Name of the part of the source that the study is about."""
        return self.query.scope(self.source)


def _listed(given: object) -> object:
    """A study of one source may write ``[collect]`` for ``[[collect]]``."""
    return [given] if isinstance(given, dict | Collect) else given


class Labels(_Table):
    """How raw words become one class.

    ``single``: the album's first word that is a class, else the first that is a kind of one;
    ``umbrella``: the last; ``pick_two``: one of two, albums that carry both are left out;
    ``multi_hot``: each class or not; ``ordered``: moods in their order, all of them where no
    classes are named.

    A class with fewer than ``min_covers`` covers is left out of the dataset; the report says so.
    """

    scheme: Literal["single", "umbrella", "pick_two", "multi_hot", "ordered"] = "single"
    classes: tuple[str, ...] = ()
    min_covers: int = Field(default=20, ge=10)

    @property
    def several(self) -> bool:
        """Whether an album may carry more than one label."""
        return self.scheme in ("multi_hot", "ordered")

    @property
    def noun(self) -> str:
        """What a label is called in sentences."""
        return "mood" if self.scheme == "ordered" else "genre"

    @model_validator(mode="after")
    def _names_each_class_once(self) -> "Labels":
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes must be different from each other")
        if len(self.classes) < 2 and (self.classes or self.scheme != "ordered"):
            raise ValueError("expected two classes or more")
        if self.scheme == "pick_two" and len(self.classes) != 2:
            raise ValueError("pick_two takes two classes")
        return self


class Split(_Table):
    """Shares of the three splits and the seed of their order."""

    train: Fraction = 0.70
    validation: Fraction = 0.15
    test: Fraction = 0.15
    seed: int = 0

    @property
    def fractions(self) -> dict[str, float]:
        """Share of each split by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @model_validator(mode="after")
    def _sums_to_one(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self


class Model(_Table):
    """The backbone, its weights and the size of the pixels it sees.

    ``weights``: ``imagenet`` (Keras downloads them; ``preset`` of a network of keras-hub),
    ``random``, the path of a Keras ``.h5`` or ``.keras`` file, an address ``https://…#sha256=…``,
    or ``study:<name>``: those of its champion. A path may carry ``#sha256=…`` too.
    ``alpha``: share of the backbone's width, where weights of narrower ones exist (MobileNetV2).
    ``pooling``: features are the ``average`` over the last map, the whole map (``flatten``), or
    ``moments``: of maps of every depth the average and the covariance of channels, which tells a
    picture's style.
    ``preprocess``: what the backbone was trained with, or ``divide_by_255``, which it was not: only
    to repeat what others published.
    """

    backbone: str
    weights: str = "imagenet"
    image_size: int = Field(default=224, ge=32, le=512)
    alpha: float = Field(default=1.0, gt=0, le=2)
    pooling: Literal["average", "flatten", "moments"] = "average"
    preprocess: Literal["own", "divide_by_255"] = "own"


class Head(_Table):
    """What stands on the backbone's features.

    ``kind``: ``softmax`` tells one class of several; ``sigmoid`` each label or not;
    ``label_embedding`` a direction in label space, whose nearest labels it means.
    ``hidden``: units of a layer before the last; 0 is none. ``dropout``: share of the features, or
    of the hidden units, that training leaves out at random.
    ``space``: where the labels lie: ``cooccurrence`` of the training split, or word vectors:
    ``glove:`` before the path of a file in GloVe's format or ``https://…#sha256=…`` of one.
    ``weighting``: an album's labels count alike (``mean``) or the first most (``rank``).
    ``metadata``: it is shown the album's genres and year, too. It knows more than the cover, so it
    is only compared, never promoted. ``hide_metadata``: share of the rows whose metadata is hidden
    in training, so that it can do without where none is known.
    """

    title: str = ""
    kind: Literal["softmax", "sigmoid", "label_embedding"] = "softmax"
    hidden: int = Field(default=0, ge=0, le=8192)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    space: str = "cooccurrence"
    weighting: Literal["mean", "rank"] = "mean"
    metadata: bool = False
    hide_metadata: float = Field(default=0.25, ge=0, lt=1)

    @property
    def name(self) -> str:
        """Its title, or its kind where it has none."""
        return self.title or self.kind

    @field_validator("space")
    @classmethod
    def _is_a_space(cls, space: str) -> str:
        if space != COOCCURRENCE and not (space.startswith(GLOVE) and space[len(GLOVE) :]):
            raise ValueError(
                f"expected {COOCCURRENCE!r}, or {GLOVE!r} and a file of word vectors or its address"
            )
        return space


class Promotion(_Table):
    """When a candidate replaces the champion.

    ``metric``: what the two are compared in. ``delta``: how much worse the lower bound of the
    paired difference may be. ``class_delta``: how much of it (of accuracy: of its recall) any one
    class may lose. ``class_floor``: covers that each class must have in the test split.

    ``approval``: a person is asked, too, and has ``approval_hours`` to answer.
    """

    metric: Literal["accuracy", "micro_pr_auc"] = "accuracy"
    delta: float = Field(default=0.01, ge=0, lt=1)
    class_delta: float = Field(default=0.15, ge=0, le=1)
    class_floor: int = Field(default=5, ge=1)
    approval: bool = False
    approval_hours: float = Field(default=24, gt=0, le=24 * 30)


class Trials(_Table):
    """How often the training is done again, to see what chance and leakage do to its figures.

    ``seeds``: trainings on the dataset's own split, the model's own with its seed among them.
    ``random_split``: as many on a split that parts artists and duplicates: what it gains leaked.
    ``folds``: parts of a cross-validation in which each cover is tested once; 0 is none.
    """

    seeds: int = Field(default=3, ge=1, le=20)
    random_split: bool = True
    folds: int = Field(default=0, ge=0, le=20)

    @model_validator(mode="after")
    def _has_folds_for_three_splits(self) -> "Trials":
        if self.folds in (1, 2):
            raise ValueError("folds: expected 0, or 3 or more")
        return self


class Rehearsal(_Table):
    """What is otherwise where a study runs in the sandbox, whose covers are made and few.

    A small network from random weights says of them what a great one would, in minutes and without
    a download. There are no folds. ``split``: where the study's own would leave a class of few
    covers untested.
    """

    model: Model
    train: TrainPlan
    split: Split | None = None
    seeds: int = Field(default=1, ge=1, le=20)


class Published(_Table):
    """A figure that somebody published for this task, with its interval where one is known.

    ``classes``: of how many it was, where another number makes the task another one.
    """

    what: str
    classes: int | None = Field(default=None, ge=2)
    value: Fraction
    low: Fraction | None = None
    high: Fraction | None = None
    source: str = ""


class Study(_Table):
    """Everything that one study decides."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    title: str
    description: str = ""
    sandbox: bool = Field(default=False, description="Runs on the sandbox unless told otherwise.")
    collect: Annotated[tuple[Collect, ...], Field(min_length=1), BeforeValidator(_listed)]
    labels: Labels
    split: Split = Split()
    model: Model
    head: Head = Head()
    compare: tuple[Head, ...] = Field(default=(), description="Other heads, on the same split.")
    train: TrainPlan = TrainPlan()
    promotion: Promotion = Promotion()
    trials: Trials = Trials()
    rehearsal: Rehearsal | None = None
    published: tuple[Published, ...] = ()
    sure: Fraction = Field(
        default=0.8, description="Share of answers that must be right; else it is not sure."
    )

    @property
    def scopes(self) -> tuple[str, ...]:
        """Names of the parts of sources that the study is about, in its order."""
        return tuple(each.scope for each in self.collect)

    @field_validator("collect")
    @classmethod
    def _asks_for_each_once(cls, collect: tuple[Collect, ...]) -> tuple[Collect, ...]:
        scopes = [each.scope for each in collect]
        if twice := sorted({scope for scope in scopes if scopes.count(scope) > 1}):
            raise ValueError(f"expected each source and query once, not {', '.join(twice)} again")
        return collect

    @model_validator(mode="after")
    def _has_a_head_for_its_labels(self) -> "Study":
        several = self.labels.several
        kinds = ("sigmoid", "label_embedding") if several else ("softmax",)
        metric = "micro_pr_auc" if several else "accuracy"
        if self.promotion.metric != metric:
            raise ValueError(
                f"promotion.metric: expected {metric} for labels.scheme {self.labels.scheme!r}; "
                f"got {self.promotion.metric!r}"
            )
        for head in (self.head, *self.compare):
            if head.kind not in kinds:
                raise ValueError(
                    f"head.kind: expected {' or '.join(kinds)} for labels.scheme "
                    f"{self.labels.scheme!r}; got {head.kind!r}"
                )
        return self

    @model_validator(mode="after")
    def _compares_like_with_like(self) -> "Study":
        names = Counter(head.name for head in (self.head, *self.compare))
        if (twice := names.most_common(1)[0])[1] > 1:
            raise ValueError(f"compare: expected each head's title once, not {twice[0]!r} again")
        if self.head.metadata:
            raise ValueError(
                "head.metadata: expected false, for what is promoted must do with a cover alone; "
                "a head that is shown metadata belongs under [[compare]]"
            )
        if self.labels.noun == "genre" and any(head.metadata for head in self.compare):
            raise ValueError(
                "compare.metadata: expected labels that are not made of genres, such as ordered "
                "moods: the genres that the head is shown would hold the answer"
            )
        return self

    def with_model(self, *, backbone: str | None, weights: str | None) -> "Study":
        """This study with another backbone or other weights, where they are given."""
        given = {"backbone": backbone, "weights": weights}
        changes = {name: value for name, value in given.items() if value is not None}
        return self.model_copy(update={"model": self.model.model_copy(update=changes)})

    def with_label_vectors(self, where: str | None) -> "Study":
        """This study with the label space of a file of word vectors for all heads, if given."""
        if where is None:
            return self
        given = {"space": f"{GLOVE}{where}"}
        compare = tuple(head.model_copy(update=given) for head in self.compare)
        return self.model_copy(
            update={"head": self.head.model_copy(update=given), "compare": compare}
        )

    def rehearsed(self) -> "Study":
        """This study as the sandbox runs it."""
        if self.rehearsal is None:
            return self
        few = {"seeds": self.rehearsal.seeds, "folds": 0}
        trials = self.trials.model_copy(update=few)
        given = {"model": self.rehearsal.model, "train": self.rehearsal.train}
        split = self.rehearsal.split or self.split
        return self.model_copy(update={**given, "trials": trials, "split": split})

    def with_source(self, source: str | None, url: str | None) -> "Study":
        """This study on another source in the place of all of its own, where one is given."""
        if source is None:
            return self
        return self.model_copy(update={"collect": (Collect(source=source, url=url),)})


def list_studies() -> list[str]:
    """Names of the studies that come with the package."""
    return sorted(path.name.removesuffix(".toml") for path in _study_files())


def load_study(name: str) -> Study:
    """The study called ``name``, or the one in the file that ``name`` is a path of.

    Raises:
        NotFound: no such study; the message names those there are.
        BadStudy: the file holds an unknown key or an impossible value.
    """
    if name.endswith(".toml"):
        return read_study(Path(name))
    for path in _study_files():
        if path.name == f"{name}.toml":
            return read_study(path)
    near = difflib.get_close_matches(name, list_studies(), n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise NotFound(f"no study {name!r}{hint}; there are: {', '.join(list_studies())}")


def study_name(given: str) -> str:
    """Name of the study that is called ``given``, or that the file ``given`` describes.

    What the stores know of a study they know by its name, wherever its file is.
    """
    return load_study(given).name if given.endswith(".toml") else given


def read_study(path: Path) -> Study:
    """Parse and check one study file. Raises BadStudy with the line, or NotFound."""
    try:
        text = path.read_text(encoding="utf-8")
        return Study.model_validate(tomllib.loads(text))
    except OSError as error:
        raise NotFound(f"cannot read study file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadStudy(f"{path}: expected TOML; {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            explain_problem(problem, Study, path, text) for problem in error.errors()
        )
        raise BadStudy(problems) from error


def _study_files() -> Iterator[Path]:
    for entry in files("albumart").joinpath("studies").iterdir():
        if entry.name.endswith(".toml"):
            yield Path(str(entry))
