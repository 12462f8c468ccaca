"""What is gathered once for each champion: the table of covers, what is like what, and the map."""

from typing import Final

from albumart.similar import SimilarCovers
from albumart.web.champions import Live
from albumart.web.collection import Collection, build_collection
from albumart.web.covermap import CoverMap, draw_map
from albumart.web.site import Site

FRESH_SECONDS: Final = 300.0  # after which the table is made anew, for covers may have been scored


def collection_of(site: Site, live: Live, *, wait: float = 0.0) -> Collection | None:
    """The table of covers, or None while it is being made."""
    key = ("collection", live.version.run)
    return site.later.get(key, lambda: build_collection(live), wait=wait, fresh=FRESH_SECONDS)


def similar_to(site: Site, live: Live, *, wait: float = 0.0) -> SimilarCovers | None:
    """The search for similar covers, or None while features are being computed."""
    key = ("similar", live.version.run)
    return site.later.get(
        key,
        lambda: SimilarCovers.of_version(live.version, live.workspace, predictor=live.predictor),
        wait=wait,
    )


def map_of(site: Site, live: Live, *, wait: float = 0.0) -> CoverMap | None:
    """The map, or None while it is being drawn."""
    similar, collection = similar_to(site, live, wait=wait), collection_of(site, live, wait=wait)
    if similar is None or collection is None:
        return None
    key = ("map", live.version.run, collection.scored, len(collection))
    return site.later.get(key, lambda: draw_map(live, collection, similar), wait=wait)
