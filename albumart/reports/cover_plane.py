"""The test covers on a map: those that look alike to the model lie near each other."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from albumart.features.borrowing import borrowed_rows
from albumart.features.plane import place_in_plane, plane_method, spread_out
from albumart.models.network import feature_network, predict_proba
from albumart.reports.examples import HeldOut
from albumart.reports.inputs import CoverPlane, PlacedCover

if TYPE_CHECKING:
    from albumart.models.network import Network

Floats = NDArray[np.float32]

MOST: Final = 600  # covers on the map; of more, a sample that is the same each time
LEAST: Final = 3  # fewer are no map
BATCH: Final = 32
SEED: Final = 0
CELLS: Final = (14, 10)  # in each, the cover nearest to its middle is shown as a picture
PICTURE: Final = 64  # pixels a side


def find_cover_plane(network: "Network", held_out: HeldOut, computed: Path) -> CoverPlane | None:
    """Place test covers by the features of the network's own backbone; None for hardly any.

    Args:
        network: from pixels to probabilities.
        held_out: the covers.
        computed: where training may have left the features.
    """
    n = len(held_out.rows)
    if n < LEAST:
        return None
    chosen = np.sort(np.random.default_rng(SEED).permutation(n)[:MOST])
    vectors = _Features(held_out, network).of(chosen.tolist(), computed)
    method = plane_method(len(chosen))
    places = place_in_plane(vectors, method)
    pictured = spread_out(places, CELLS)
    covers = tuple(
        _placed(held_out, int(position), place, shown=number in pictured)
        for number, (position, place) in enumerate(zip(chosen, places, strict=True))
    )
    return CoverPlane(method, covers, n)


class _Features:
    """Test covers → their features, borrowed from the cache where they were computed before."""

    def __init__(self, held_out: HeldOut, network: "Network") -> None:
        self._held_out, self._network = held_out, feature_network(network)
        self._digests: list[str] = held_out.rows["cover_sha256"].tolist()

    def of(self, positions: Sequence[int], computed: Path) -> Floats:
        """``(n, d)``, a row for each position; copies of a file share theirs."""
        names = list(dict.fromkeys(self._digests[position] for position in positions))
        rows: dict[str, Floats] = {}
        for known, values in borrowed_rows(computed, names, self._look):
            rows |= dict(zip(known, values, strict=True))
        missing = [name for name in names if name not in rows]
        if missing:
            rows |= dict(zip(missing, self._look(missing)[1], strict=True))
        return np.stack([rows[self._digests[position]] for position in positions])

    def _look(self, names: Sequence[str]) -> tuple[list[str], Floats]:
        batches = (names[start : start + BATCH] for start in range(0, len(names), BATCH))
        values = [predict_proba(self._network, self._pixels(batch)) for batch in batches]
        return list(names), np.concatenate(values)

    def _pixels(self, names: Sequence[str]) -> NDArray[np.uint8]:
        places = (self._digests.index(name) for name in names)
        size = self._network.input_shape[1]
        return np.stack([self._held_out.pixels(place, size) for place in places])


def _placed(held_out: HeldOut, position: int, place: Floats, *, shown: bool) -> PlacedCover:
    row = held_out.rows.iloc[position]
    title = row["title"]
    return PlacedCover(
        album=row["album"],
        labels=tuple(row["labels"]),
        said=held_out.manifest.classes[held_out.answer(position)],
        across=round(float(place[0]), 4),
        down=round(float(place[1]), 4),
        title=title if isinstance(title, str) else None,
        picture=held_out.pixels(position, PICTURE) if shown else None,
    )
