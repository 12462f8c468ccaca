"""What is stored → a new candidate and its promotion, without asking any source."""

from typing import Any

from prefect import flow

from albumart.album import Origin
from albumart.training.candidate import Provenance
from flows.build_dataset import build_dataset
from flows.promote_model import promote_model
from flows.train_model import trainer
from tasks.evaluate import show_version
from tasks.forms import DeploymentName, StudyName
from tasks.resources import command_line, find_study


@flow(name="retrain-study", flow_run_name="retrain-{study}")
def retrain_study(
    study: StudyName, origin: Origin = Origin.LIVE, train_by: DeploymentName | None = None
) -> dict[str, Any]:
    """Build, train, evaluate and promote a study anew, of the covers that there are.

    Args:
        study: name of a study, or path of its file.
        origin: whose albums.
        train_by: deployment that trains, on the pool of GPUs; by default here.
    """
    dataset = build_dataset(study, origin)
    provenance = Provenance(command_line(study, {}), origin)
    version = trainer(train_by)(study, dataset, None, None, provenance, None)
    outcome = promote_model(study, version)
    show_version(find_study(study), version, str(outcome["report"]))
    return {"study": study, "dataset": dataset} | outcome
