"""The Cover Art Archive: a release group's list of images, and of these the front cover.

The archive redirects to archive.org, and that to the machine that holds the file.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from albumart.http.client import FetchPolicy, PoliteClient, Response
from albumart.http.pacing import Pace
from albumart.sources.json_tree import Json, read_json

# robots.txt is obeyed: the archive allows all, archive.org forbids other paths than ours, and the
# machines behind it have none.
POLICY: Final = FetchPolicy(
    pace=Pace(concurrency=2, group="archive.org"),
    hosts=frozenset({"coverartarchive.org", "archive.org", "*.archive.org"}),
    deadline=30.0,  # for the list and the image together
)
INDEX_BYTES: Final = 2**20
# Names of thumbnails, best first: 500 pixels are asked for, and whatever is nearest.
THUMBNAILS: Final = ("500", "large", "1200", "250", "small")
GONE: Final = (404, 410)
ABSENT: Final = 404

_PLAIN = re.compile(r"^http:")


def fetch_cover(client: PoliteClient, url: str) -> Response:
    """The front cover by the address of its list of images; 404 where there is none.

    There is none where the list is missing, dark (withdrawn) or empty, or marks no image as the
    front. Where a thumbnail is gone, the next one is asked for, at last the original.

    Raises:
        ParseError: the list has another shape.
        FetchError, Refused, UnsafeInput: as PoliteClient.get.
    """
    index = client.get(url, replace(POLICY, max_bytes=INDEX_BYTES))
    if index.status != 200:
        return index
    answer, spent = replace(index, status=ABSENT, body=b""), index.elapsed
    for address in front_addresses(index.body, index.url):
        answer = client.get(address, replace(POLICY, deadline=POLICY.deadline - spent))
        spent += answer.elapsed
        if answer.status not in GONE:
            break
    return answer


def front_addresses(body: bytes, where: str) -> tuple[str, ...]:
    """Addresses of the front cover in a list of images, best first; none where there is no front.

    Only ``front`` tells: an image of the types Front, Back and Spine is a spread.
    """
    index = read_json(body, where)
    if index.value == {} or (isinstance(index.value, dict) and index.value.get("is_dark") is True):
        return ()
    images = list(index["images"].each())
    front = next((image for image in images if _is_front(image)), None)
    if front is None:
        return ()
    return tuple(dict.fromkeys(_PLAIN.sub("https:", address) for address in _addresses(front)))


def _is_front(image: Json) -> bool:
    front = image["front"]
    if not isinstance(front.value, bool):
        raise front.error("true or false")
    return front.value


def _addresses(image: Json) -> Iterator[str]:
    thumbnails = image["thumbnails"]
    for name in THUMBNAILS:
        if found := thumbnails.find(name):
            yield found.text()
    yield image["image"].text()
