"""What model versions say of stored covers, in MongoDB: one document per study and album.

"Most metal" is a question to an index, however many labels there are. An array of ``{label, p}``
could not give its order: MongoDB sorts an array by its greatest element, whichever was asked for.
So a document has a field for each label of note, named by study, version and the number of the
class, under one wildcard index.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient, ReplaceOne

from albumart.album import Origin
from albumart.errors import NotFound
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on
from albumart.stores.models import ModelVersion

BATCH: Final = 1000
# A label is of note if it is among the likeliest ten, or as probable as this. A label of covers
# that are more probable than that is thus ordered by the index alone.
TOP: Final = 10
LEAST: Final = 0.1

_SCHEMA: Final[Document] = {
    "bsonType": "object",
    "required": [
        *("_id", "study", "album", "version", "sha256", "at"),
        *("top", "confidence", "not_sure", "probabilities", "best"),
    ],
    "additionalProperties": False,
    "properties": {
        "_id": {"bsonType": "string"},
        "study": {"bsonType": "string", "minLength": 1},
        "album": {"bsonType": "string", "minLength": 1},
        "version": {"bsonType": "int", "minimum": 1},
        "sha256": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
        "top": {"bsonType": "string"},
        "confidence": {"bsonType": "double"},
        "not_sure": {"bsonType": "bool"},
        # By the numbers of the version's classes; they need not sum to 1.
        "probabilities": {"bsonType": "array", "items": {"bsonType": "double"}},
        "best": {"bsonType": "object", "additionalProperties": {"bsonType": "double"}},
        "at": {"bsonType": "date"},
    },
}


@dataclass(frozen=True, slots=True)
class Score:
    """What a version says of one cover.

    Attributes:
        album: key of the album.
        sha256: of the cover that was looked at.
        probabilities: of the version's classes, in their order.
        not_sure: the best is less probable than the version needs to answer.
    """

    album: str
    sha256: str
    probabilities: tuple[float, ...]
    not_sure: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of "most metal": an album, how probable the label is, and what is likeliest."""

    album: str
    probability: float
    top: str
    not_sure: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The likeliest label of one album, and how probable it is."""

    album: str
    sha256: str
    top: str
    confidence: float
    not_sure: bool


class PredictionStore:
    """The predictions for the albums of one origin."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._predictions = ensure_collection(
            client[database],
            collection_name("predictions", origin),
            schema=_SCHEMA,
            indexes=[index_on("study", "version", "top"), IndexModel([("best.$**", ASCENDING)])],
        )

    def upsert(self, version: ModelVersion, scores: Sequence[Score]) -> None:
        """Write what ``version`` says in the place of what another said. Idempotent."""
        now = datetime.now(UTC)
        documents = [_document(version, score, now) for score in scores]
        for start in range(0, len(documents), BATCH):
            writes = [
                ReplaceOne({"_id": each["_id"]}, each, upsert=True)
                for each in documents[start : start + BATCH]
            ]
            self._predictions.bulk_write(writes, ordered=False)

    def scored(self, version: ModelVersion, albums: Iterable[str]) -> dict[str, str]:
        """Of the albums that ``version`` has scored, the sha256 of the cover it looked at."""
        names = [_name(version.study, album) for album in albums]
        wanted = {"_id": {"$in": names}, "version": version.version}
        found = self._predictions.find(wanted, {"album": 1, "sha256": 1})
        return {each["album"]: each["sha256"] for each in found}

    def answers(self, version: ModelVersion) -> Iterator[Answered]:
        """What ``version`` answers for each album that it has scored."""
        fields = dict.fromkeys(Answered.__slots__, 1)
        for each in self._predictions.find(_of(version), fields):
            yield Answered(**{name: each[name] for name in Answered.__slots__})

    def top_counts(self, version: ModelVersion) -> dict[str, int]:
        """Number of covers by the label that ``version`` gives them; every class is there."""
        grouped = self._predictions.aggregate(
            [{"$match": _of(version)}, {"$group": {"_id": "$top", "n": {"$sum": 1}}}]
        )
        return dict.fromkeys(version.classes, 0) | {each["_id"]: each["n"] for each in grouped}

    def most(self, version: ModelVersion, label: str, *, limit: int) -> list[Ranked]:
        """The albums of which ``version`` says ``label`` with the greatest probability.

        Raises:
            NotFound: it knows no such label; the message names the choices.
        """
        number = class_number(version, label)
        field = f"best.{_slot(version, number)}"
        found = self._ordered(field, {field: {"$gte": 0.0}}, limit)
        # What the index does not hold is less probable than LEAST. Should the answer reach down
        # to that, every document is asked.
        whole = len(version.classes) <= TOP
        if not whole and (len(found) < limit or _probability(found[-1], number) < LEAST):
            found = self._ordered(f"probabilities.{number}", _of(version), limit)
        return [
            Ranked(each["album"], _probability(each, number), each["top"], each["not_sure"])
            for each in found
        ]

    def _ordered(self, field: str, wanted: Document, limit: int) -> list[Document]:
        return list(self._predictions.find(wanted).sort(field, DESCENDING).limit(limit))


def class_number(version: ModelVersion, label: str) -> int:
    """Number of ``label`` among the version's classes, or NotFound with those there are."""
    if label in version.classes:
        return version.classes.index(label)
    close = get_close_matches(label, version.classes, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise NotFound(
        f"version {version.version} of study {version.study!r} knows no label {label!r}{hint}; "
        f"there are: {', '.join(version.classes)}"
    )


def _document(version: ModelVersion, score: Score, now: datetime) -> Document:
    likeliest = sorted(enumerate(score.probabilities), key=lambda each: -each[1])
    (top, confidence), *_ = likeliest
    of_note = [
        (number, p) for place, (number, p) in enumerate(likeliest) if place < TOP or p >= LEAST
    ]
    return {
        "_id": _name(version.study, score.album),
        "study": version.study,
        "album": score.album,
        "version": version.version,
        "sha256": score.sha256,
        "top": version.classes[top],
        "confidence": confidence,
        "not_sure": score.not_sure,
        "probabilities": [*score.probabilities],
        "best": {_slot(version, number): p for number, p in of_note},
        "at": now,
    }


def _name(study: str, album: str) -> str:
    return f"{study} {album}"


def _slot(version: ModelVersion, number: int) -> str:
    """Name of a field; a label itself could hold a dot, which would be a path of two."""
    return f"{version.study}/{version.version}/{number}"


def _of(version: ModelVersion) -> Document:
    return {"study": version.study, "version": version.version}


def _probability(found: Document, number: int) -> float:
    probability: float = found["probabilities"][number]
    return probability
