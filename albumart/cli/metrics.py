"""``albumart metrics``: numbers for an operator, as a table, as JSON, or for Prometheus."""

import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from albumart.cli.output import Json, say, say_json, say_table

if TYPE_CHECKING:
    from albumart.metrics import Metric


def metrics(
    *,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print Prometheus's text format.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(help="Write that to FILE.prom, for node_exporter.", metavar="FILE.prom"),
    ] = None,
    listen: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Serve it at this port until interrupted."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    json: Json = False,
) -> None:
    """Items by status, what is due again, requests and waits per host, seconds per station.

    Hosts are those that this machine asked (ALBUMART_HOME); all else is in the stores.
    """
    from albumart.embedded.platform import open_platform
    from albumart.metrics import Metric, collect_metrics, render_prometheus
    from albumart.settings import load_settings
    from albumart.stores.counting import open_counts

    settings = load_settings()
    with open_platform(settings, parts=("mongodb",)) as endpoints:

        def collect() -> list[Metric]:
            with open_counts(endpoints) as counts:
                return collect_metrics(counts, settings.home / "pace")

        if listen is not None:
            _serve((host, listen), lambda: render_prometheus(collect()))
            return
        found = collect()
    if file is not None:
        _replace(file, render_prometheus(found))
    elif prometheus:
        say(render_prometheus(found).rstrip("\n"))
    elif json:
        say_json({"metrics": [asdict(metric) for metric in found]})
    else:
        _show(found)


def _show(found: "Iterable[Metric]") -> None:
    rows = [
        (metric.name, ", ".join(labels.values()), f"{value:.10g}")
        for metric in found
        for labels, value in metric.samples
    ]
    say_table([("what", "of", "number"), *rows])


def _replace(path: Path, text: str) -> None:
    """As a whole: node_exporter may read at any time."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _serve(address: tuple[str, int], render: Callable[[], str]) -> None:
    from albumart.errors import AlbumArtError
    from albumart.metrics import CONTENT_TYPE

    one_at_a_time = threading.Lock()

    class Scraped(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            try:
                with one_at_a_time:
                    body = render().encode()
            except AlbumArtError:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(address, Scraped) as server:
        say(f"http://{address[0]}:{server.server_port}/metrics")
        sys.stdout.flush()
        server.serve_forever()
