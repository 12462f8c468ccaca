"""The stored covers of a study as one table: their own labels, and what the champion says of them.

What a version has scored lies in MongoDB, the labels in the dataset's manifest. Joined in memory
they can be filtered by anything: a million covers are a few hundred megabytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from albumart.errors import NotFound
from albumart.holdout import read_holdout
from albumart.stores.predictions import Answered
from albumart.web.champions import Live

PAGE: Final = 24
TYPICAL: Final = 8
_TOLD: Final = ("album", "title", "artist", "year", "label", "labels", "split", "cover_sha256")
_SAID: Final = ("top", "confidence", "not_sure")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which covers, and in what order.

    Attributes:
        label: a label; empty for all.
        by: whose word the label is: ``said`` by the model, or the cover's ``own``.
        answer: a row of ANSWERS; empty for all.
        split: of the dataset; empty for all.
        words: that title or artist hold.
        order: a row of ORDERS.
        page: from 1.
    """

    label: str = ""
    by: str = "said"
    answer: str = ""
    split: str = ""
    words: str = ""
    order: str = "surest"
    page: int = 1


@dataclass(frozen=True, slots=True)
class CoverRow:
    """One cover of the table; what is not known is empty.

    Attributes:
        own: labels of the dataset.
        top: what the model says.
        wrong: whether that is another label than its own; None where one of both is not known.
    """

    album: str
    sha256: str
    title: str
    artist: str
    year: int | None
    own: tuple[str, ...]
    split: str
    top: str
    confidence: float | None
    not_sure: bool
    wrong: bool | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the covers that were asked for, and how many there are of them."""

    rows: tuple[CoverRow, ...]
    total: int
    page: int
    pages: int


ANSWERS: Final[Mapping[str, str]] = {
    "wrong": "wrong",
    "right": "right",
    "sure": "sure",
    "not-sure": "not sure",
}
ORDERS: Final[Mapping[str, str]] = {
    "surest": "surest first",
    "least-sure": "least sure first",
    "album": "by key",
}


class Collection:
    """The table of one version."""

    def __init__(self, frame: pd.DataFrame, *, scored: bool) -> None:
        self._frame, self.scored = frame, scored
        self._places = {album: place for place, album in enumerate(frame["album"])}

    def __len__(self) -> int:
        return len(self._frame)

    def find(self, wanted: Wanted, *, size: int = PAGE) -> Found:
        """A page of covers. Beyond the last page comes the last."""
        rows = self._ordered(np.flatnonzero(self._mask(wanted)), wanted.order)
        pages = max(1, -(-len(rows) // size))
        page = min(max(wanted.page, 1), pages)
        shown = rows[(page - 1) * size : page * size]
        return Found(self.rows(shown), len(rows), page, pages)

    def typical(self, label: str, count: int = TYPICAL) -> tuple[CoverRow, ...]:
        """The covers that the model holds most surely for ``label``."""
        return self.find(Wanted(label=label), size=count).rows

    def row(self, album: str) -> CoverRow | None:
        """The cover of an album, if it is here."""
        place = self._places.get(album)
        return None if place is None else self.rows(np.array([place]))[0]

    def named(self, albums: Sequence[str]) -> list[CoverRow]:
        """Those of the albums that are here, in their order."""
        places = [self._places[album] for album in albums if album in self._places]
        return list(self.rows(np.array(places, np.intp)))

    def every(self) -> tuple[CoverRow, ...]:
        """Every cover, in the order of the keys."""
        return self.rows(np.arange(len(self)))

    def counts(self) -> dict[str, int]:
        """Number of covers by what the model says."""
        told = self._frame["top"]
        return {str(name): int(n) for name, n in told[told != ""].value_counts().items()}

    @property
    def splits(self) -> list[str]:
        """Names of the splits that there are."""
        return [str(name) for name in self._frame["split"].unique() if name]

    def rows(self, places: NDArray[np.intp]) -> tuple[CoverRow, ...]:
        """Rows by where they stand."""
        records = self._frame.iloc[places].to_dict("records")
        return tuple(_row({str(name): value for name, value in each.items()}) for each in records)

    def _mask(self, wanted: Wanted) -> NDArray[np.bool_]:
        frame = self._frame
        mask = np.ones(len(frame), dtype=np.bool_)
        if wanted.label and wanted.by == "own":
            mask &= np.array([wanted.label in labels for labels in frame["labels"]], np.bool_)
        elif wanted.label:
            mask &= (frame["top"] == wanted.label).to_numpy()
        if wanted.split:
            mask &= (frame["split"] == wanted.split).to_numpy()
        if wanted.answer:
            mask &= self._answered(wanted.answer)
        if wanted.words:
            text = frame["search"]
            for word in wanted.words.lower().split():
                mask &= text.str.contains(word, regex=False).to_numpy()
        return mask

    def _answered(self, answer: str) -> NDArray[np.bool_]:
        frame = self._frame
        known = (frame["top"] != "").to_numpy()
        if answer in ("sure", "not-sure"):
            not_sure = frame["not_sure"].to_numpy(dtype=np.bool_)
            return np.asarray(known & (not_sure if answer == "not-sure" else ~not_sure))
        judged = known & (frame["label"] != "").to_numpy()
        wrong = frame["wrong"].to_numpy(dtype=np.bool_)
        return np.asarray(judged & (wrong if answer == "wrong" else ~wrong))

    def _ordered(self, rows: NDArray[np.intp], order: str) -> NDArray[np.intp]:
        if order == "album":
            return rows
        confidence = self._frame["confidence"].to_numpy()[rows]
        keys = -confidence if order == "surest" else confidence
        return rows[np.argsort(keys, kind="stable")]  # nan, which nobody is sure of, comes last


def build_collection(live: Live) -> Collection:
    """Join what the champion has scored with its dataset.

    Where it has scored nothing yet, what it said of the test split stands in.
    """
    told = live.manifest.frame[list(_TOLD)].rename(columns={"cover_sha256": "sha256"})
    said = pd.DataFrame(
        [asdict(each) for each in live.workspace.predictions.answers(live.version)],
        columns=list(Answered.__slots__),
    )
    scored = len(said) > 0
    if not scored:
        said = _of_test_split(live)
    joined = told.merge(said, how="outer", on="album", suffixes=("", "_scored"), sort=True)
    return Collection(_completed(joined), scored=scored)


def _of_test_split(live: Live) -> pd.DataFrame:
    frame = live.manifest.frame
    test = frame[frame["split"] == "test"]
    try:
        probabilities = read_holdout(live.workspace.objects, live.version.run).probabilities
    except NotFound:
        return pd.DataFrame(columns=list(Answered.__slots__))
    best = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    return pd.DataFrame(
        {
            "album": test["album"].to_numpy(),
            "sha256": test["cover_sha256"].to_numpy(),
            "top": [live.version.classes[number] for number in best],
            "confidence": confidence,
            "not_sure": ~(confidence >= live.predictor.least_confidence),
        }
    )


def _completed(joined: pd.DataFrame) -> pd.DataFrame:
    """Nothing is missing any more: what is not known is empty."""
    labels = [each if isinstance(each, tuple) else () for each in joined["labels"]]
    filled = joined.assign(
        # The cover that was looked at may be newer than the dataset.
        sha256=joined["sha256_scored"].where(joined["sha256_scored"].notna(), joined["sha256"]),
        **{name: joined[name].fillna("").astype(str) for name in _TEXTS},
        labels=pd.Series(labels, index=joined.index, dtype="object"),
        confidence=joined["confidence"].astype("float64"),
        not_sure=joined["not_sure"].eq(True),
    ).drop(columns="sha256_scored")
    pairs = zip(filled["top"], filled["labels"], strict=True)
    filled["wrong"] = [bool(top) and bool(own) and top not in own for top, own in pairs]
    words = filled["title"] + " " + filled["artist"] + " " + filled["album"]
    filled["search"] = words.str.lower()
    return filled


_TEXTS: Final = ("title", "artist", "label", "split", "top")


def _row(fields: dict[str, object]) -> CoverRow:
    top, own = str(fields["top"]), fields["labels"]
    year, confidence = fields["year"], fields["confidence"]
    labels = tuple(map(str, own)) if isinstance(own, tuple) else ()
    return CoverRow(
        album=str(fields["album"]),
        sha256=str(fields["sha256"]),
        title=str(fields["title"]),
        artist=str(fields["artist"]),
        year=None if pd.isna(year) else int(str(year)),  # type: ignore[call-overload]
        own=labels,
        split=str(fields["split"]),
        top=top,
        confidence=confidence if isinstance(confidence, float) and top else None,
        not_sure=bool(fields["not_sure"]),
        wrong=(top not in labels) if top and labels else None,
    )
