"""The commands that the guides name exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from albumart.cli.app import app

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "infra").glob("**/README.md"))


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Every ``albumart …`` of code and of compose.yaml, in words."""
    for guide in GUIDES:
        for code in re.findall(r"```\n(.*?)```|`([^`\n]+)`", guide.read_text(), re.DOTALL):
            for line in "".join(code).splitlines():
                if found := re.search(r"(?:^|[\s;|])albumart ([a-z].*)", line.split("  #")[0]):
                    yield guide.parent.name, found[1].split()
    services = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        if (service.get("command") or [""])[0] == "albumart":
            yield name, service["command"][1:]


@pytest.mark.parametrize(("where", "words"), list(_commands()))
def test_command_exists(where: str, words: list[str]) -> None:
    command, said = get_command(app), " ".join(words)
    while subcommands := getattr(command, "commands", {}):
        assert words, f"{where}: {said}: expected a command after it"
        assert words[0] in subcommands, f"{where}: {said}"
        command, words = subcommands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known, f"{where}: {said}"


def test_deployments_exist() -> None:
    named = set()
    for guide in GUIDES:
        named |= set(re.findall(r"prefect deployment run ([a-z/-]+)", guide.read_text()))
    written = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    known = {f"{_flow_of(each['entrypoint'])}/{each['name']}" for each in written}
    assert named
    assert named <= known


def _flow_of(entrypoint: str) -> str:
    return entrypoint.rpartition(".")[2].replace("_", "-")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.parent.name)
def test_links_lead_somewhere(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
        assert (guide.parent / target).exists(), target
