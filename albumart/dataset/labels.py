"""Label schemes: an album's genre words → its label, or the reason why it has none."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label, or None and the reason under which the album is counted as excluded."""

    label: str | None
    reason: str = ""


LabelScheme: TypeAlias = Callable[[Sequence[str], Collection[str]], Labelled]


def label_single(genres: Sequence[str], classes: Collection[str]) -> Labelled:
    """The first of the album's genre words that is a class."""
    word = next((genre for genre in genres if genre in classes), None)
    return Labelled(word) if word is not None else Labelled(None, "unmapped_label")


LABEL_SCHEMES: Final[dict[str, LabelScheme]] = {"single": label_single}
