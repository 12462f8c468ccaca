"""One full study by a Prefect server on PostgreSQL, as a team has it.

    ALBUMART_HOME=/tmp/postgres python -m benchmarks.postgres [--limit 1200]

A private PostgreSQL (Debian's package `postgresql`) and a Prefect server on it, by the variables of
infra/compose.yaml; the two workers, every deployment and the automations, as its services make
them; then the sandbox's study is run by a worker, and its training by the other pool's. Stores are
the embedded ones. It takes some five minutes on two cores.
"""

import argparse
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from albumart.embedded.platform import open_platform
from albumart.embedded.prefect_server import GPU_POOL, WORK_POOL
from albumart.settings import load_settings
from benchmarks.deployments import ROOT, prefect, run

HOST = "127.0.0.1"
START_SECONDS = 180
DEBIAN = Path("/usr/lib/postgresql")
TABLES = ("flow_run", "task_run", "log", "artifact", "events", "automation")


@dataclass(frozen=True, slots=True)
class Database:
    """A private PostgreSQL: where its programs are, its port, and its only user's password."""

    programs: Path
    port: int
    password: str

    def ask(self, query: str) -> str:
        """What psql prints of a query."""
        words = ("psql", "--no-align", "--tuples-only", *self.whereabouts, "prefect", "-c", query)
        return self.call(*words).strip()

    def call(self, program: str, *words: str) -> str:
        """One of PostgreSQL's own commands."""
        known = os.environ | {"PGPASSWORD": self.password}
        command = [str(self.programs / program), *words]
        done = subprocess.run(command, env=known, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    @property
    def whereabouts(self) -> tuple[str, ...]:
        """The options by which its commands find it."""
        return ("--host", HOST, "--port", str(self.port), "--username", "prefect")

    def variables(self) -> dict[str, str]:
        """What tells a Prefect server of it: the names are those of compose.yaml."""
        known = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())["x-server"]
        named = {name: each for name, each in known.items() if "_SERVER_DATABASE_" in name}
        return named | {
            "PREFECT_SERVER_DATABASE_HOST": HOST,
            "PREFECT_SERVER_DATABASE_PORT": str(self.port),
            "PREFECT_SERVER_DATABASE_PASSWORD": self.password,
        }


@contextmanager
def private_postgres() -> Iterator[Database]:
    """PostgreSQL on a free port of this machine, with an empty database `prefect`."""
    found = shutil.which("initdb")
    programs = Path(found).resolve().parent if found else max(DEBIAN.glob("*/bin"), default=None)
    if programs is None:
        sys.exit("expected PostgreSQL's initdb; got none: apt-get install postgresql")
    database = Database(programs, free_port(), secrets.token_hex(16))
    with tempfile.TemporaryDirectory() as folder:
        owner = _owner(Path(folder))
        data, password = Path(folder) / "data", Path(folder) / "password"
        password.write_text(database.password)
        made = ("--username", "prefect", "--auth", "scram-sha-256", "--pwfile", str(password))
        subprocess.run(
            [programs / "initdb", "--pgdata", data, *made],
            check=True, stdout=subprocess.DEVNULL, **owner,
        )  # fmt: skip
        own = ("-h", HOST, "-p", str(database.port), "-c", "unix_socket_directories=")
        command = (str(programs / "postgres"), "-D", str(data), *own)
        with running("postgres", command, {}, **owner):
            wait_for(lambda: _accepts(database.port), "PostgreSQL")
            database.call("createdb", *database.whereabouts, "prefect")
            yield database


def _owner(folder: Path) -> dict[str, Any]:
    """Who PostgreSQL runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def running(
    name: str, command: tuple[str, ...], own: Mapping[str, str], **how: Any
) -> Iterator[None]:
    """A program for the block, told to end after it; what it says goes to ALBUMART_HOME."""
    with (load_settings().home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=os.environ | own, stdout=log, stderr=log,
            cwd="/", start_new_session=True, **how,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def prefect_on(database: Database) -> Iterator[dict[str, str]]:
    """A Prefect server on PostgreSQL; what its clients are to know."""
    port, auth = free_port(), f"albumart:{secrets.token_hex(16)}"
    api = f"http://{HOST}:{port}/api"
    known = {"PREFECT_API_URL": api, "PREFECT_API_AUTH_STRING": auth}
    own = database.variables() | {"PREFECT_SERVER_API_AUTH_STRING": auth} | known
    start = ("server", "start", "--host", HOST, "--port", str(port))
    with running("prefect", (sys.executable, "-m", "prefect", *start), own):
        wait_for(lambda: _answers(f"{api}/health"), "the Prefect server")
        yield known


def wait_for(reached: Callable[[], bool], what: str) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + START_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            sys.exit(f"expected {what} within {START_SECONDS} s; its log is in ALBUMART_HOME")
        time.sleep(0.2)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) == 0


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return bool(opener.open(url, timeout=5).status == 200)
    except urllib.error.HTTPError:
        return True  # it wants the password: it is there
    except OSError:
        return False


def worker(pool: str, *options: str) -> tuple[str, ...]:
    """The command of a pool's worker; it makes its pool."""
    return (
        *(sys.executable, "-m", "prefect", "worker", "start", "--pool", pool),
        *("--type", "process", "--install-policy", "never", *options),
    )


def main() -> None:
    """Bring up, deploy, run the study, and tell what PostgreSQL keeps of it."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--limit", type=int, default=1200)
    options = asked.parse_args()
    settings = load_settings()
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        endpoints = stack.enter_context(open_platform(settings, parts=()))
        database = stack.enter_context(private_postgres())
        os.environ.update(endpoints.as_environment())
        os.environ.update({"ALBUMART_HOME": str(home), "PREFECT_HOME": str(home / "client")})
        os.environ.update(stack.enter_context(prefect_on(database)))
        print(database.ask("select version()").partition(",")[0])
        for pool, limit in ((WORK_POOL, ()), (GPU_POOL, ("--limit", "1"))):
            stack.enter_context(running(pool, worker(pool, *limit), {}))
        if (done := prefect("deploy", "--all")).returncode:
            sys.exit(done.stdout + done.stderr)
        subprocess.run([sys.executable, "-m", "albumart", "automations", "apply"], check=True)
        completed = run("sandbox-genre", {"sandbox": True, "limit": options.limit})
        for table in TABLES:
            print(f"{table:<12}{database.ask(f'select count(*) from {table}'):>8} rows")
        print(database.ask("select pg_size_pretty(pg_database_size('prefect'))"))
    sys.exit(not completed)


if __name__ == "__main__":
    main()
