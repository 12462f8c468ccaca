"""Three suites: what must hold of albums, of covers and of a split; each rule one row of a table.

``critical`` stops before training, ``warning`` is shown to a person, ``info`` is counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from albumart.dataset.splits import SPLITS
from albumart.images import FORMATS, MAX_SIDE, MIN_SIDE
from albumart.validation.views import UNPARTED

Severity: TypeAlias = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the suites cannot know by themselves.

    Attributes:
        sources: names that albums may come from (suite ``albums``).
        classes: labels of the study (suite ``split``).
        class_floor: rows that each class must have in each split.
        test_floor: rows of a class in test below which its figures mean little.
        imbalance: how many times larger the largest class may be than another.
        share_tolerance: by how much a class's share of test may differ from its share of all.
        several: whether an album may carry more than one label. Splits are dealt by the first of
            them, so that a rare label may lack rows in test by chance: that is then a warning.
    """

    sources: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    class_floor: int = 1
    test_floor: int = 10
    imbalance: float = 20.0
    share_tolerance: float = 0.05
    several: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: a named expectation of Great Expectations about a view, and how much it matters."""

    name: str
    severity: Severity
    view: str
    expectation: str
    arguments: Mapping[str, object]

    @property
    def asked(self) -> str:
        """What it asks, as Great Expectations would be asked."""
        told = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.expectation}({told})"

    @property
    def mostly(self) -> float | None:
        """Share of the rows that must hold it, where not all of them must."""
        mostly = self.arguments.get("mostly")
        return mostly if isinstance(mostly, float) else None


ROW_COUNT: Final = "ExpectTableRowCountToBeBetween"
UNIQUE: Final = "ExpectColumnValuesToBeUnique"
NOT_NULL: Final = "ExpectColumnValuesToNotBeNull"
NULL: Final = "ExpectColumnValuesToBeNull"
REGEX: Final = "ExpectColumnValuesToMatchRegex"
IN_SET: Final = "ExpectColumnValuesToBeInSet"
BETWEEN: Final = "ExpectColumnValuesToBeBetween"

KEY: Final = r"^[a-z0-9_]+:\S+\Z"
URL: Final = r"^(?:https?://[^\s/@]+|file://)/\S"
SHA256: Final = r"^[0-9a-f]{64}\Z"
PHASH: Final = r"^[0-9a-f]{16}\Z"
# Below this a cover is a thumbnail: it can be learnt from, but somebody should know.
SMALL_SIDE: Final = 64
# What a source may leave out: how much it matters, and the share of rows that should have it.
# An unknown artist is counted however rare: nothing but covers keeps such albums in one split.
GIVEN: Final[Mapping[str, tuple[Severity, float]]] = {
    "artist": ("info", 1.0),
    "title": ("info", 0.95),
    "year": ("info", 0.5),
    "url": ("warning", 0.99),
}


def albums_suite(expected: Expected) -> tuple[Check, ...]:
    """Albums as their source told them."""
    sources = {"column": "source", "value_set": [*expected.sources]}
    years = {"column": "year", "min_value": 1860, "max_value": 2100}
    return (
        Check("has_rows", "critical", "albums", ROW_COUNT, {"min_value": 1}),
        Check("key_unique", "critical", "albums", UNIQUE, {"column": "album"}),
        Check("key_shape", "critical", "albums", REGEX, {"column": "album", "regex": KEY}),
        Check("source_known", "critical", "albums", IN_SET, sources),
        Check("has_genre", "warning", "albums", BETWEEN, {"column": "genres", "min_value": 1}),
        Check("cover_url_shape", "warning", "albums", REGEX, {"column": "url", "regex": URL}),
        Check("year_possible", "warning", "albums", BETWEEN, years),
    )


def covers_suite(_expected: Expected) -> tuple[Check, ...]:
    """Stored covers as the image decoder described them."""
    sha256 = {"column": "cover_sha256", "regex": SHA256}
    pixels = {"column": "pixel_sha256", "regex": SHA256}
    formats = {"column": "format", "value_set": [*FORMATS]}
    return (
        Check("has_rows", "critical", "covers", ROW_COUNT, {"min_value": 1}),
        Check("key_unique", "critical", "covers", UNIQUE, {"column": "album"}),
        Check("cover_sha256_shape", "critical", "covers", REGEX, sha256),
        Check("pixel_sha256_shape", "critical", "covers", REGEX, pixels),
        Check("phash_shape", "critical", "covers", REGEX, {"column": "phash", "regex": PHASH}),
        *_sides("covers"),
        Check("format_known", "critical", "covers", IN_SET, formats),
        Check("not_blank", "info", "covers", IN_SET, {"column": "blank", "value_set": [False]}),
    )


def split_suite(expected: Expected) -> tuple[Check, ...]:
    """Rows of a manifest: nothing leaks, and every class can be learnt and measured.

    Rules about classes count an album under each of its labels.
    """
    splits = {"column": "split", "value_set": [*SPLITS]}
    labels = {"column": "label", "value_set": [*expected.classes]}
    few = {"column": "test", "min_value": expected.test_floor}
    balance = {"column": "times_smaller", "max_value": expected.imbalance}
    share = {"column": "test_share_gap", "max_value": expected.share_tolerance}
    return (
        Check("has_rows", "critical", "rows", ROW_COUNT, {"min_value": 1}),
        Check("key_unique", "critical", "rows", UNIQUE, {"column": "album"}),
        Check("split_known", "critical", "rows", IN_SET, splits),
        Check("label_known", "critical", "rows", IN_SET, labels),
        Check("has_label", "critical", "rows", BETWEEN, {"column": "label_count", "min_value": 1}),
        Check("labels_unique", "critical", "rows", NULL, {"column": "repeated_labels"}),
        Check("labels_known", "critical", "rows", NULL, {"column": "unknown_labels"}),
        Check("label_first", "critical", "rows", IN_SET, {"column": "first", "value_set": [True]}),
        Check("split_as_dealt", "critical", "rows", NULL, {"column": "moved"}),
        *(_in_one_split(name) for name in UNPARTED),
        *_sides("rows"),
        *(_class_floor(split, expected) for split in SPLITS),
        Check("class_measurable", "warning", "classes", BETWEEN, few),
        Check("class_balance", "warning", "classes", BETWEEN, balance),
        Check("test_share_near", "warning", "classes", BETWEEN, share),
        Check("not_blank", "info", "rows", IN_SET, {"column": "blank", "value_set": [False]}),
        *(_given(column, *rule) for column, rule in GIVEN.items()),
    )


def _sides(view: str) -> tuple[Check, ...]:
    least = {"column": "shorter", "min_value": MIN_SIDE}
    most = {"column": "longer", "max_value": MAX_SIDE}
    small = {"column": "shorter", "min_value": SMALL_SIDE}
    return (
        Check("side_at_least", "critical", view, BETWEEN, least),
        Check("side_at_most", "critical", view, BETWEEN, most),
        Check("side_not_small", "warning", view, BETWEEN, small),
    )


def _given(column: str, severity: Severity, mostly: float) -> Check:
    arguments: dict[str, object] = {"column": column, "mostly": mostly}
    return Check(f"{column}_known", severity, "rows", NOT_NULL, arguments)


def _in_one_split(column: str) -> Check:
    arguments: dict[str, object] = {"column": f"{column}_splits", "value_set": [1]}
    return Check(f"{column}_in_one_split", "critical", "rows", IN_SET, arguments)


def _class_floor(split: str, expected: Expected) -> Check:
    arguments: dict[str, object] = {"column": split, "min_value": expected.class_floor}
    severity: Severity = "warning" if expected.several and split != "train" else "critical"
    return Check(f"class_in_{split}", severity, "classes", BETWEEN, arguments)


SUITES: Final[dict[str, Callable[[Expected], tuple[Check, ...]]]] = {
    "albums": albums_suite,
    "covers": covers_suite,
    "split": split_suite,
}
