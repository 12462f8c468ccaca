"""What validation said of each dataset version of a study, and what a person said to it.

The verdict lies beside the findings in the object store. A version that failed is never what the
next one is compared with: a leak or a loss that came twice would then pass.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from albumart.dataset.card import Card, read_card
from albumart.dataset.manifest import JSON, Manifest, read_manifest
from albumart.dataset.version import study_cards
from albumart.errors import NotFound, UnsafeInput, ValidationFailed
from albumart.stores.objects import ObjectStore
from albumart.validation.drift import SUITE
from albumart.validation.report import ValidationReport

Read = TypeVar("Read", bound=BaseModel)
# How many corrections there are changes with each of them, and says nothing of what was asked for.
_NOT_ASKED: Final = "corrected"


class Record(BaseModel):
    """What validation found in a study's dataset version.

    Attributes:
        results: each check, as ``ExpectationResult.to_dict`` tells it.
        skipped: suites that were not run, each with the reason.
        compared_with: digest of the version that drift was measured from.
    """

    model_config = ConfigDict(frozen=True)

    passed: bool
    results: list[dict[str, JSON]]
    skipped: dict[str, str] = {}
    compared_with: str | None = None

    @property
    def broken(self) -> tuple[str, ...]:
        """Critical checks that failed, as ``suite/name``."""
        return tuple(
            f"{result['suite']}/{result['expectation']}"
            for result in self.results
            if result["severity"] == "critical" and not result["passed"]
        )


class Standing(StrEnum):
    """Where a dataset version stands with validation."""

    PASSED = "passed"
    ACCEPTED = "accepted"  # it drifted, and a person said that it is meant
    FAILED = "failed"
    UNCHECKED = "not checked"


class Acceptance(BaseModel):
    """A person looked at the drift of a version, and it is meant."""

    model_config = ConfigDict(frozen=True)

    who: str
    when: datetime


def write_record(
    objects: ObjectStore,
    manifest: Manifest,
    study: str,
    report: ValidationReport,
    *,
    compared_with: str | None,
) -> None:
    """Keep what was found, also what is bad."""
    record = report.to_dict() | {"compared_with": compared_with}
    body = json.dumps(record, default=str).encode()
    objects.put(_record_key(manifest.digest, study), body, content_type="application/json")


def find_record(objects: ObjectStore, digest: str, study: str) -> Record | None:
    """What validation last found in the study's version; None where it was not asked."""
    return _read(objects, _record_key(digest, study), Record)


def find_standing(objects: ObjectStore, digest: str, study: str) -> Standing:
    """Whether the study's version may be trained on."""
    record = find_record(objects, digest, study)
    if record is None:
        return Standing.UNCHECKED
    others = any(not _is_drift(name) for name in record.broken)
    if not others and find_acceptance(objects, digest, study) is not None:
        return Standing.ACCEPTED
    return Standing.PASSED if record.passed else Standing.FAILED


def find_previous(
    objects: ObjectStore, manifest: Manifest, study: str
) -> tuple[Manifest, dict[str, str | None]] | None:
    """The version that ``manifest`` is to be compared with, and how each question differs.

    It is the last built one that passed validation, of those that were asked for in the same way
    if there is any: a sample in between does not hide what the whole has lost.

    Returns:
        None where no other version of the study passed. By what was asked for, ``before → now``,
        or None where it is the same.
    """
    now = _own_card(objects, manifest, study)
    passed = _passed_cards(objects, study, other_than=manifest.digest)
    first: tuple[Card, dict[str, str | None]] | None = None
    for card in passed:
        asked = _compare(card, manifest, now)
        if not any(asked.values()):
            return read_manifest(objects, card.digest), asked
        first = first or (card, asked)
    return (read_manifest(objects, first[0].digest), first[1]) if first else None


def find_acceptance(objects: ObjectStore, digest: str, study: str) -> Acceptance | None:
    """Who accepted the drift of the study's version, if anybody did."""
    return _read(objects, _acceptance_key(digest, study), Acceptance)


def accept_drift(objects: ObjectStore, digest: str, study: str, *, who: str) -> Record:
    """Let a version pass that differs too much from the one before it: it is meant.

    It is told and kept who said so. What is wrong with a version by itself cannot be accepted.

    Raises:
        NotFound: validation stopped no such version of this study.
        ValidationFailed: it is not drift, or not drift alone, that stopped it.
    """
    record = find_record(objects, digest, study)
    if record is None or record.passed:
        raise NotFound(f"expected a dataset of {study!r} that failed validation; got {digest}")
    others = [name for name in record.broken if not _is_drift(name)]
    if others:
        raise ValidationFailed(f"expected {SUITE} alone to have failed; got {', '.join(others)}")
    told = Acceptance(who=who, when=datetime.now(UTC)).model_dump_json().encode()
    objects.put(_acceptance_key(digest, study), told, content_type="application/json")
    return record


def _is_drift(check: str) -> bool:
    return check.startswith(f"{SUITE}/")


def _passed_cards(objects: ObjectStore, study: str, *, other_than: str) -> Iterator[Card]:
    """Cards of the versions that passed, the last built first."""
    for card in study_cards(objects, study):
        record = None if card.digest == other_than else find_record(objects, card.digest, study)
        if record is not None and record.passed:
            yield card


def _own_card(objects: ObjectStore, manifest: Manifest, study: str) -> Card | None:
    try:
        return read_card(objects, manifest.digest, study)
    except (NotFound, UnsafeInput):  # none, or one of another release
        return None


def _compare(before: Card, manifest: Manifest, now: Card | None) -> dict[str, str | None]:
    """What was asked for then and now; without a card, only what the manifest itself says."""
    parameters = _flat("", dict(manifest.parameters))
    asked = {**_asked(now), **parameters} if now else parameters
    then = {**_asked(before), **_flat("", before.parameters)}
    names = sorted({*then, *asked} if now else asked)
    pairs = {name: (then.get(name, "nothing"), asked.get(name, "nothing")) for name in names}
    return {
        name: None if old == new else f"{old} → {new}"
        for name, (old, new) in pairs.items()
        if name != _NOT_ASKED
    }


def _asked(card: Card) -> dict[str, str]:
    limit, origin = json.dumps(card.limit), json.dumps(card.origin)
    return {"limit": limit, "origin": origin, **_flat("", dict(card.asked))}


def _flat(name: str, value: object) -> dict[str, str]:
    """``{"labels": {"min_covers": 20}}`` → ``{"labels.min_covers": "20"}``."""
    if not isinstance(value, Mapping):
        return {name: json.dumps(value)}
    parts = ((f"{name}.{key}" if name else str(key), part) for key, part in value.items())
    return {key: text for path, part in parts for key, text in _flat(path, part).items()}


def _read(objects: ObjectStore, key: str, model: type[Read]) -> Read | None:
    try:
        return model.model_validate_json(objects.get(key))
    except NotFound:
        return None
    except ValidationError as error:
        raise UnsafeInput("record", f"{key}: expected a {model.__name__}; got: {error}") from error


def _record_key(digest: str, study: str) -> str:
    return f"validation/{digest}/{study}.json"


def _acceptance_key(digest: str, study: str) -> str:
    return f"validation/{digest}/{study}.accepted.json"
