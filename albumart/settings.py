"""Settings: the only reader of the environment, used at the edges only."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from albumart.errors import PlatformError


def load_settings() -> "Settings":
    """Settings from the environment. Raises PlatformError naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"ALBUMART_{'_'.join(map(str, found['loc'])).upper()}: {found['msg']}; "
            f"got {found['input']!r}"
            for found in error.errors()
        )
        raise PlatformError(problems) from error


class Settings(BaseSettings):
    """What an operator may set, each as ``ALBUMART_<NAME>`` in the environment.

    A part of the platform whose address is set here is used as it is and never started.
    S3 credentials that are not set here come from the ordinary AWS chain.
    """

    model_config = SettingsConfigDict(env_prefix="ALBUMART_", populate_by_name=True, extra="ignore")

    home: Path = Field(
        default=Path(".albumart"), description="Folder of the embedded platform and caches."
    )
    contact: str = Field(
        default="", description="Operator's e-mail or page; required before a live scrape."
    )
    mirror: str = Field(
        default="", description="Address that stands for every source (sandbox or caching proxy)."
    )

    permissions: str = Field(
        default="",
        description="Sources that you state you have permission to scrape, such as allmusic.",
    )

    mongodb_uri: SecretStr | None = Field(default=None, description="Use this MongoDB.")
    mongodb_database: str = "albumart"

    s3_endpoint: str | None = Field(
        default=None, description="Use this S3 endpoint; 'aws' for AWS itself."
    )
    s3_bucket: str = "albumart"
    s3_region: str = "us-east-1"
    s3_access_key_id: SecretStr | None = None
    s3_secret_access_key: SecretStr | None = None

    prefect_api_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("PREFECT_API_URL", "prefect_api_url"),
        description="Use this Prefect server.",
    )
    prefect_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port of the embedded Prefect server."
    )
    mongodb_port: int | None = Field(default=None, ge=1, le=65535)
    s3_port: int | None = Field(default=None, ge=1, le=65535)

    device: str = Field(
        default="auto",
        pattern=r"^(auto|(cpu|gpu|tpu)(:\d+)?)$",
        description="Where networks are trained: auto, cpu, gpu, tpu, or one, such as gpu:1.",
    )
    runner: Literal["thread", "process", "dask", "ray"] = Field(
        default="thread", description="Where the batches of covers and of features run."
    )
    workers: int | None = Field(
        default=None, ge=1, le=10_000, description="Batches that the runner works on at once."
    )
    dask_address: str | None = Field(
        default=None, description="Scheduler of a Dask cluster; else one is started for the flow."
    )
    ray_address: str | None = Field(default=None, description="The same of a Ray cluster.")

    retrain_covers: int = Field(
        default=500, ge=1, description="New stored covers that are worth a new training."
    )
    silence_seconds: int = Field(
        default=300, ge=10, description="A run without a heartbeat for as long is marked Crashed."
    )
    alert_block: str = Field(
        default="",
        description="Block that hears of alerts, TYPE/NAME, such as slack-webhook/albumart.",
    )

    web_token: SecretStr | None = Field(
        default=None, description="Token of `albumart serve`, where other machines reach it."
    )

    @property
    def permitted(self) -> frozenset[str]:
        """Names of the sources that the operator states permission for."""
        return frozenset(filter(None, (name.strip() for name in self.permissions.split(","))))

    @property
    def cache(self) -> Path:
        """Arrays and models that can be computed again."""
        return self.home / "cache"
