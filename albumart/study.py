"""A Study: what to collect, how to label, how to train. One TOML file says all of it."""

import difflib
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from albumart.errors import BadStudy, NotFound
from albumart.query import Query

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

    ``weights``: ``imagenet`` (Keras downloads them), ``random``, or the path of a Keras ``.h5``.
    """

    backbone: str
    weights: str = "imagenet"
    image_size: int = Field(default=224, ge=32, le=512)


class Train(_Table):
    """One stage of training. A frozen backbone's features are computed once.

    ``weight_decay`` is AdamW's: each step shrinks the weights by ``learning_rate × weight_decay``.
    """

    frozen: bool = True
    epochs: int = Field(default=60, ge=1, le=1000)
    batch_size: int = Field(default=64, ge=1, le=4096)
    learning_rate: float = Field(default=1e-3, gt=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0, le=100)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    patience: int = Field(default=8, ge=1)
    seed: int = 0


class Promotion(_Table):
    """When a candidate replaces the champion.

    ``delta``: how much worse the lower bound of the paired difference in accuracy may be;
    ``class_delta``: how much recall any one class may lose.
    """

    delta: float = Field(default=0.01, ge=0, lt=1)
    class_delta: float = Field(default=0.15, ge=0, le=1)


class Published(_Table):
    """A figure that somebody published for this task, with its interval where one is known."""

    what: str
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
    collect: Collect
    labels: Labels
    split: Split = Split()
    model: Model
    train: Train = Train()
    promotion: Promotion = Promotion()
    published: tuple[Published, ...] = ()

    def with_model(self, *, backbone: str | None, weights: str | None) -> "Study":
        """This study with another backbone or other weights, where they are given."""
        given = {"backbone": backbone, "weights": weights}
        changes = {name: value for name, value in given.items() if value is not None}
        return self.model_copy(update={"model": self.model.model_copy(update=changes)})

    def with_source(self, source: str | None, url: str | None) -> "Study":
        """This study on another source, where one is given."""
        if source is None:
            return self
        return self.model_copy(update={"collect": Collect(source=source, url=url)})


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
        problems = "; ".join(_explain(problem, path, text) for problem in error.errors())
        raise BadStudy(problems) from error


def _study_files() -> Iterator[Path]:
    for entry in files("albumart").joinpath("studies").iterdir():
        if entry.name.endswith(".toml"):
            yield Path(str(entry))


def _explain(problem: ErrorDetails, path: Path, text: str) -> str:
    location = [str(part) for part in problem["loc"]]
    where = f"{path}:{_line_of(location, text)}: {'.'.join(location)}"
    if problem["type"] == "extra_forbidden":
        choices = ", ".join(_fields_at(location[:-1]))
        return f"{where}: unknown key; expected one of: {choices}"
    return f"{where}: {problem['msg']}; got {problem['input']!r}"


def _line_of(location: list[str], text: str) -> int:
    """Best line to look at: the key's own line inside its table, else the table's."""
    line, table = 1, ""
    for number, content in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+([\w.-]+)\]+", content):
            table = header[1]
            line = number if table == location[0] else line
        key = re.match(r"\s*([\w-]+)\s*=", content)
        path = [*filter(None, table.split(".")), key[1]] if key else []
        if path and path == [part for part in location if not part.isdigit()][: len(path)]:
            return number
    return line


def _fields_at(location: list[str]) -> list[str]:
    model: type[BaseModel] = Study
    for part in location:
        if part.isdigit():
            continue
        annotation = model.model_fields[part].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
    return sorted(model.model_fields)
