"""No room is forgotten: whoever adds a table that leads to a person must say here how access and erasure treat it."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model

from buergerdraht.contacts.models import Address, Contact

# label -> where privacy treats it
KNOWN = {
    "appointments.booking": "access._appointments, erase (cascades: the time is free again), retention._messages (a number stays)",
    "bridges.parcel": "that something went to another system, and how: ids and codes; goes with the case",
    "bridges.passage": "that a case went there and what they said to it: emptied with the case (bridges.on_case)",
    "cases.case": "access._cases, erase (cases.erase empties it: a number stays), retention (cases.forget, by its category)",
    "cases.draft": "what is not sent yet: erase (cascades), retention (cases.forget, after a day)",
    "cases.entry": "access._cases, erase (cases.erase), retention (cases.forget)",
    "cases.follower": "access._cases, erase (cascades), retention (cases.forget)",
    "cases.photo": "a picture of their message: erase (cases.erase), retention (cases.forget)",
    "cases.task": "what is to be done for a case: nothing of the person; goes with the case",
    "cases.delegation": "that a firm was asked: goes with the case",
    "cases.told": "that they were told: ids only; erase (cascades)",
    "contacts.contact": "access._contact, erase (deleted)",
    "contacts.address": "access._addresses, erase (cascades)",
    "contacts.addressalias": "access._addresses counts them, erase (cascades)",
    "contacts.subscription": "access._subscriptions, erase (cascades)",
    "contacts.movingcode": "a keyed hash for half an hour; erase (cascades)",
    "contacts.way": "access._addresses (place_in_order), erase (cascades)",
    "contacts.relay": "access._broadcasts (went_on_at), erase (cascades)",
    "contacts.consent": "access._consents, erase (keeps the pseudonym, blurs the evidence)",
    "consultations.guest": "access._consultations, erase (cascades), retention._messages (the hour keeps its numbers)",
    "conversations.conversation": "access._thread and _messages, erase (cascades)",
    "conversations.message": "access._messages, erase._messages",
    "conversations.stretch": "access._matters (with the mark they gave), erase (cascades)",
    "conversations.draft": "access._draft, erase (cascades)",
    "conversations.notice": "whom of us a thread concerns: ids only; erase (cascades)",
    "conversations.presence": "which thread is before whose eyes of us: an id only; erase (loses the thread)",
    "conversations.reading": "who of us read it: the audit log says so; erase (cascades)",
    "meters.meterreading": "access._readings, erase (cascades), retention._messages (what is handed on)",
    "dialogs.session": "access._dialogs, erase (cascades), retention._messages",
    "dialogs.trace": "numbers; what was misunderstood: retention._messages; erase (cascades)",
    "dialogs.fact": "access._dialogs, erase (cascades)",
    "dialogs.lock": "wrong tries only; erase (cascades)",
    "dialogs.systemevent": "the key a system gave; erase (loses the walk)",
    "dialogs.waiting": "what a system told, until another dialog is over, a week at most: access._dialogs, erase (cascades)",
    "dialogs.systemcall": "that a system was called: numbers only; erase (loses the walk)",
    "broadcasts.recipient": "access._broadcasts, erase (loses the person, keeps the sum)",
    "broadcasts.testaddress": "access.collect (test_phone_of), erase (cascades)",
    "website.signup": "asked for by e-mail and not confirmed: website.tasks.forget, with its letter; confirmed: erase (cascades)",
    "privacy.accesslink": "access.collect, erase (cascades)",
    "watch.probe": "a duty phone of the authority; erase (cascades)",
    "watch.proberun": "numbers only; erase (cascades)",
}
# Tables that name a person without a foreign key to them.
HIDDEN = {
    "gateway.outbound": "access._deliveries, erase._deliveries",
    "gateway.part": "erase._forget_parts",
    "gateway.storedcontent": "erase.delete_outbounds",
    "gateway.earlyreceipt": "erase._forget_receipts",
    "gateway.inboundevent": "erase.forget_events",
    "gateway.media": "access._messages, erase._messages",
    "gateway.taken": "files.remove; two days",
    "gateway.mediaupload": "cascades with media",
    "gateway.seen": "ids of events only; retention._seen",
    "gateway.traffic": "redacted; retention._traffic",
    "contacts.contactimport": "emptied when imported; retention._imports",
}


def _leads_to_person(model: type[Model]) -> bool:
    return any(each.many_to_one or each.one_to_one for each in _links(model))


def _links(model: type[Model]) -> list:
    found = []
    for column in model._meta.get_fields():
        related = column.related_model if column.is_relation and not column.auto_created else None
        if related in {Contact, Address} or (related and related is not model and related._meta.label_lower in KNOWN):
            found.append(column)
    return found


def test_every_table_that_leads_to_a_person_is_known() -> None:
    leading = {model._meta.label_lower for model in apps.get_models() if _leads_to_person(model)} | {"contacts.contact"}
    assert leading == set(KNOWN), "say in access.py and erase.py what happens to it, then add it here"


def test_every_sealed_column_is_known() -> None:
    """What is encrypted names somebody."""
    from buergerdraht.accounts.vault import SealedField

    sealed = {model._meta.label_lower for model in apps.get_models() if any(isinstance(f, SealedField) for f in model._meta.get_fields())}
    ours = {
        "gateway.channel",
        "dialogs.system",
        "meters.meter",
        "watch.alarmreceiver",
        "conversations.pushkey",
        "bridges.bridge",
        "webhooks.hook",
    }  # our own tokens, addresses and devices
    assert sealed - ours <= set(KNOWN) | set(HIDDEN)


def test_every_table_of_the_gateway_is_considered() -> None:
    gateway = {model._meta.label_lower for model in apps.get_app_config("gateway").get_models()}
    assert gateway - {"gateway.batch", "gateway.channel", "gateway.home", "gateway.messagetemplate"} <= set(HIDDEN)
