"""iTunes's wire format: charts by genre and country, and covers in any size on five servers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Final

from albumart.sandbox.catalogue import MadeAlbum

FEED_HOST: Final = "itunes.apple.com"
FEED_TYPE: Final = "text/javascript; charset=utf-8"
COVER_HOSTS: Final = tuple(f"is{server}-ssl.mzstatic.com" for server in range(1, 6))
UPDATED: Final = "2024-01-01T00:00:00-07:00"
COUNTRIES: Final = frozenset({"us", "gb", "ca", "au", "de", "fr", "jp", "br"})
LONGEST_CHART: Final = 200
SMALL_OF: Final = 10  # of so many covers one is too small for 1000 pixels, and answers 400

# The umbrellas that each made genre stands for, so that they can be told by their covers. Of the
# tree's 38 two have nothing to sell: Kayokyoku (30) and German Folk (50000068).
UMBRELLAS: Final[Mapping[str, tuple[str, ...]]] = {
    "ambient": ("7", "13", "5", "53"),  # Electronic, New Age, Classical, Instrumental
    "dubstep": ("17", "50", "52", "29"),  # Dance, Fitness & Workout, Karaoke, Anime
    "folk": ("10", "6", "19", "50000061"),  # Singer/Songwriter, Country, World, Spoken Word
    "hiphop_rap": ("18", "24", "12"),  # Hip-Hop/Rap, Reggae, Latino
    "jazz": ("11", "2", "25", "1122"),  # Jazz, Blues, Easy Listening, Brazilian
    "metal": ("16", "9", "28"),  # Soundtrack, Opera, Enka
    "pop": ("14", "51", "27", "50000064"),  # Pop, K-Pop, J-Pop, French Pop
    "punk": ("20", "50000066", "3"),  # Alternative, German Pop, Comedy
    "rock": ("21", "22", "8"),  # Rock, Christian & Gospel, Holiday
    "soul": ("15", "23", "50000063", "4"),  # R&B/Soul, Vocal, Disney, Children’s Music
}
# A block of neighbours shares an umbrella: artists mostly stay within one, and each umbrella gets
# its share of what is odd.
BLOCK: Final = 10
# The store's own second spelling of a genre.
TERMS: Final = {"1153": "Heavy Metal", "18": "Hip Hop/Rap"}
LISTED_SIZES: Final = (55, 60, 170)
PRICES: Final = (("$9.99", "9.99"), ("$14.99", "14.99000"))

_CHART_PATH = re.compile(r"/([a-z]{2})/rss/topalbums/((?:[a-z]+=[0-9]{1,9}/)*)json")
# ``-999`` once asked for the original; the service now answers 400 to it.
_COVER_PATH = re.compile(
    r"/image/thumb/.*/([0-9]{12})\.jpg/([0-9]{1,6})x\2(?:bb|-999)\.(?:jpg|png)"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An album and its own genre: an umbrella, or one of its subgenres."""

    album: MadeAlbum
    genre: str


class Charts:
    """Charts of one catalogue, rendered when asked for and kept. Safe to share between threads."""

    def __init__(self, albums: tuple[MadeAlbum, ...]) -> None:
        self._names, self._below = _read_tree()
        self._charts: dict[str, list[_Entry]] = {genre: [] for genre in self._names}
        shelves: dict[str, list[MadeAlbum]] = {}
        for album in albums:
            shelves.setdefault(album.genre, []).append(album)
        for made_genre, shelf in shelves.items():
            self._fill(UMBRELLAS[made_genre], shelf)
        self._kept = lru_cache(maxsize=1024)(self._render)

    def find(self, path: str) -> bytes | None:
        """Return the feed at ``path``; None for another country, genre or kind of chart."""
        match = _CHART_PATH.fullmatch(path)
        asked = dict(part.split("=") for part in match[2].split("/")[:-1]) if match else {}
        if not match or match[1] not in COUNTRIES or asked.get("genre") not in self._charts:
            return None
        limit = min(int(asked.get("limit", "10")), LONGEST_CHART)
        return self._kept(match[1], asked["genre"], limit)

    def _fill(self, umbrellas: tuple[str, ...], shelf: list[MadeAlbum]) -> None:
        for place, album in enumerate(shelf):
            block, within = divmod(place, BLOCK)
            turn, which = divmod(block, len(umbrellas))
            umbrella = umbrellas[which]
            entry = _Entry(album, self._own_genre(umbrella, turn * BLOCK + within))
            for chart in {umbrella, entry.genre}:
                self._charts[chart].append(entry)

    def _own_genre(self, umbrella: str, number: int) -> str:
        """Every second album of an umbrella has one of its subgenres, in turn."""
        below = self._below[umbrella]
        return below[number // 2 % len(below)] if below and number % 2 else umbrella

    def _render(self, country: str, genre: str, limit: int) -> bytes:
        entries = [
            _entry(entry.album, self._category(country, entry.genre), country, server)
            for server, entry in enumerate(self._charts[genre][:limit], start=int(genre))
        ]
        feed = _frame(country, f"{country}/rss/topalbums/genre={genre}/limit={limit}/json")
        # Made from XML: one element is no list, and none leaves no trace.
        content = {"entry": entries if len(entries) > 1 else entries[0]} if entries else {}
        whole = {"feed": {"author": feed["author"], **content, **feed}}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()

    def _category(self, country: str, genre: str) -> dict[str, str]:
        name = self._names[genre]
        scheme = f"https://music.apple.com/{country}/genre/music-{_slug(name)}/id{genre}?uo=2"
        return {"im:id": genre, "term": TERMS.get(genre, name), "scheme": scheme, "label": name}


def find_cover(by_image: Mapping[int, MadeAlbum], path: str) -> tuple[MadeAlbum, int] | None:
    """Return the album whose cover ``path`` names, and the size that is asked for."""
    match = _COVER_PATH.fullmatch(path)
    album = by_image.get(int(match[1])) if match else None
    if match is None or album is None or not path.startswith(f"{artwork_path(album)}/"):
        return None
    return album, int(match[2])


def has_size(album: MadeAlbum, size: int) -> bool:
    """Tell whether the album's cover comes in ``size`` pixels."""
    largest = 600 if album.image_id // 16 % SMALL_OF == 0 else 1000
    return 0 < size <= largest


def artwork_path(album: MadeAlbum) -> str:
    """Return the path of an album's cover, on any of the servers, without its size."""
    digits = f"{album.image_id * 0x9E3779B97F4A7C15 % 2**64:016x}{album.image_id:016x}"
    name = "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    folders = "/".join(digits[at : at + 2] for at in (0, 2, 4))
    return f"/image/thumb/Music116/v4/{folders}/{name}/{album.image_id:012}.jpg"


def _read_tree() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return {genre: name} and {umbrella: its subgenres}, from the table that sources have."""
    table = files("albumart").joinpath("sources", "data", "itunes_genres.tsv")
    rows = [row.split("\t") for row in table.read_text(encoding="utf-8").splitlines()]
    below: dict[str, list[str]] = {umbrella: [] for _, umbrella, _ in rows}
    for genre, umbrella, _ in rows:
        if genre != umbrella:
            below[umbrella].append(genre)
    return {genre: name for genre, _, name in rows}, below


def _frame(country: str, path: str) -> dict[str, object]:
    top = f"https://itunes.apple.com/WebObjects/MZStore.woa/wa/viewTop?cc={country}&id=1&popId=11"
    itself = f"https://mzstoreservices-int.itunes.apple.com/{path}"
    alternate = {"rel": "alternate", "type": "text/html", "href": top}
    return {
        "author": {"name": _label("iTunes Store"), "uri": _label("http://www.apple.com/itunes/")},
        "updated": _label(UPDATED),
        "rights": _label("Copyright 2008 Apple Inc."),
        "title": _label("iTunes Store: Top Albums"),
        "icon": _label("http://itunes.apple.com/favicon.ico"),
        "link": [{"attributes": alternate}, {"attributes": {"rel": "self", "href": itself}}],
        "id": _label(itself),
    }


def _entry(
    album: MadeAlbum, category: dict[str, str], country: str, server: int
) -> dict[str, object]:
    number = album.album_id
    lot = number // 16  # a number's parity is its genre's
    address = f"https://music.apple.com/{country}/album/{_slug(album.title)}/{number}?uo=2"
    price, amount = PRICES[lot % len(PRICES)]
    released = date(album.year, lot % 12 + 1, lot % 28 + 1)
    album_type = {"attributes": {"term": "Album", "label": "Album"}}
    return {
        "im:name": _label(album.title),
        "im:image": list(_images(album, server)),
        "im:itemCount": _label(str(lot % 17 + 4)),
        "im:price": {"label": price, "attributes": {"amount": amount, "currency": "USD"}},
        "im:contentType": {
            "im:contentType": album_type,
            "attributes": {"term": "Music", "label": "Music"},
        },
        "rights": _label(f"℗ {album.year} {album.artist}"),
        "title": _label(f"{album.title} - {album.artist}"),
        "link": {"attributes": {"rel": "alternate", "type": "text/html", "href": address}},
        "id": {"label": address, "attributes": {"im:id": str(number)}},
        "im:artist": _artist(album, country),
        "category": {"attributes": category},
        "im:releaseDate": {
            "label": f"{released}T00:00:00-07:00",
            "attributes": {"label": f"{released:%B} {released.day}, {released.year}"},
        },
    }


def _images(album: MadeAlbum, server: int) -> Iterator[dict[str, object]]:
    """Yield the listed sizes, each on a server of its own, as the store draws them."""
    for place, size in enumerate(LISTED_SIZES):
        host = COVER_HOSTS[(server + 2 * place) % len(COVER_HOSTS)]
        address = f"https://{host}{artwork_path(album)}/{size}x{size}bb.png"
        yield {"label": address, "attributes": {"height": str(size)}}


def _artist(album: MadeAlbum, country: str) -> dict[str, object]:
    """Name the artist; some have no page."""
    label: dict[str, object] = {"label": album.artist}
    if album.artist_id // len(UMBRELLAS) % 16 == 0:
        return label
    place = f"{_slug(album.artist)}/{album.artist_id + 1}"
    href = f"https://music.apple.com/{country}/artist/{place}?uo=2"
    return label | {"attributes": {"href": href}}


def _label(text: str) -> dict[str, object]:
    return {"label": text}


def _slug(text: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", text.lower()))
