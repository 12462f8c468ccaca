"""Types of flow parameters: what Prefect checks before a run begins, and its form shows."""

from typing import Annotated

from pydantic import Field

from albumart.sources import SOURCES
from albumart.study import list_studies

SourceName = Annotated[str, Field(title="Source", json_schema_extra={"enum": [*SOURCES]})]
# No closed list: a study may be a file of the operator's own.
StudyName = Annotated[
    str, Field(title="Study", min_length=1, json_schema_extra={"examples": [*list_studies()]})
]
Digest = Annotated[str, Field(title="Dataset's digest", pattern="^[0-9a-f]{64}$")]
VersionNumber = Annotated[int, Field(title="Version", ge=1)]
Limit = Annotated[int, Field(title="Albums of each source at most", ge=1)]
Minutes = Annotated[float, Field(title="Minutes", ge=0, le=180)]
DeploymentName = Annotated[
    str, Field(title="Deployment that trains", pattern="^[^/]+/[^/]+$", max_length=200)
]
