"""Where the stores and the Prefect server answer; what is printed of it shows no secret."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:  # pydantic costs a quarter of a second that the supervisor does not need
    from pydantic import SecretStr

    from albumart.settings import Settings

AWS = "aws"  # what an operator writes for S3 itself, which has no endpoint address


@dataclass(frozen=True, slots=True)
class S3Endpoint:
    """One bucket of one S3. ``endpoint_url`` is None for AWS, keys are None for its usual chain."""

    endpoint_url: str | None
    bucket: str
    region: str
    access_key_id: str | None = field(repr=False)
    secret_access_key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and credentials of everything a run talks to."""

    mongodb_uri: str = field(repr=False)
    mongodb_database: str
    s3: S3Endpoint
    prefect_api_url: str | None = None
    prefect_auth: str | None = field(default=None, repr=False)

    def as_environment(self) -> dict[str, str]:
        """Environment by which another process finds the same places; unknown ones are left out."""
        known = {
            "ALBUMART_MONGODB_URI": self.mongodb_uri,
            "ALBUMART_MONGODB_DATABASE": self.mongodb_database,
            "ALBUMART_S3_ENDPOINT": self.s3.endpoint_url or AWS,
            "ALBUMART_S3_BUCKET": self.s3.bucket,
            "ALBUMART_S3_REGION": self.s3.region,
            "ALBUMART_S3_ACCESS_KEY_ID": self.s3.access_key_id,
            "ALBUMART_S3_SECRET_ACCESS_KEY": self.s3.secret_access_key,
            "PREFECT_API_URL": self.prefect_api_url,
            "PREFECT_API_AUTH_STRING": self.prefect_auth,
        }
        return {name: value for name, value in known.items() if value is not None}


def endpoints_from_settings(settings: "Settings") -> Endpoints | None:
    """What the operator set; None where MongoDB or S3 has no address."""
    if settings.mongodb_uri is None or settings.s3_endpoint is None:
        return None
    return endpoints_template(settings)


def endpoints_template(settings: "Settings") -> Endpoints:
    """What the operator set; a part that is still to be found has no address, or an empty one."""
    address = settings.s3_endpoint
    return Endpoints(
        mongodb_uri=_reveal(settings.mongodb_uri) or "",
        mongodb_database=settings.mongodb_database,
        s3=S3Endpoint(
            endpoint_url=None if address in (None, AWS) else address,
            bucket=settings.s3_bucket,
            region=settings.s3_region,
            access_key_id=_reveal(settings.s3_access_key_id),
            secret_access_key=_reveal(settings.s3_secret_access_key),
        ),
        prefect_api_url=settings.prefect_api_url,
    )


def display_address(address: str) -> str:
    """``address`` for a person to read: scheme, host and path, without user, password and query."""
    split = urlsplit(address)
    host = split.netloc.rpartition("@")[2]
    return f"{split.scheme}://{host}{split.path}" if host else address


def _reveal(secret: "SecretStr | None") -> str | None:
    return None if secret is None else secret.get_secret_value()
