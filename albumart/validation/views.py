"""Stored rows → frames in which each rule is a rule about one column.

A rule about many rows (no artist on both sides of a split) becomes a column of each row (in how
many splits this row's artist is), so that an expectation can name the rows that break it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from albumart.dataset.duplicates import assign_clusters
from albumart.dataset.manifest import COLUMNS
from albumart.dataset.names import normalize_artist
from albumart.dataset.splits import SPLITS
from albumart.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class View:
    """How a frame is prepared, and which column names its rows.

    Attributes:
        key: column whose values name offending rows.
        needs: columns of the frame that comes in.
        build: frame and classes → the frame that is checked.
    """

    key: str
    needs: tuple[str, ...]
    build: Callable[[pd.DataFrame, Sequence[str]], pd.DataFrame]


def build_view(name: str, frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The frame that the checks of view ``name`` look at.

    Raises:
        ValidationFailed: the frame has rows, but not the columns that the view needs.
    """
    view = VIEWS[name]
    missing = [column for column in view.needs if column not in frame.columns]
    if missing and len(frame):
        raise ValidationFailed(f"{name}: expected columns {list(view.needs)}; {missing} missing")
    return view.build(frame.reindex(columns=list(view.needs)), classes)


def _view_albums(frame: pd.DataFrame, _classes: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "album": _words(frame["album"]),
            "source": _words(frame["source"]),
            "genres": frame["genres"].map(len).astype("int64"),
            "url": frame["cover_urls"].map(lambda urls: next(iter(urls), None)).astype("str"),
            "year": frame["year"].astype("Int64"),
        }
    )


def _view_covers(frame: pd.DataFrame, _classes: Sequence[str]) -> pd.DataFrame:
    texts = ("album", "cover_sha256", "pixel_sha256", "phash", "format")
    columns = {name: _words(frame[name]) for name in texts}
    sides = frame[["width", "height"]].astype("Int64")
    sides = sides.fillna(0).astype("int64")
    return pd.DataFrame(columns).assign(
        shorter=sides.min(axis=1), longer=sides.max(axis=1), blank=frame["blank"].astype("bool")
    )


def _view_rows(frame: pd.DataFrame, _classes: Sequence[str]) -> pd.DataFrame:
    """Rows of a manifest, each with the number of splits that hold what must not be parted.

    Duplicates and artists are found anew: a manifest's own groups may be what is wrong with it.
    """
    rows = frame.assign(**{name: _words(frame[name]) for name in ("label", "split", "group")})
    artist = frame["artist"].map(lambda name: None if pd.isna(name) else normalize_artist(name))
    rows["artist"] = artist.astype("str")
    rows["duplicate"] = assign_clusters(rows.astype({"blank": "bool"}))["cluster"]
    for name in UNPARTED:
        spread = rows.groupby(name)["split"].transform("nunique")
        rows[f"{name}_splits"] = spread.fillna(1).astype("int64")  # an unknown artist is in one
    return rows


def _view_classes(frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    counts = pd.crosstab(frame["label"], frame["split"])
    counts = counts.reindex(index=list(classes), columns=list(SPLITS), fill_value=0)
    rows = counts.sum(axis=1)
    share = rows / max(rows.sum(), 1)
    test_share = counts["test"] / max(counts["test"].sum(), 1)
    return counts.assign(
        times_smaller=rows.max() / rows.clip(lower=1),
        test_share_gap=(test_share - share).abs(),
        label=list(classes),
    ).reset_index(drop=True)


def _words(column: "pd.Series[str]") -> "pd.Series[str]":
    # A missing word becomes an empty one: most expectations pass over what is missing.
    return column.astype("str").fillna("")


# What no two splits may share.
UNPARTED: Final = ("group", "duplicate", "pixel_sha256", "artist")

_COVER: Final = ("cover_sha256", "pixel_sha256", "phash", "width", "height", "format", "blank")

VIEWS: Final[dict[str, View]] = {
    "albums": View("album", ("album", "source", "genres", "cover_urls", "year"), _view_albums),
    "covers": View("album", ("album", *_COVER), _view_covers),
    "rows": View("album", tuple(COLUMNS), _view_rows),
    "classes": View("label", ("label", "split"), _view_classes),
}
