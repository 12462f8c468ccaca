"""What people say of covers that they see blind, in MongoDB: one answer of a player to an album.

The first answer counts, for after it the player is told what is right. What is right is not kept
here: the dataset says it, and may say it anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from pymongo import ASCENDING, MongoClient
from pymongo.errors import BulkWriteError

from albumart.album import Origin
from albumart.stores.collections import Document, collection_name, ensure_collection, index_on

Via = Literal["game", "file"]

_DUPLICATE_KEY: Final = 11000
_DIGEST: Final[Document] = {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"}
_SCHEMA: Final[Document] = {
    "bsonType": "object",
    "required": [
        *("_id", "study", "player", "name", "album", "cover"),
        *("choices", "label", "seconds", "via", "at"),
    ],
    "additionalProperties": False,
    "properties": {
        "_id": {"bsonType": "objectId"},
        "study": {"bsonType": "string", "minLength": 1},
        "player": {"bsonType": "string", "minLength": 1, "maxLength": 200},
        "name": {"bsonType": "string", "minLength": 1, "maxLength": 200},
        "album": {"bsonType": "string", "minLength": 1},
        "cover": _DIGEST,
        "choices": _DIGEST,
        "label": {"bsonType": ["string", "null"]},
        "seconds": {"bsonType": ["double", "null"], "minimum": 0},
        "via": {"enum": ["game", "file"]},
        "at": {"bsonType": "date"},
    },
}


@dataclass(frozen=True, slots=True)
class Guess:
    """One answer.

    Attributes:
        player: whose it is; names that differ in case alone are one player.
        name: the player as it is shown.
        album: key of the album.
        cover: sha256 of the cover that was seen.
        choices: digest of the labels that there were to choose from.
        label: the answer; None says "not sure".
        seconds: that it took, where that is known.
        via: where it was given.
    """

    study: str
    player: str
    name: str
    album: str
    cover: str
    choices: str
    label: str | None
    seconds: float | None
    via: Via
    at: datetime


class GuessStore:
    """The answers about the albums of one origin."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, origin: Origin = Origin.LIVE
    ) -> None:
        self._client, self._database, self._origin = client, database, origin
        self._guesses = ensure_collection(
            client[database],
            collection_name("guesses", origin),
            schema=_SCHEMA,
            indexes=[index_on("study", "player", "album", unique=True)],
        )

    def of_origin(self, origin: Origin) -> "GuessStore":
        """The answers about the albums of another origin."""
        if origin is self._origin:
            return self
        return GuessStore(self._client, self._database, origin)

    def add(self, guesses: Sequence[Guess]) -> int:
        """Keep those that are a player's first about the album; returns how many. Idempotent."""
        if not guesses:
            return 0
        documents = [asdict(guess) for guess in guesses]
        try:
            self._guesses.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(failure["code"] != _DUPLICATE_KEY for failure in failures):
                raise
            return len(documents) - len(failures)
        return len(documents)

    def find(self, study: str, player: str, album: str) -> Guess | None:
        """The player's answer about the album, if there is one."""
        return next(self._read({"study": study, "player": player, "album": album}), None)

    def answered(self, study: str, player: str) -> dict[str, str]:
        """Albums that the player has answered, each with the sha256 of the cover seen."""
        wanted = {"study": study, "player": player}
        found = self._guesses.find(wanted, {"album": 1, "cover": 1})
        return {each["album"]: each["cover"] for each in found}

    def list_guesses(self, study: str) -> Iterator[Guess]:
        """Every answer of a study, by player, in the order in which they were given."""
        return self._read({"study": study})

    def forget(self, study: str, players: Iterable[str]) -> int:
        """Drop all that these players said; returns how many answers that were."""
        wanted = {"study": study, "player": {"$in": [*players]}}
        return self._guesses.delete_many(wanted).deleted_count

    def _read(self, wanted: Document) -> Iterator[Guess]:
        order = [("player", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)]
        for found in self._guesses.find(wanted, {"_id": 0}).sort(order):
            yield Guess(**found)


def now_as_stored() -> datetime:
    """This moment to the millisecond, as MongoDB keeps it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
