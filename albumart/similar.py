"""Similar covers: those whose features, by a version's own backbone, point the same way.

The features of a cover are computed once, whichever versions share the backbone, and kept in the
cache; what is there is never computed again, and a kill costs the covers that were under way.
"""

import logging
import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from albumart.dataset.cache import decode_cover
from albumart.errors import Diverged, NotFound, UnsafeInput
from albumart.features.borrowing import borrowed_rows
from albumart.features.nearest import open_nearest
from albumart.features.rows import DIGEST, Append, CoverRows, places_in
from albumart.models.network import network_digest
from albumart.progress import progress_bar
from albumart.serving.ahead import batches, map_ahead
from albumart.serving.predictor import Predictor
from albumart.stores.models import ModelVersion
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Digests = NDArray[np.bytes_]

THREADS: Final = 8
CHUNK: Final = 64  # covers that are computed and made safe at once
_DIGEST: Final = re.compile("[0-9a-f]{64}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored cover that is like another. ``similarity``: the cosine, at most 1."""

    album: str
    similarity: float


@dataclass(frozen=True, slots=True)
class _Stored:
    """``(n,)`` of every stored cover: key of its album, ascending, and both digests."""

    albums: Sequence[str]
    covers: Digests
    pixels: Digests


class SimilarCovers:
    """The stored covers of one origin, as one version sees them. Threads may share it."""

    def __init__(self, predictor: Predictor, stored: _Stored, rows: CoverRows) -> None:
        self._predictor, self._stored = predictor, stored
        with rows.locked():
            mapped, names = rows.mapped()
            self._nearest = open_nearest(mapped, rows.folder)
        self._rows: Floats = np.asarray(mapped)
        self._row_of = places_in(names, stored.covers)  # of each album
        # Of each row the first album that shows its picture; -1 where none does any more.
        self._album_of = np.full(len(names), -1, np.intp)
        known = np.flatnonzero(self._row_of >= 0)
        self._album_of[self._row_of[known]] = _first_alike(stored.pixels)[known]

    @classmethod
    def of_version(
        cls, version: ModelVersion, workspace: Workspace, *, predictor: Predictor | None = None
    ) -> "SimilarCovers":
        """Every stored cover of the workspace's origin; what is missing is computed first.

        Args:
            version: whose backbone looks.
            workspace: of the covers, and of the cache.
            predictor: of that version, where it is loaded already.

        Raises:
            PlatformError: the disk is full. What was computed is kept.
            Diverged: a feature is no finite number.
        """
        predictor = predictor or Predictor.of_version(version, workspace)
        stored = _stored_covers(workspace)
        rows = CoverRows(feature_folder(predictor, workspace))
        look = _Looking(predictor, workspace.objects)
        _compute_missing(rows, stored, look, workspace.cache / "features")
        return cls(predictor, stored, rows)

    def __len__(self) -> int:
        """Albums whose covers can be found."""
        return int((self._row_of >= 0).sum())

    def nearest(
        self, query: Pixels | Floats, k: int, *, exclude: Collection[str] = ()
    ) -> list[Neighbour]:
        """The ``k`` stored covers that are most like ``query``, each picture once.

        Args:
            query: ``(s, s, 3) uint8 RGB`` of the version's size, or ``(d,) float32`` features.
            k: how many, if there are as many.
            exclude: what must not come: keys of albums, or digests of covers or of their pixels;
                with each go all covers of the same pixels.
        """
        vector = self.features(query) if query.ndim == 3 else query
        seen = self._pixels_of(exclude)
        found: list[Neighbour] = []
        for row, similarity in self._walk(np.asarray(vector, np.float32), k + len(seen)):
            album = int(self._album_of[row])
            pixels = b"" if album < 0 else bytes(self._stored.pixels[album])
            if album >= 0 and pixels not in seen:
                seen.add(pixels)
                found.append(Neighbour(self._stored.albums[album], min(similarity, 1.0)))
            if len(found) == k:
                break
        return found

    def nearest_to(self, album: str, k: int) -> list[Neighbour]:
        """The ``k`` covers most like that of ``album``, without it and what has the same pixels.

        Raises:
            NotFound: there is no such album with a cover here.
        """
        _, vectors = self.vectors([album])
        if not len(vectors):
            raise NotFound(f"album {album!r} has no cover that could be looked at")
        return self.nearest(vectors[0], k, exclude=[album])

    def vectors(self, albums: Sequence[str]) -> tuple[list[str], Floats]:
        """Those of ``albums`` whose covers were looked at, in their order, and their ``(n, d)``."""
        places = [(album, self._place(album)) for album in albums]
        known = [
            (album, int(self._row_of[place]))
            for album, place in places
            if place is not None and self._row_of[place] >= 0
        ]
        return [album for album, _ in known], self._rows[[row for _, row in known]]

    def features(self, pixels: NDArray[np.generic]) -> Floats:
        """``(s, s, 3) uint8 RGB`` → ``(d,)``."""
        features: Floats = self._predictor.features(pixels[np.newaxis].astype(np.uint8))[0]
        return features

    def _walk(self, vector: Floats, m: int) -> Iterator[tuple[int, float]]:
        """Rows, nearest first; further ones are looked for once the near ones are used up."""
        told: set[int] = set()
        while len(told) < len(self._nearest):
            found = self._nearest.find(vector, m)
            for row, similarity in zip(
                found.rows.tolist(), found.similarities.tolist(), strict=True
            ):
                if row not in told:
                    told.add(row)
                    yield row, similarity
            m *= 4  # once it is as many as there are, all of them were told

    def _pixels_of(self, names: Collection[str]) -> set[bytes]:
        """Digests of the pixels that are meant; a digest may be of pixels itself."""
        found: set[bytes] = set()
        for name in names:
            place = self._place(name)
            if place is not None:
                found.add(bytes(self._stored.pixels[place]))
            elif _DIGEST.fullmatch(name):
                digest = np.frombuffer(bytes.fromhex(name), f"S{DIGEST}")
                same = np.flatnonzero(self._stored.covers == digest[0])
                found |= {bytes(digest[0]), *map(bytes, self._stored.pixels[same])}
        return found

    def _place(self, album: str) -> int | None:
        place = bisect_left(self._stored.albums, album)
        is_there = place < len(self._stored.albums) and self._stored.albums[place] == album
        return place if is_there else None


def feature_folder(predictor: Predictor, workspace: Workspace) -> Path:
    """Where features of the covers of an origin are kept, for all versions of one backbone."""
    size, name = predictor.version.image_size, network_digest(predictor.feature_network)
    return workspace.cache / "similar" / f"{name}-{size}-{workspace.origin.value}"


def _first_alike(pixels: Digests) -> NDArray[np.intp]:
    """Of each the place of the first that is the same."""
    _, first, group = np.unique(pixels, return_index=True, return_inverse=True)
    return np.asarray(first[group], np.intp)


def _stored_covers(workspace: Workspace) -> _Stored:
    albums, covers, pixels = [], bytearray(), bytearray()
    for album, sha256, pixel_sha256 in workspace.albums.stored_pixels():
        albums.append(album)
        covers += bytes.fromhex(sha256)
        pixels += bytes.fromhex(pixel_sha256)
    kind = f"S{DIGEST}"
    return _Stored(albums, np.frombuffer(covers, kind), np.frombuffer(pixels, kind))


def _compute_missing(rows: CoverRows, stored: _Stored, look: "_Looking", others: Path) -> None:
    """Add the features of covers that have none, from ``others`` where they are there."""
    names = [cover.ljust(DIGEST, b"\0").hex() for cover in stored.covers.tolist()]
    if not rows.missing(names):
        return
    with rows.locked():
        missing = [names[n] for n in rows.missing(names)]  # another process may have been at it
        if missing:
            with rows.appending(look.width, look.about) as append:
                for known, values in borrowed_rows(others, missing, look):
                    append(known, values)
                left = [missing[n] for n in rows.missing(missing)]
                _compute(left, look, append)


def _compute(covers: Sequence[str], look: "_Looking", append: Append) -> None:
    """Add features of ``covers``; one that cannot be decoded is passed over."""
    lost = 0
    with (
        progress_bar("looking at covers", len(covers)) as advance,
        closing(map_ahead(look.decode, covers, threads=THREADS, ahead=4 * CHUNK)) as decoded,
    ):
        for chunk in batches(decoded, CHUNK):
            seen, values = look.at(chunk)
            if seen:
                append(seen, values)
            lost += len(chunk) - len(seen)
            advance(len(chunk))
    if lost:
        log.warning("similar covers: %d of %d could not be read", lost, len(covers))


@dataclass(frozen=True, slots=True)
class _Looking:
    """Stored covers → their features by one version."""

    predictor: Predictor
    objects: ObjectStore

    @property
    def width(self) -> int:
        return int(self.predictor.feature_network.output_shape[-1])

    @property
    def about(self) -> dict[str, object]:
        version = self.predictor.version
        return {"study": version.study, "version": version.version, "size": version.image_size}

    def __call__(self, covers: Sequence[str]) -> tuple[list[str], Floats]:
        return self.at([self.decode(cover) for cover in covers])

    def decode(self, cover: str) -> tuple[str, Pixels | None]:
        try:
            return cover, decode_cover(self.objects, cover, self.predictor.version.image_size)
        except (NotFound, UnsafeInput):
            return cover, None

    def at(self, decoded: Sequence[tuple[str, Pixels | None]]) -> tuple[list[str], Floats]:
        """Those that could be decoded, and their ``(k, d)``. Raises Diverged."""
        pixels = [each for _, each in decoded if each is not None]
        if not pixels:
            return [], np.empty((0, self.width), np.float32)
        values = self.predictor.features(np.stack(pixels))
        if not np.isfinite(values).all():
            raise Diverged("expected finite features of covers; got NaN or infinity")
        return [cover for cover, each in decoded if each is not None], values
