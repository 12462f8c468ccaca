"""Model versions, champions and their history in MongoDB.

A version is immutable once written. The champion is one document per study, moved by
compare-and-swap in the transaction that appends to the history.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from albumart.errors import NotFound

Document = dict[str, Any]
_NO_ID: Final = {"_id": 0}
_TICK: Final = timedelta(milliseconds=1)  # MongoDB keeps no finer time


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One trained and evaluated model.

    Attributes:
        run: digest of everything that shaped it; the same run is never registered twice.
        dataset: digest of the dataset version it was trained and tested on.
        albums: rows of that dataset.
        sha256: of the ``.keras`` file, which lies at ``object_key``.
        evaluation: ``Evaluation.to_dict()`` on the test split.
        baselines: by name, an Estimate on the same split, or the reason why there is none.
        threshold: from which confidence on it answers, and how well; None where none was found.
    """

    study: str
    version: int
    run: str
    dataset: str
    albums: int
    sha256: str
    classes: tuple[str, ...]
    image_size: int
    evaluation: Document
    baselines: Document
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    threshold: Document | None = None

    @property
    def object_key(self) -> str:
        """Where the model file lies in the object store."""
        return model_key(self.sha256)


def model_key(sha256: str) -> str:
    """Object key of a ``.keras`` file."""
    return f"models/{sha256}.keras"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a study's append-only history.

    Attributes:
        action: ``promote`` and ``rollback`` moved the champion, ``refuse`` is the gate's no,
            ``approve`` and ``reject`` are what a person said.
        version: whom it is about.
        replaced: the champion that was there.
        reason: one sentence.
        who: the operator, or whoever said that they approve or reject.
        comment: in their own words.
        evidence: the figures that it rests on, ``Evidence.to_dict()``; None where there are none.
    """

    study: str
    action: str
    version: int
    replaced: int | None
    reason: str
    who: str
    when: datetime = field(default_factory=lambda: datetime.now(UTC))
    comment: str = ""
    evidence: Document | None = None


class ModelStore:
    """The registry's collections of one database."""

    def __init__(self, client: "MongoClient[Document]", database: str) -> None:
        self._client = client
        self._versions = client[database]["model_versions"]
        self._champions = client[database]["champions"]
        self._history = client[database]["model_history"]
        for field_name in ("version", "run"):
            self._versions.create_index(
                [("study", ASCENDING), (field_name, ASCENDING)], unique=True
            )
        self._history.create_index([("study", ASCENDING), ("when", ASCENDING)])

    def add_version(self, draft: ModelVersion) -> ModelVersion:
        """Register ``draft`` under the next free number, or return what its run became before."""
        while True:
            known = self._versions.find_one({"study": draft.study, "run": draft.run}, _NO_ID)
            if known is not None:
                return _version(known)
            newest = next(self.list_versions(draft.study), None)
            numbered = asdict(draft) | {"version": newest.version + 1 if newest else 1}
            try:
                self._versions.insert_one(dict(numbered))
            except DuplicateKeyError:
                continue  # another process took the number or the run; look again
            return _version(numbered)

    def list_versions(self, study: str | None = None) -> Iterator[ModelVersion]:
        """Every version, newest first."""
        wanted = {"study": study} if study else {}
        order = [("study", ASCENDING), ("version", DESCENDING)]
        for found in self._versions.find(wanted, _NO_ID).sort(order):
            yield _version(found)

    def studies(self) -> list[str]:
        """Names of the studies that have a version, in order."""
        return sorted(self._versions.distinct("study"))

    def find_version(self, study: str, version: int) -> ModelVersion:
        """One version, or NotFound with those there are."""
        found = self._versions.find_one({"study": study, "version": version}, _NO_ID)
        if found is None:
            there = sorted(v.version for v in self.list_versions(study))
            raise NotFound(f"no version {version} of study {study!r}; there are: {there or 'none'}")
        return _version(found)

    def find_by_file(self, sha256: str) -> ModelVersion | None:
        """The first version whose model file this is, of whatever study."""
        order = [("created", ASCENDING), ("study", ASCENDING)]
        found = self._versions.find_one({"sha256": sha256}, _NO_ID, sort=order)
        return None if found is None else _version(found)

    def champion(self, study: str) -> ModelVersion | None:
        """The version that answers predictions, if there is one."""
        found = self._champions.find_one({"_id": study})
        return None if found is None else self.find_version(study, found["version"])

    def swap_champion(self, event: Event) -> bool:
        """Make ``event.version`` champion if ``event.replaced`` still is; False if it is not."""
        with self._client.start_session() as session:
            return session.with_transaction(lambda inner: self._swap(event, inner))

    def _swap(self, event: Event, session: ClientSession) -> bool:
        new = {"_id": event.study, "version": event.version}
        if event.replaced is None:
            if self._champions.find_one({"_id": event.study}, session=session):
                return False
            self._champions.insert_one(new, session=session)
        else:
            expected = {"_id": event.study, "version": event.replaced}
            if self._champions.replace_one(expected, new, session=session).matched_count == 0:
                return False
        self._append(event, session)
        return True

    def append_event(self, event: Event) -> None:
        """Add a line to the history that moves no champion (a refusal)."""
        self._append(event)

    def _append(self, event: Event, session: ClientSession | None = None) -> None:
        """Write the line after those that are there, also those of a clock that is ahead."""
        wanted, order = {"study": event.study}, [("when", DESCENDING)]
        last = self._history.find_one(wanted, {"when": 1}, sort=order, session=session)
        when = max(event.when, last["when"] + _TICK) if last else event.when
        self._history.insert_one(asdict(event) | {"when": when}, session=session)

    def history(self, study: str) -> list[Event]:
        """A study's history, oldest first."""
        # Of the same millisecond, in an order that stays.
        order = [("when", ASCENDING), ("_id", ASCENDING)]
        found = self._history.find({"study": study}).sort(order)
        return [Event(**_without_id(document)) for document in found]


def _without_id(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "_id"}


def _version(document: Document) -> ModelVersion:
    known = _without_id(document)
    return ModelVersion(**known | {"classes": tuple(known["classes"])})
