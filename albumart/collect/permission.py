"""Whether a source may be asked at all."""

from collections.abc import Set as AbstractSet

from albumart.album import Origin
from albumart.errors import Refused
from albumart.sources import Source


def check_permission(source: Source, origin: Origin, permitted: AbstractSet[str]) -> None:
    """Raise Refused where the operator has not stated that they have the source's permission.

    Args:
        source: that is to be asked, for pages or for covers.
        origin: who answers; only the source itself gives permission.
        permitted: names of the sources for which the operator states it.
    """
    if source.needs_permission and origin is Origin.LIVE and source.name not in permitted:
        raise Refused(
            f"{source.name} is off until you state that you have its permission: set "
            f"ALBUMART_PERMISSIONS={source.name}; `albumart data import {source.name} DIR` reads "
            "saved pages",
            code="no_permission",
        )
