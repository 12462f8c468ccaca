"""What an outcome of a download changes in an album's document, and which covers are due."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo import UpdateOne

from albumart.album import CoverResult, CoverStatus
from albumart.stores.collections import Document

# Waits between tries of one cover or page: minutes after the first failure, days after many.
RETRY_WAITS: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 10, 60, 6 * 60, 24 * 60, 7 * 24 * 60)
)

PENDING: Final[Document] = {"status": CoverStatus.PENDING.value, "attempts": 0, "next_try": None}


def due_covers(*, only_failed: bool = False, code: str | None = None) -> Document:
    """Filter: covers whose next try has come, and those never asked for.

    ``only_failed`` leaves out the latter; ``code``, what failed with another one.
    """
    now = datetime.now(UTC)
    failed: Document = {"cover.status": CoverStatus.AGAIN, "cover.next_try": {"$lte": now}}
    failed |= {"cover.code": code} if code else {}
    return {"$or": [failed] if only_failed else [failed, {"cover.status": CoverStatus.PENDING}]}


def cover_update(result: CoverResult, now: datetime) -> UpdateOne:
    """The write that records what became of one cover; AGAIN is given its next try."""
    fields: Document = {
        "cover.status": result.status.value,
        "cover.code": result.code,
        "cover.url": result.url,
        "cover.tried": now,
    }
    if result.cover is not None:
        fields |= {f"cover.{name}": value for name, value in asdict(result.cover).items()}
    due, attempts = next_try(result.status, now, "$cover.attempts", result.retry_after)
    literal = {name: {"$literal": value} for name, value in fields.items()}
    # A failure that comes late must not undo what another run stored meanwhile.
    wanted: Document = {"_id": result.album}
    if result.status is not CoverStatus.STORED:
        wanted["cover.status"] = {"$ne": CoverStatus.STORED}
    return UpdateOne(
        wanted,
        [{"$set": literal | {"cover.next_try": due, "cover.attempts": attempts}}],
    )


def next_try(
    status: CoverStatus, now: datetime, attempts: str, retry_after: float | None
) -> tuple[Any, Any]:
    """Expressions of a pipeline update: when to try again, None for never; and failures in a row.

    Args:
        status: of this attempt; only AGAIN has a next.
        now: moment of the attempt.
        attempts: path of the stored count, with its ``$``, so that the wait grows with it.
        retry_after: seconds that the source itself wished for; a week at most is granted, for a
            host may name a year that no calendar has.
    """
    if status is not CoverStatus.AGAIN:
        return None, 0
    so_far: Any = {"$ifNull": [attempts, 0]}
    waits = [int(wait.total_seconds() * 1000) for wait in RETRY_WAITS]
    wait_ms: Any = {"$arrayElemAt": [waits, {"$min": [so_far, len(waits) - 1]}]}
    wished = min(int((retry_after or 0) * 1000), waits[-1])
    return {"$add": [now, {"$max": [wait_ms, wished]}]}, {"$add": [so_far, 1]}
