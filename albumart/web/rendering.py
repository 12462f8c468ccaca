"""Templates → pages. Whatever a template prints is escaped, whoever wrote it."""

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

import albumart
from albumart.reports.wording import count, covers_word, number, percent
from albumart.web.figures import action_word
from albumart.web.site import site_of

FRAGMENT: Final = "x-fragment"  # with which our own script asks for a part of a page


@cache
def environment() -> Environment:
    """The templates of this package."""
    made = Environment(
        loader=PackageLoader("albumart.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": percent,
        "share": share,
        "count": count,
        "covers": covers_word,
        "number": number,
        "unbroken": unbroken,
        "coded": coded,
        "action": action_word,
        "day": day,
        "moment": moment,
        "width": width,
        "segment": segment,
        "data_uri": data_uri,
        "web_address": web_address,
    }
    made.globals |= {"query": query, "version": albumart.__version__}
    return made


def render(
    request: Request, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    """A page, with the navigation of the site around it."""
    found = environment().get_template(template)
    text = found.render(site=site_of(request), path=request.scope["path"], **context)
    return HTMLResponse(text, status)


def wants_fragment(request: Request) -> bool:
    """Whether only the part that changes is asked for."""
    return FRAGMENT in request.headers


def share(value: float) -> str:
    """0.4123 → ``41 %``; never a 0 or a 100 that is none."""
    if 0 < value < 0.005:
        return "< 1\u00a0%"
    if 0.995 <= value < 1:
        return "> 99\u00a0%"
    return percent(value, 0)


def unbroken(sentence: str) -> str:
    """A sentence whose numbers keep their units."""
    return sentence.replace(" %", "\u00a0%")


def coded(text: str) -> Markup:
    """What stands between double back-ticks, as code; all of it escaped."""
    parts = (f"<code>{escape(part)}</code>" if n % 2 else escape(part)
             for n, part in enumerate(text.split("``")))  # fmt: skip
    return Markup("".join(parts))  # noqa: S704  (each part was escaped)


def width(value: float) -> str:
    """A share as the width of a bar of 100."""
    return f"{100 * min(max(value, 0.0), 1.0):.2f}"


def day(moment: datetime) -> str:
    """``21 November 2026``."""
    return f"{moment:%-d %B %Y}"


def moment(moment: datetime) -> str:
    """``2026-11-21 10:04 UTC``."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def segment(text: str) -> str:
    """One part of a path; what stands for more in an address stands for itself."""
    return quote(text, safe="")


def data_uri(image: bytes) -> str:
    """A JPEG or PNG inside an address."""
    kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def web_address(address: str | None) -> str | None:
    """The address, if a browser may be sent there: http and https alone."""
    if address is None:
        return None
    try:
        split = urlsplit(address)
    except ValueError:
        return None
    return address if split.scheme in ("http", "https") and split.netloc else None


def query(fields: Mapping[str, object], **changes: object) -> str:
    """``?label=jazz&page=2``: the fields with some changed; what is empty is left out."""
    given = {
        name: value for name, value in {**fields, **changes}.items() if value not in ("", None)
    }
    return f"?{urlencode(given)}" if given else "?"
