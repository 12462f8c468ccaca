"""Stored rows → frames in which each rule is a rule about one column.

A rule about many rows (no artist on both sides of a split) becomes a column of each row (in how
many splits this row's artist is), so that an expectation can name the rows that break it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from pandas.api.types import is_list_like

from albumart.dataset.duplicates import assign_clusters
from albumart.dataset.manifest import COLUMNS
from albumart.dataset.names import normalize_artist
from albumart.dataset.splits import SPLITS, artist_keys
from albumart.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class View:
    """How a frame is prepared, and which column names its rows.

    Attributes:
        key: column whose values name offending rows.
        needs: columns of the frame that comes in.
        build: frame and classes → the frame that is checked.
        may_have: columns that are looked at where they are there.
    """

    key: str
    needs: tuple[str, ...]
    build: Callable[[pd.DataFrame, Sequence[str]], pd.DataFrame]
    may_have: tuple[str, ...] = ()


def build_view(name: str, frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The frame that the checks of view ``name`` look at.

    Raises:
        ValidationFailed: the frame has rows, but not the columns that the view needs.
    """
    view = VIEWS[name]
    missing = [column for column in view.needs if column not in frame.columns]
    if missing and len(frame):
        raise ValidationFailed(f"{name}: expected columns {list(view.needs)}; {missing} missing")
    return view.build(frame.reindex(columns=[*view.needs, *view.may_have]), classes)


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
    blank = frame["blank"].astype("bool")
    return pd.DataFrame(columns).assign(**_sides(frame), blank=blank)


def _sides(frame: pd.DataFrame) -> "dict[str, pd.Series[int]]":
    sides = frame[["width", "height"]].astype("Int64")
    sides = sides.fillna(0).astype("int64")
    return {"shorter": sides.min(axis=1), "longer": sides.max(axis=1)}


def _view_rows(frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Rows of a manifest, each with the number of splits that hold what must not be parted.

    Duplicates and artists are found anew: a manifest's own groups may be what is wrong with it.
    Where the frame tells what splits were ``dealt``, ``moved`` is said of a row in another one.
    """
    rows = frame.assign(**{name: _words(frame[name]) for name in ("label", "split", "group")})
    rows = rows.assign(**_sides(frame), **_labels(frame, frozenset(classes)))
    names = [None if pd.isna(name) else str(name) for name in frame["artist"]]
    artists = [normalize_artist(name) for name in names]
    rows["artist"] = pd.Series(artists, index=frame.index, dtype="str")
    rows["artist_id"] = artist_keys(frame, names)
    dealt = frame["dealt"].astype("str")
    moved = dealt.notna() & (dealt != rows["split"])
    rows["moved"] = (dealt + " → " + rows["split"]).where(moved)
    rows["duplicate"] = assign_clusters(rows.astype({"blank": "bool"}))["cluster"]
    for name in UNPARTED:
        spread = rows.groupby(name)["split"].transform("nunique")
        rows[f"{name}_splits"] = spread.fillna(1).astype("int64")  # an unknown artist is in one
    return rows


def _labels(frame: pd.DataFrame, classes: frozenset[str]) -> "dict[str, pd.Series[str]]":
    """What is wrong with the labels of each row; missing where nothing is."""
    told = _every_label(frame)
    firsts = zip(frame["label"], told, strict=True)
    columns: dict[str, list[object]] = {
        "label_count": [len(labels) for labels in told],
        "repeated_labels": [_joined(name for name in x if x.count(name) > 1) for x in told],
        "unknown_labels": [_joined(name for name in x if name not in classes) for x in told],
        "first": [labels[:1] == (label,) for label, labels in firsts],
    }
    kinds = dict(zip(columns, ("int64", "str", "str", "bool"), strict=True))
    return {
        name: pd.Series(values, index=frame.index, dtype=kinds[name])
        for name, values in columns.items()
    }


def _joined(names: Iterable[str]) -> str | None:
    return ", ".join(dict.fromkeys(names)) or None


def _every_label(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Labels of each row: the one ``label`` where the frame tells no ``labels``."""
    pairs = zip(frame["label"], frame["labels"], strict=True)
    return [tuple(many) if is_list_like(many) else (one,) for one, many in pairs]


def _view_classes(frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """How many albums carry each class, by split."""
    labels = pd.Series(_every_label(frame), index=frame.index, dtype="object")
    carried = frame.assign(label=labels).explode("label")
    counts = pd.crosstab(carried["label"], carried["split"])
    counts = counts.reindex(index=list(classes), columns=list(SPLITS), fill_value=0)
    rows = counts.sum(axis=1)
    share = rows / max(len(frame), 1)
    test_share = counts["test"] / max((frame["split"] == "test").sum(), 1)
    return counts.assign(
        times_smaller=rows.max() / rows.clip(lower=1),
        test_share_gap=(test_share - share).abs(),
        label=list(classes),
    ).reset_index(drop=True)


def _words(column: "pd.Series[str]") -> "pd.Series[str]":
    # A missing word becomes an empty one: most expectations pass over what is missing.
    return column.astype("str").fillna("")


# What no two splits may share.
UNPARTED: Final = ("group", "duplicate", "pixel_sha256", "artist", "artist_id", "work")
# Columns that manifests have had since some release only, and the split that was dealt.
_LATER: Final = ("labels", "genres", "artist_id", "work", "dealt")

_COVER: Final = ("cover_sha256", "pixel_sha256", "phash", "width", "height", "format", "blank")

VIEWS: Final[dict[str, View]] = {
    "albums": View("album", ("album", "source", "genres", "cover_urls", "year"), _view_albums),
    "covers": View("album", ("album", *_COVER), _view_covers),
    "rows": View("album", tuple(n for n in COLUMNS if n not in _LATER), _view_rows, _LATER),
    "classes": View("label", ("label", "split"), _view_classes, ("labels",)),
}
