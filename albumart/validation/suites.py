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
    """

    sources: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    class_floor: int = 1
    test_floor: int = 10
    imbalance: float = 20.0
    share_tolerance: float = 0.05


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


ROW_COUNT: Final = "ExpectTableRowCountToBeBetween"
UNIQUE: Final = "ExpectColumnValuesToBeUnique"
NOT_NULL: Final = "ExpectColumnValuesToNotBeNull"
REGEX: Final = "ExpectColumnValuesToMatchRegex"
IN_SET: Final = "ExpectColumnValuesToBeInSet"
BETWEEN: Final = "ExpectColumnValuesToBeBetween"

KEY: Final = r"^[a-z0-9_]+:\S+\Z"
URL: Final = r"^(?:https?://[^\s/@]+|file://)/\S"
SHA256: Final = r"^[0-9a-f]{64}\Z"
PHASH: Final = r"^[0-9a-f]{16}\Z"
# Below this a cover is a thumbnail: it can be learnt from, but somebody should know.
SMALL_SIDE: Final = 64


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
    least = {"column": "shorter", "min_value": MIN_SIDE}
    most = {"column": "longer", "max_value": MAX_SIDE}
    small = {"column": "shorter", "min_value": SMALL_SIDE}
    formats = {"column": "format", "value_set": [*FORMATS]}
    return (
        Check("has_rows", "critical", "covers", ROW_COUNT, {"min_value": 1}),
        Check("key_unique", "critical", "covers", UNIQUE, {"column": "album"}),
        Check("cover_sha256_shape", "critical", "covers", REGEX, sha256),
        Check("pixel_sha256_shape", "critical", "covers", REGEX, pixels),
        Check("phash_shape", "critical", "covers", REGEX, {"column": "phash", "regex": PHASH}),
        Check("side_at_least", "critical", "covers", BETWEEN, least),
        Check("side_at_most", "critical", "covers", BETWEEN, most),
        Check("format_known", "critical", "covers", IN_SET, formats),
        Check("side_not_small", "warning", "covers", BETWEEN, small),
        Check("not_blank", "info", "covers", IN_SET, {"column": "blank", "value_set": [False]}),
    )


def split_suite(expected: Expected) -> tuple[Check, ...]:
    """Rows of a manifest: nothing leaks, and every class can be learnt and measured."""
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
        *(_in_one_split(name) for name in UNPARTED),
        *(_class_floor(split, expected.class_floor) for split in SPLITS),
        Check("class_measurable", "warning", "classes", BETWEEN, few),
        Check("class_balance", "warning", "classes", BETWEEN, balance),
        Check("test_share_near", "warning", "classes", BETWEEN, share),
        Check("not_blank", "info", "rows", IN_SET, {"column": "blank", "value_set": [False]}),
        Check("artist_known", "info", "rows", NOT_NULL, {"column": "artist"}),
    )


def _in_one_split(column: str) -> Check:
    arguments: dict[str, object] = {"column": f"{column}_splits", "value_set": [1]}
    return Check(f"{column}_in_one_split", "critical", "rows", IN_SET, arguments)


def _class_floor(split: str, floor: int) -> Check:
    arguments: dict[str, object] = {"column": split, "min_value": floor}
    return Check(f"class_in_{split}", "critical", "classes", BETWEEN, arguments)


SUITES: Final[dict[str, Callable[[Expected], tuple[Check, ...]]]] = {
    "albums": albums_suite,
    "covers": covers_suite,
    "split": split_suite,
}
