"""Webhooks over HTTP: where events go, with their secrets; deliveries are the courier's."""

from fastapi import APIRouter

from api.access.auth import Administers
from api.deps import ServiceDep
from api.desk.hands import ThingId, hand_of, new_id
from api.schemas.audit import WebhookIn, WebhookOut, Webhooks
from graph.errors import NotFound
from graph.ledger import outgoing
from graph.ledger.audit import Act, append
from graph.ledger.port import Endpoint

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.get("", operation_id="list_webhooks", response_model=Webhooks)
def list_webhooks(_: Administers, service: ServiceDep) -> Webhooks:
    """The webhooks that are on, with what waits for each."""
    with service.office.ledger.reading() as book:
        found = [one for one in outgoing.endpoints(book) if one.disabled_at is None]
        counts = outgoing.backlog(book)
    return Webhooks(items=[WebhookOut.of(one, counts.get(one.id, (0, 0))) for one in found])


@router.post("", operation_id="add_webhook", response_model=WebhookOut)
def add_webhook(body: WebhookIn, caller: Administers, service: ServiceDep) -> WebhookOut:
    """Have events delivered. The answer holds the secret that signs them, this once."""
    office = service.office
    office.courier.check(body.url)
    hand = hand_of(office, caller)
    made = Endpoint(new_id(), body.url, frozenset(body.events), hand.now, hand.actor)
    with office.ledger.writing() as book:
        outgoing.register(book, made)
        detail = {"url": made.url, "events": sorted(made.events)}
        append(book, [Act(hand.now, hand.actor, "webhook.add", f"webhook:{made.id}", detail)])
    return WebhookOut.of(made, secret=office.courier.secret_of(made))


@router.post("/{webhook_id}/secret", operation_id="rotate_webhook", response_model=WebhookOut)
def rotate_webhook(webhook_id: ThingId, caller: Administers, service: ServiceDep) -> WebhookOut:
    """Give a webhook another secret; from now on events are signed with it."""
    office = service.office
    hand = hand_of(office, caller)
    with office.ledger.writing() as book:
        made = outgoing.rotate(book, webhook_id)
        append(book, [Act(hand.now, hand.actor, "webhook.rotate", f"webhook:{made.id}")])
    return WebhookOut.of(made, secret=office.courier.secret_of(made))


@router.delete("/{webhook_id}", operation_id="remove_webhook", response_model=WebhookOut)
def remove_webhook(webhook_id: ThingId, caller: Administers, service: ServiceDep) -> WebhookOut:
    """Deliver nothing more; what waits is given up."""
    office = service.office
    hand = hand_of(office, caller)
    with office.ledger.writing() as book:
        known = {one.id: one for one in outgoing.endpoints(book)}
        if webhook_id not in known:
            raise NotFound(f"no webhook {webhook_id!r}")
        outgoing.disable(book, webhook_id, hand.now)
        append(book, [Act(hand.now, hand.actor, "webhook.remove", f"webhook:{webhook_id}")])
    return WebhookOut.of(known[webhook_id])
