"""Progress bars for people at a terminal; silent everywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(label: str, total: int, unit: str = "covers") -> Iterator[Callable[[int], object]]:
    """A tqdm bar on stderr, if that is a terminal; yields the function that advances it."""
    from tqdm import tqdm

    with tqdm(
        total=total,
        desc=f"  {label}",
        unit=f" {unit}",
        disable=None,
        leave=False,
        dynamic_ncols=True,
    ) as bar:
        yield bar.update
