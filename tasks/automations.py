"""Automations as code: what the Prefect server does by itself, created and kept as written here.

The trigger that trains anew stands in ``prefect.yaml``, with the deployment that it runs. A server
that we host marks no run whose machine died; and nobody hears of an alert unless it is sent. Both
are made here, with the limits by which sources are asked by one machine at a time.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import (
    ActionTypes,
    CallWebhook,
    ChangeFlowRunState,
    DoNothing,
    SendNotification,
)
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from albumart.errors import NotFound
from albumart.settings import Settings
from tasks.events import ALERTS
from tasks.turns import turn_names

What = Literal["created", "changed", "unchanged"]

HEARTBEAT: Final = "prefect.flow-run.heartbeat"
# A run that has ended, or that stopped to wait for somebody, is not expected to be heard of.
AT_REST: Final = ("Completed", "Failed", "Crashed", "Cancelled", "Suspended")
SUBJECT: Final = "albumart: {{ event.event }}"
BODY: Final = "{{ event.resource.name }}: {{ event.payload.message }}"
WEBHOOK: Final = "webhook"  # the one type of block that is called rather than notified


@dataclass(frozen=True, slots=True)
class Change:
    """One thing on the server: its kind, its name, and what was done to it, or would be."""

    kind: Literal["automation", "limit"]
    name: str
    what: What


def apply_automations(settings: Settings, *, dry_run: bool = False) -> list[Change]:
    """Make the server's limits and automations what is written here; what they were before.

    Raises:
        NotFound: there is no block called as ``alert_block``.
    """
    with get_client(sync_client=True) as client:
        planned = plan_automations(settings, client)
        limits = [_apply_limit(client, name, dry_run=dry_run) for name in turn_names()]
        return limits + [_apply(client, each, dry_run=dry_run) for each in planned]


def plan_automations(settings: Settings, client: SyncPrefectClient) -> list[AutomationCore]:
    """What there is to be."""
    return [_crashed(settings.silence_seconds), _alerts(_alert(settings.alert_block, client))]


def _crashed(silence: int) -> AutomationCore:
    ends = {f"prefect.flow-run.{name}" for name in AT_REST}
    trigger = EventTrigger(
        posture=Posture.Proactive,
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        after={HEARTBEAT},
        expect={HEARTBEAT, *ends},
        within=timedelta(seconds=silence),
    )
    message = f"No heartbeat for {silence} s: its machine or its worker died."
    return AutomationCore(
        name="albumart: runs whose machine died",
        description=f"Marks a run Crashed that was not heard of for {silence} s.",
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


def _alerts(action: ActionTypes) -> AutomationCore:
    return AutomationCore(
        name="albumart: alerts",
        description="A critical expectation failed, or a scrape changed too much.",
        trigger=EventTrigger(expect=set(ALERTS), threshold=1),
        actions=[action],
    )


def _alert(block: str, client: SyncPrefectClient) -> ActionTypes:
    """Tell the block called ``type/name``; without one, the server's own feed tells it."""
    if not block:
        return DoNothing()
    kind, _, name = block.partition("/")
    try:
        document = client.read_block_document_by_name(name, kind, include_secrets=False)
    except ObjectNotFound:
        raise NotFound(
            f"ALBUMART_ALERT_BLOCK: expected a block TYPE/NAME, such as slack-webhook/albumart; "
            f"got {block!r}: there is none; make it on the page Blocks of the Prefect server"
        ) from None
    if kind == WEBHOOK:
        payload = f'{{"subject": "{SUBJECT}", "text": "{BODY}"}}'
        return CallWebhook(block_document_id=document.id, payload=payload)
    return SendNotification(block_document_id=document.id, subject=SUBJECT, body=BODY)


def _apply(client: SyncPrefectClient, wanted: AutomationCore, *, dry_run: bool) -> Change:
    known = client.read_automations_by_name(wanted.name)
    what = _compare(known, wanted)
    if not dry_run:
        if what == "created":
            client.create_automation(wanted)
        elif what == "changed":
            client.update_automation(known[0].id, wanted)
    return Change("automation", wanted.name, what)


def _compare(known: list[Automation], wanted: AutomationCore) -> What:
    if not known:
        return "created"
    return "unchanged" if _plain(known[0]) == _plain(wanted) else "changed"


def _plain(automation: AutomationCore) -> dict[str, Any]:
    """What we decide of an automation; the server adds names of its own."""
    decided = automation.model_dump(include={"description", "enabled", "trigger", "actions"})
    decided["trigger"].pop("id", None)
    return decided


def _apply_limit(client: SyncPrefectClient, name: str, *, dry_run: bool) -> Change:
    try:
        known = client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        what: What = "created"
    else:
        what = "unchanged" if known.limit == 1 and known.active else "changed"
    if not dry_run and what != "unchanged":
        client.upsert_global_concurrency_limit_by_name(name, 1)
    return Change("limit", name, what)
