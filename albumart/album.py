"""The frozen records that every later station reads: an Album and its Cover."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Listing:
    """A place in a chart: ``chart`` as the source numbers it, from 1, on an ISO day."""

    chart: str
    position: int
    day: str


@dataclass(frozen=True, slots=True)
class Album:
    """One album as one source tells it.

    Words (``genres``, ``tags``, ``styles``, ``moods``, ``themes``) are the source's own, in its
    own order; the taxonomy makes them canonical later. ``cover_urls`` lists the candidates, best
    first.

    Attributes:
        source: name of a row of SOURCES.
        source_id: the source's own id of the album.
        genre_ids: ids of ``genres``, where the source numbers them.
        genre_votes: how many people stand behind each of ``genres``, where the source counts them.
        tag_votes: the same of ``tags``.
        artist_id: the source's own id of the artist.
        released: as exact as it is known: ``1988``, ``1988-11`` or ``1988-11-05``.
        rating: 1 to 10.
        listings: where it stood in charts. What changes daily is no part of what an album is.
    """

    source: str
    source_id: str
    cover_urls: tuple[str, ...]
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    title: str | None = None
    artist: str | None = None
    year: int | None = None
    page_url: str | None = None
    artist_id: str | None = None
    released: str | None = None
    genre_ids: tuple[str, ...] = ()
    genre_votes: tuple[int, ...] = ()
    tag_votes: tuple[int, ...] = ()
    styles: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    rating: int | None = None
    review: str | None = None
    reviewer: str | None = None
    listings: tuple[Listing, ...] = ()

    @property
    def key(self) -> str:
        """Name of this album in every store: ``<source>:<source_id>``."""
        return f"{self.source}:{self.source_id}"


class Origin(StrEnum):
    """Who answered for a source.

    What each tells is kept apart: a made cover, or a recorded one that is missing, must never
    stand for the source's own.
    """

    LIVE = "live"  # the source itself, or a caching proxy of it
    RECORDED = "recorded"  # the sandbox, serving recorded files
    SANDBOX = "sandbox"  # the sandbox, serving made albums


class CoverStatus(StrEnum):
    """How far an album's cover has come. Every album has exactly one of these."""

    PENDING = "pending"  # not asked for yet
    STORED = "stored"  # in the object store
    ABSENT = "absent"  # the source says there is none (404, 410)
    REFUSED = "refused"  # an unsafe address, or the source told us to stay away
    QUARANTINED = "quarantined"  # came, but is no usable image
    AGAIN = "again"  # unavailable for now; has a next try


@dataclass(frozen=True, slots=True)
class Cover:
    """One stored image. Two albums with the same bytes share it.

    Attributes:
        sha256: of the bytes as they came; names the object.
        pixel_sha256: of the decoded, upright RGB pixels; equal for re-wrapped copies.
        phash: 64-bit perceptual hash, 16 hex digits.
        width: pixels, after EXIF orientation.
        height: pixels, after EXIF orientation.
        format: ``JPEG``, ``PNG``, ``WEBP`` or ``GIF``, by magic bytes.
        size: bytes.
        blank: nearly one colour, so that its perceptual hash says nothing.
    """

    sha256: str
    pixel_sha256: str
    phash: str
    width: int
    height: int
    format: str
    size: int
    blank: bool = False

    @property
    def object_key(self) -> str:
        """Where the bytes lie in the object store."""
        return cover_key(self.sha256)


def cover_key(sha256: str) -> str:
    """Object key of the cover whose bytes have this digest."""
    return f"covers/{sha256[:2]}/{sha256}"


@dataclass(frozen=True, slots=True)
class CoverResult:
    """What became of one album's cover.

    ``code`` says why in one word (``http_404``, ``not_an_image``); ``url`` is the candidate that
    decided it; ``retry_after`` is the source's own wish in seconds, if it stated one.
    """

    album: str
    status: CoverStatus
    code: str = ""
    url: str = ""
    cover: Cover | None = None
    retry_after: float | None = None
