"""Progress bars for people at a terminal; silent everywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


@contextmanager
def progress_bar(label: str, total: int, unit: str = "covers") -> Iterator[Callable[[int], object]]:
    """A tqdm bar on stderr, if that is a terminal; yields the function that advances it."""
    with open_bar(label, total, unit=unit) as bar:
        yield bar.update


def open_bar(label: str, total: int | None, *, unit: str = "pages") -> "tqdm[Any]":
    """The bar itself, for work whose ``total`` shows as it goes."""
    from tqdm import tqdm

    return tqdm(
        total=total,
        desc=f"  {label}",
        unit=f" {unit}",
        disable=None,
        leave=False,
        dynamic_ncols=True,
    )
