"""A candidate against the champion → promoted or refused, and reported."""

from prefect import flow

from tasks.approval import ask_person
from tasks.evaluate import render_version, show_version
from tasks.forms import StudyName, VersionNumber
from tasks.promote import decide, settle
from tasks.resources import find_study


@flow(name="promote-model", flow_run_name="promote-model-{study}-v{version}")
def promote_model(study: StudyName, version: VersionNumber) -> dict[str, object]:
    """Promote ``version`` if the gate lets it through, and write its report.

    Where the study asks for approval, the run pauses until a person has answered.

    Args:
        study: name of a study, or path of its file.
        version: number of a registered version.
    """
    chosen = find_study(study)
    decision = decide(chosen, version)
    while decision.pop("waits"):
        seen = decision["evidence"]
        answer = ask_person(chosen, version, seen, render_version(chosen, version))
        decision = settle(chosen, version, answer, seen["champion"])
    report = render_version(chosen, version)
    show_version(chosen, version, report)
    return {"model": {"version": version, **decision}, "report": report}
