"""What the JSON API says, as models that OpenAPI can describe."""

from datetime import datetime

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """Why there is no answer."""

    code: str = Field(description="One word for programs.")
    message: str = Field(description="A sentence for people.")


class Error(BaseModel):
    """What comes with any status of 400 or more."""

    error: ErrorBody


class Health(BaseModel):
    """Whether the server answers."""

    status: str
    version: str


class Study(BaseModel):
    """A study that has a model."""

    name: str
    title: str
    champion: int | None = Field(description="Number of the version that answers.")


class Champion(BaseModel):
    """Who answers for a study."""

    study: str
    title: str
    version: int
    classes: list[str]
    image_size: int
    several: bool = Field(description="A cover may carry several labels.")
    least_confidence: float | None = Field(
        description="Below it the answer is not sure; null where nothing is enough."
    )


class LabelBody(BaseModel):
    """A label and its calibrated probability."""

    label: str
    probability: float


class IntendedBody(BaseModel):
    """Whether a cover reads as what it is meant to be."""

    intended: str
    fits: bool
    probability: float
    rank: int
    labels: int
    taken_for: str | None
    not_sure: bool
    sentence: str


class NeighbourBody(BaseModel):
    """A stored cover that is like another."""

    album: str
    similarity: float


class Judged(BaseModel):
    """What the champion says of one file; with ``error`` there is nothing else."""

    name: str
    error: ErrorBody | None = None
    sentence: str | None = None
    not_sure: bool | None = None
    labels: list[LabelBody] = Field(default=[], description="Best first.")
    intended: IntendedBody | None = None
    overlay: str | None = Field(None, description="PNG as a data: address, where asked for.")
    overlay_about: str | None = None
    similar: list[NeighbourBody] | None = Field(
        None, description="Null while the collection is still being looked at."
    )


class Judgement(BaseModel):
    """What the champion says of the files of one request, in their order."""

    study: str
    version: int
    covers: list[Judged]
    comparison: str = Field(description="A sentence where several covers could be looked at.")


class CoverBody(BaseModel):
    """A stored cover in the table."""

    album: str
    sha256: str
    title: str
    artist: str
    year: int | None
    own: list[str] = Field(description="Its labels in the dataset; empty where it is not in it.")
    split: str
    top: str = Field(description="What the champion says; empty where it was not asked.")
    confidence: float | None
    not_sure: bool
    wrong: bool | None


class CoverPage(BaseModel):
    """One page of covers."""

    total: int
    page: int
    pages: int
    covers: list[CoverBody]


class AlbumBody(BaseModel):
    """An album with its provenance."""

    key: str
    source: str
    title: str | None
    artist: str | None
    year: int | None
    page_url: str | None
    words: dict[str, list[str]]
    cover_sha256: str | None
    cover_url: str | None
    cover_status: str
    scopes: list[str]
    told_by: str = Field(description="Address of the page that told of it.")
    told: datetime | None
    first_seen: datetime | None
    own: list[str]
    split: str | None


class FigureBody(BaseModel):
    """A figure with its 95 % interval; null where the data cannot say."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class VersionBody(BaseModel):
    """A model version."""

    study: str
    version: int
    champion: bool
    created: datetime
    dataset: str
    albums: int
    sha256: str
    classes: list[str]
    metrics: dict[str, FigureBody]


class EventBody(BaseModel):
    """A line of a study's history."""

    action: str
    version: int
    replaced: int | None
    reason: str
    who: str
    when: datetime
    comment: str


class DotBody(BaseModel):
    """A cover on the map."""

    album: str
    x: float
    y: float
    top: str
    own: list[str]


class MapBody(BaseModel):
    """The map; ``dots`` is null while it is being drawn."""

    method: str | None
    width: int
    height: int
    dots: list[DotBody] | None


class QuestionBody(BaseModel):
    """A cover of the game."""

    token: str = Field(description="To answer with.")
    cover: str = Field(description="Address of the picture, which does not tell the album.")
    choices: list[str]
    number: int
    of: int


class GuessBody(BaseModel):
    """What a player says of a cover."""

    player: str = Field(max_length=160)
    token: str = Field(max_length=64)
    label: str | None = Field(None, max_length=200, description="Null says: not sure.")
    seconds: float | None = Field(None, ge=0, le=1e9, allow_inf_nan=False)


class VerdictBody(BaseModel):
    """What is told after an answer; the first one counts."""

    album: str
    said: str | None
    labels: list[str]
    right: bool | None
    model: str
    probability: float
    model_right: bool
    is_first: bool
