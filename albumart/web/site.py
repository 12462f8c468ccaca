"""All state of one application: what it was given, and what it has loaded."""

from dataclasses import dataclass, field

from starlette.requests import Request

from albumart.web.champions import Champions
from albumart.web.later import Later
from albumart.web.limits import Turnstile
from albumart.web.options import WebOptions
from albumart.web.thumbnails import Thumbnails


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made of; lies in ``app.state.site``."""

    options: WebOptions
    champions: Champions
    turnstile: Turnstile
    thumbnails: Thumbnails
    later: Later = field(default_factory=Later)

    @property
    def studies(self) -> list[str]:
        """Names of the studies that are shown."""
        return self.champions.studies()

    @property
    def has_token(self) -> bool:
        """Whether one has to log in."""
        return self.options.token is not None


def site_of(request: Request) -> Site:
    """The site that was asked."""
    site: Site = request.app.state.site
    return site
