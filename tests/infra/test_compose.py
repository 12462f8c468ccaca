"""What compose.yaml promises, as far as it can be seen without a Docker engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from albumart.settings import Settings

INFRA = Path(__file__).parents[2] / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"}
OURS = re.compile(r"albumart:(cpu|gpu|proxy)-\$\{TAG:-local\}")
PINNED = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z]+)?(@sha256:[0-9a-f]{64})?")
THEIRS = re.compile(r"PREFECT_|RCLONE_|MONGO_INITDB_|POSTGRES_|HOME$|(PREFECT_)?SITE$")

each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_may_do_as_little_as_possible(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not service["user"].startswith(("0", "root"))


@each_service
def test_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE))
def test_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@each_service
def test_image_is_ours_or_pinned(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert OURS.fullmatch(service["image"])
        assert (INFRA / ".." / service["build"]["dockerfile"]).is_file()
    else:
        assert PINNED.fullmatch(service["image"])


def test_only_the_proxy_is_on_the_host() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert not any("network_mode" in service for service in SERVICES.values())
    assert {name for name, network in COMPOSE["networks"].items() if not network} == {"outside"}


def test_who_can_reach_the_internet() -> None:
    out = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert out == {"proxy", "worker-cpu", "worker-gpu", "prefect-services"}


@each_service
def test_variables_are_known_and_no_secret(name: str) -> None:
    settings = {f"ALBUMART_{field.upper()}" for field in Settings.model_fields}
    for variable, value in (SERVICES[name].get("environment") or {}).items():
        assert variable in settings or THEIRS.match(variable)
        assert variable.endswith("_FILE") or not re.search("PASSWORD|SECRET|TOKEN|AUTH", variable)
        assert "@" not in str(value)


@each_service
def test_secrets_are_made_and_bear_known_names(name: str) -> None:
    settings = {f"ALBUMART_{field.upper()}" for field in Settings.model_fields}
    for secret in SERVICES[name].get("secrets", []):
        source, target = (
            (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
        )
        assert COMPOSE["secrets"][source] == {"file": f"secrets/{source}"}
        assert f"keep {source} " in (INFRA / "make-secrets").read_text()
        if target.startswith("ALBUMART_"):
            assert target in settings


def test_the_server_is_told_what_it_does_by_itself() -> None:
    told = SERVICES["deploy"]["command"][-1]
    assert "prefect --no-prompt deploy --all" in told
    assert told.endswith("&& albumart automations apply")


def test_what_may_be_set_is_in_the_example() -> None:
    example = (INFRA / ".env.example").read_text()
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (INFRA / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_prefect_knows_its_variables() -> None:
    from prefect.settings import Settings as PrefectSettings

    named = {
        secret["target"]
        for service in SERVICES.values()
        for secret in service.get("secrets", [])
        if not isinstance(secret, str)
    } | {name for service in SERVICES.values() for name in service.get("environment") or {}}
    elsewhere = {
        "PREFECT_REDIS_MESSAGING_HOST",  # of prefect-redis, which the images alone have
        "PREFECT_LOGGING_ROOT_LEVEL",  # of Prefect's logging.yml
        "PREFECT_SITE",  # of our Caddyfile
    }
    asked = {name for name in named if name.startswith("PREFECT_")} - elsewhere
    assert asked <= _variables(PrefectSettings)


def _variables(settings: Any) -> set[str]:
    """Every variable that a tree of pydantic settings reads."""
    prefix, found = settings.model_config.get("env_prefix", ""), set()
    for name, field in settings.model_fields.items():
        aliases = getattr(field.validation_alias, "choices", [])
        found |= {f"{prefix}{name}".upper(), *(a.upper() for a in aliases if isinstance(a, str))}
        if hasattr(field.annotation, "model_fields"):
            found |= _variables(field.annotation)
    return found
