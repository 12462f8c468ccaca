"""The front door: scrape, build, train, evaluate, report and promote one study."""

from typing import Any

from prefect import flow

from albumart.album import Origin
from albumart.training.candidate import Provenance
from flows.build_dataset import build_dataset
from flows.collect_albums import collect_albums
from flows.download_covers import download_covers
from flows.promote_model import promote_model
from flows.train_model import trainer
from tasks.evaluate import show_version
from tasks.forms import DeploymentName, Limit, Minutes, StudyName
from tasks.resources import command_line, find_study, open_sources, record_station
from tasks.spread import spread_start
from tasks.stopwatch import Stopwatch
from tasks.summary import summarize


@flow(name="run-study", flow_run_name="run-study-{study}")
def run_study(
    study: StudyName = "sandbox-genre",
    sandbox: bool | None = None,
    mirror: str | None = None,
    real: str | None = None,
    limit: Limit | None = None,
    backbone: str | None = None,
    weights: str | None = None,
    source: str | None = None,
    url: str | None = None,
    label_vectors: str | None = None,
    train_by: DeploymentName | None = None,
    spread_minutes: Minutes = 0,
) -> dict[str, Any]:
    """Run every station of a study. What did not change is not done again.

    Args:
        study: name of a study, or path of its file.
        sandbox: use the sandbox; by default what the study says.
        mirror: address that stands for every source.
        real: folder of recorded real data that the sandbox serves.
        limit: only this many albums of each source, a fair sample.
        backbone: another backbone than the study's.
        weights: others than the study's: imagenet, random, study:NAME, a path or an address.
        source: another source in the place of the study's, such as folder.
        url: its address or path.
        label_vectors: word vectors for the label space of a study of moods: a path or an address.
        train_by: deployment that trains, on the pool of GPUs; by default here.
        spread_minutes: begin at a random moment within them.
    """
    if spread_minutes:
        spread_start(spread_minutes)
    chosen, watch = find_study(study, source=source, url=url), Stopwatch(record_station)
    with open_sources(chosen, sandbox=sandbox, real=real, mirror=mirror) as sources:
        origin, address = sources.origin, sources.mirror
        for part in chosen.collect:
            name, query = part.source, part.query
            watch.time("collect", collect_albums, name, query, origin, address)
            watch.time("covers", download_covers, name, query, origin, address, limit)
    dataset = watch.time("dataset", build_dataset, study, origin, limit, source, url)
    made = origin is Origin.SANDBOX and not chosen.sandbox
    options = {"sandbox": made, "real": real, "limit": limit, "backbone": backbone}
    options |= {"weights": weights, "source": source, "from": url, "label-vectors": label_vectors}
    provenance = Provenance(command_line(study, options), origin, chosen.scopes)
    train = trainer(train_by)
    wanted = (study, dataset, backbone, weights, provenance, label_vectors)
    version = watch.time("train", train, *wanted)
    outcome = watch.time("promote", promote_model, study, version)
    show_version(chosen, version, str(outcome["report"]))
    return summarize(chosen, version, origin, limit) | outcome | {"seconds": watch.seconds}
