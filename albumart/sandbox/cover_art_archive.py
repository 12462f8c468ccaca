"""The Cover Art Archive's wire format: lists of images, and the way to archive.org's machines.

Lists have the shapes that the real ones have or had, and some albums have no front cover.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Final

from albumart.sandbox.catalogue import Catalogue, Plant
from albumart.sandbox.covers import CoverShelf
from albumart.sandbox.musicbrainz import Library, MadeGroup
from albumart.sandbox.wire import JPEG, PLAIN, Answer, status_page, tagged

HOST: Final = "coverartarchive.org"
DOWNLOAD_HOST: Final = "archive.org"
NODE_HOST: Final = "ia800000.us.archive.org"
ROBOTS: Final = b"User-agent: *\nDisallow: /control/\nDisallow: /report/\n"
INDEX_TYPE: Final = "application/json"
PDF: Final = b"%PDF-1.4\n%made: a booklet where an image is expected\n%%EOF\n"
INDEX_ELSEWHERE: Final = 0.125  # share of the lists that lie on archive.org's machines
SIZES: Final = {"250": 250, "500": 500, "1200": 1200, "small": 250, "large": 500}

_INDEX = re.compile(r"/release-group/([0-9a-f-]{36})/?")
_IMAGE = re.compile(r"/release/([0-9a-f-]{36})/(\d{1,20})(?:-(\d{1,4}))?\.(jpg|png|pdf)")
_FILE = re.compile(r"/mbid-([0-9a-f-]{36})/(index\.json|mbid-\1-(\d{1,20})(_thumb\d+)?\.(\w+))")

_Fields = dict[str, object]


class MadeArchive:
    """Cover art of the release groups of a catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, library: Library, shelf: CoverShelf) -> None:
        self._library, self._shelf = library, shelf
        self._dead = catalogue.planted[Plant.DEAD].keys()

    def answer_archive(self, path: str) -> Answer | None:
        """Return what coverartarchive.org has at ``path``: lists, and ways to images."""
        if match := _INDEX.fullmatch(path):
            return self._answer_index(self._library.merged.get(match[1], match[1]))
        match = _IMAGE.fullmatch(path)
        if match is None or match[1] not in self._library.by_release:
            return None
        release, number, size, suffix = match.groups()
        name = f"{number}_thumb{size}.jpg" if size else f"{number}.{suffix}"
        return _way(307, f"https://{DOWNLOAD_HOST}/download/mbid-{release}/mbid-{release}-{name}")

    def answer_download(self, path: str) -> Answer | None:
        """Return what archive.org has at ``path``: ways to the machine with the file."""
        if path == "/robots.txt":
            return Answer(ROBOTS, PLAIN)
        file = path.removeprefix("/download")
        known = path != file and _FILE.fullmatch(file)
        return _way(302, f"https://{NODE_HOST}/0/items{file}") if known else None

    def answer_node(self, path: str) -> Answer | None:
        """Return the file that one of archive.org's machines has at ``path``."""
        match = _FILE.fullmatch(path.removeprefix("/0/items"))
        group = self._library.by_release.get(match[1]) if match else None
        if match is None or group is None:
            return None
        if match[2] == "index.json":
            return self._index(group)
        if match[5] == "pdf":
            return tagged(PDF, "application/pdf")
        body = self._shelf.get(group.album.album_id) if match[3] == _front_id(group) else None
        return None if body is None else tagged(body, JPEG)

    def _answer_index(self, mbid: str) -> Answer | None:
        group = self._library.groups.get(mbid)
        if group is None:
            return None
        answer, release = self._index(group), group.release_mbid
        if answer is None or _lot("elsewhere", group) >= INDEX_ELSEWHERE:
            return answer
        return _way(307, f"https://{DOWNLOAD_HOST}/download/mbid-{release}/index.json")

    def _index(self, group: MadeGroup) -> Answer | None:
        if group.album.album_id in self._dead:
            return None
        lot = _lot("shape", group)
        index = next(render for share, render in SHAPES if lot < share)(group)
        return None if index is None else tagged(json.dumps(index).encode(), INDEX_TYPE)


def _way(status: int, location: str) -> Answer:
    return status_page(status, ("Location", location))


def _lot(kind: str, group: MadeGroup) -> float:
    """Draw a number in [0, 1) that belongs to this release group for good."""
    digest = hashlib.blake2b(f"{kind}/{group.mbid}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _front_id(group: MadeGroup) -> str:
    return f"{group.album.image_id}1"


def _back_id(group: MadeGroup) -> str:
    return f"{group.album.image_id}2"


def _image(group: MadeGroup, image_id: str, *types: str, suffix: str = "jpg") -> _Fields:
    """Render an image as lists have it today: a whole number, https, five thumbnails."""
    address = f"https://{HOST}/release/{group.release_mbid}/{image_id}"
    return {
        "approved": True,
        "back": types == ("Back",),
        "comment": "",
        "edit": int(image_id) % 10**8,
        "front": types == ("Front",),
        "id": int(image_id),
        "image": f"{address}.{suffix}",
        "thumbnails": {name: f"{address}-{size}.jpg" for name, size in SIZES.items()},
        "types": list(types),
    }


def _front(group: MadeGroup, suffix: str = "jpg") -> _Fields:
    return _image(group, _front_id(group), "Front", suffix=suffix)


def _list(group: MadeGroup, *images: _Fields) -> _Fields:
    release = f"https://musicbrainz.org/release/{group.release_mbid}"
    return {"images": list(images), "release": release}


def _render_today(group: MadeGroup) -> _Fields:
    return _list(group, _front(group), _image(group, _back_id(group), "Back"))


def _render_old(group: MadeGroup) -> _Fields:
    """Ids are strings, addresses http, thumbnails two."""
    front, address = _front(group), f"http://{HOST}/release/{group.release_mbid}/"
    address += _front_id(group)
    few = {"large": f"{address}-500.jpg", "small": f"{address}-250.jpg"}
    return _list(
        group, {**front, "id": _front_id(group), "image": f"{address}.jpg", "thumbnails": few}
    )


def _render_png(group: MadeGroup) -> _Fields:
    return _list(group, _front(group, "png"))


def _render_spread(group: MadeGroup) -> _Fields:
    """A spread stands first: its types say Front, but it is not the front."""
    return _list(group, _spread(group), _front(group))


def _render_no_front(group: MadeGroup) -> _Fields:
    return _list(group, _spread(group))


def _spread(group: MadeGroup) -> _Fields:
    return {**_image(group, _back_id(group), "Front", "Back", "Spine"), "back": True}


def _render_original(group: MadeGroup) -> _Fields:
    """Thumbnails are not made yet."""
    return _list(group, {**_front(group), "thumbnails": {}})


def _render_pdf(group: MadeGroup) -> _Fields:
    return _list(group, {**_front(group, "pdf"), "thumbnails": {}})


def _render_dark(group: MadeGroup) -> _Fields:
    """The item was withdrawn."""
    return {"created": 1_654_620_042, "dir": f"/9/items/mbid-{group.mbid}", "is_dark": True}


# Share of the release groups up to which lists look so; None is a list that is missing.
SHAPES: Final[tuple[tuple[float, Callable[[MadeGroup], _Fields | None]], ...]] = (
    (0.03, lambda group: None),
    (0.04, lambda group: {}),
    (0.05, _render_dark),
    (0.06, _render_no_front),
    (0.065, _render_pdf),
    (0.085, _render_original),
    (0.18, _render_spread),
    (0.33, _render_png),
    (0.58, _render_old),
    (1.0, _render_today),
)
