"""Covers on their way in: read in order, within a time and a size, and never kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from albumart.images import MAX_BYTES
from albumart.web.options import Limits
from albumart.web.refusals import Refusal, Stop
from albumart.web.site import Site

COVERS = "covers"  # name of the field


@dataclass(frozen=True, slots=True)
class Upload:
    """Covers of one request, still on the disk or in a buffer, and its other fields."""

    files: tuple[UploadFile, ...]
    fields: dict[str, str]


@asynccontextmanager
async def open_upload(request: Request, site: Site) -> AsyncIterator[Upload]:
    """What was sent; it is gone after the block.

    Raises:
        Stop: nothing came, too much, or too slowly.
    """
    form = await read_form(request, site.options.limits)
    try:
        given = [each for each in form.getlist(COVERS) if isinstance(each, UploadFile)]
        files = tuple(each for each in given if each.filename or each.size)
        if not files:
            raise Stop(
                Refusal(422, "no_cover", f"Expected an image file in {COVERS!r}; none came.")
            )
        yield Upload(files, text_fields(form))
    finally:
        await form.close()


async def read_form(request: Request, limits: Limits) -> FormData:
    """A request's form. The guard cuts off what is too long; here, what is too slow."""
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await request.form(max_files=limits.files, max_fields=16)
    except TimeoutError:
        seconds = f"{limits.body_seconds:.0f} seconds"
        raise Stop(
            Refusal(
                408, "too_slow", f"Expected the whole request within {seconds}; it did not come."
            )
        ) from None
    except (HTTPException, MultiPartException) as error:
        said = error.detail if isinstance(error, HTTPException) else error.message
        raise Stop(Refusal(400, "form", _sentence(said, limits))) from None


def text_fields(form: FormData) -> dict[str, str]:
    """Fields that are no files; of several of one name, the last."""
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def read_upload(file: UploadFile) -> bytes:
    """At most one byte over what is accepted."""
    return file.file.read(MAX_BYTES + 1)


def _sentence(said: str, limits: Limits) -> str:
    if said.startswith("Too many files"):
        return f"Expected at most {limits.files} covers at once; more came."
    return f"Expected a form with covers; it could not be read: {said}"
