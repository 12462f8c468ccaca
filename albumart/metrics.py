"""What an operator watches: items by status, retries, hosts and stations; as text for Prometheus.

Items, retries and stations are those of the stores, whoever works on them. Hosts are those that
this machine asked: the pace is kept on each machine, and so are its numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from albumart.http.tally import HostTally, read_tallies
from albumart.stores.counting import Count, StationTotals, StoreCounts

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Metric:
    """One number's name, what it says, and its values, each under its labels."""

    name: str
    about: str
    kind: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


_HOST_NUMBERS: Final[Mapping[str, tuple[str, Callable[[HostTally], float]]]] = {
    "host_requests_total": ("Requests to a host.", lambda t: t.requests),
    "host_failures_total": ("Requests without a good answer.", lambda t: t.failures),
    "host_deferred_total": ("Requests put off: the host wants silence.", lambda t: t.deferred),
    "host_pauses_total": ("Times that a host asked for silence.", lambda t: t.pauses),
    "host_wait_seconds_total": ("Waited for turns at a host.", lambda t: t.waited),
    "host_request_seconds_total": ("Spent on requests to a host.", lambda t: t.asked),
}
_STATION_NUMBERS: Final[Mapping[str, tuple[str, str, Callable[[StationTotals], float]]]] = {
    "station_runs_total": ("counter", "Runs of a station.", lambda s: s.runs),
    "station_failures_total": ("counter", "Runs that failed.", lambda s: s.failures),
    "station_seconds_total": ("counter", "Seconds of all runs.", lambda s: s.seconds),
    "station_last_seconds": ("gauge", "Seconds of the last run.", lambda s: s.last_seconds),
    "station_last_timestamp_seconds": ("gauge", "When it ended.", lambda s: s.last.timestamp()),
}


def collect_metrics(counts: StoreCounts, pace: Path) -> list[Metric]:
    """All numbers as they are now; ``pace`` is the folder in which the pace of hosts is kept."""
    totals = tuple(
        ({"kind": kind, "origin": str(origin)}, float(number))
        for kind, origin, number in counts.totals()
    )
    return [
        Metric("documents", "Documents of a kind.", "gauge", totals),
        Metric("items", "Covers and pages by status.", "gauge", _samples(counts.items())),
        Metric("retries", "What failed and is tried again.", "gauge", _samples(counts.retries())),
        *_hosts(read_tallies(pace)),
        *_stations(counts.stations()),
    ]


def render_prometheus(metrics: Iterable[Metric]) -> str:
    """The text that Prometheus scrapes; the names begin with ``albumart_``."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def _samples(counts: Iterable[Count]) -> tuple[tuple[Mapping[str, str], float], ...]:
    names = ("items", "origin", "scope", "status")
    return tuple(
        ({name: str(getattr(each, name)) for name in names}, float(each.number)) for each in counts
    )


def _hosts(tallies: Mapping[str, HostTally]) -> Iterator[Metric]:
    for name, (about, number) in _HOST_NUMBERS.items():
        samples = tuple(({"host": host}, number(tally)) for host, tally in tallies.items())
        yield Metric(name, about, "counter", samples)


def _stations(totals: Iterable[StationTotals]) -> Iterator[Metric]:
    known = tuple(totals)
    for name, (kind, about, number) in _STATION_NUMBERS.items():
        samples = tuple(({"station": each.station}, number(each)) for each in known)
        yield Metric(name, about, kind, samples)


def _lines(metric: Metric) -> Iterator[str]:
    name = f"albumart_{metric.name}"
    yield f"# HELP {name} {metric.about}"
    yield f"# TYPE {name} {metric.kind}"
    for labels, value in metric.samples:
        told = ",".join(f'{key}="{text.translate(_ESCAPED)}"' for key, text in labels.items())
        yield f"{name}{{{told}}} {value:.17g}"
