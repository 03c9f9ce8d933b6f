"""What happens in the rooms reaches other systems by ids alone, and nothing confidential does; the handbook says what is done."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from tests.api_town import Town, complaint, matter, town

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.cases import actions as cases
from buergerdraht.cases import opening
from buergerdraht.connectors.contract import Content, Received, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.ledger import Proof
from buergerdraht.conversations import answering, confidential, holding
from buergerdraht.conversations.models import Desk
from buergerdraht.conversations.recording import record
from buergerdraht.gateway import signing
from buergerdraht.gateway.models import Channel
from buergerdraht.webhooks import envelope, events, handbook, kinds, tasks
from buergerdraht.webhooks.models import Event, Hook

PAGE = Path(__file__).parent.parent / "docs/administration/webhooks.md"


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def ear(here: Town) -> Hook:
    """Somebody who wants to hear everything."""
    events.forget()
    return Hook.objects.create(organisation=here.organisation, name="Alles", url="https://alles.example", events=list(kinds.KINDS))


def told() -> list[tuple[str, dict[str, int]]]:
    rows = list(Event.objects.order_by("pk").values_list("what", "ids"))
    Event.objects.all().delete()
    return rows


def write(of: Town, who: str, text: str = "Guten Tag", number: str = "1") -> Incoming:
    event = Received(external_id=f"m-{who}-{number}", sender=Sender(address=who, name="Mia Geheim"), at=timezone.now(), text=text)
    address = contacts.meet(of.channel, event.sender, event.at)
    incoming = Incoming(channel=of.channel, event=event, contact=address.contact, address=address)
    record(incoming)
    return incoming


def test_what_becomes_of_a_case_is_told_and_its_notes_are_not(here: Town, ear: Hook) -> None:
    case = opening.open(matter(here.category, contact=here.contact, address=here.address, text="Geheim"))
    cases.move(case, "progress", operator=here.operator, words="Geheim")
    cases.answer(case, "Geheim", operator=here.operator)
    cases.assign(case, here.operator, by=here.operator)
    cases.hand_on(case, here.team, operator=here.operator)
    cases.note(case, "Geheim", operator=here.operator)
    said = told()
    assert [what for what, _ids in said] == ["case.opened", "case.moved", "case.answered", "case.assigned", "case.assigned"]
    assert {json.dumps(ids) for _what, ids in said} == {json.dumps({"case": case.pk})}


def test_of_a_confidential_case_nobody_hears(here: Town, ear: Hook) -> None:
    case = complaint(here)
    cases.move(case, "progress", operator=here.operator)
    cases.answer(case, "Wir prüfen es.", operator=here.operator)
    assert told() == []


def test_a_first_message_tells_of_contact_thread_and_message_once(here: Town, ear: Hook) -> None:
    write(here, "neu")
    said = told()
    assert [what for what, _ids in said][:1] == ["contact.created"]
    assert [what for what, _ids in said].count("message.received") == 1
    assert "Geheim" not in json.dumps(said)
    write(here, "neu")  # what the provider repeats
    assert [what for what, _ids in told()] == []
    write(here, "neu", number="2")
    assert [what for what, _ids in told() if what in {"contact.created", "message.received"}] == ["message.received"]


def test_what_we_write_is_told_when_it_leaves_and_not_where_it_was_taken_back(here: Town, ear: Hook) -> None:
    told()
    sent = answering.reply(here.conversation, Content(text="Geheim"), operator=here.operator)
    (row,) = Event.objects.filter(what="message.sent")
    assert row.ids == {"message": sent.pk, "conversation": here.conversation.pk}
    assert row.deliveries.get().next_at <= timezone.now()
    told()
    Desk.objects.update_or_create(organisation=here.organisation, defaults={"undo_seconds": 20})
    taken = answering.reply(here.conversation, Content(text="Geheim"), operator=here.operator, desired=answering.Desired(once=uuid4()))
    waiting = Event.objects.get(what="message.sent").deliveries.get().next_at
    assert timedelta(seconds=15) < waiting - timezone.now() < timedelta(seconds=21)
    answering.undo(taken, operator=here.operator)
    assert not Event.objects.filter(what="message.sent").exists()
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    answering.reply(here.conversation, Content(text="Geheim"), operator=here.operator)
    assert not Event.objects.filter(what="message.sent").exists()


def test_a_thread_is_told_of_until_it_is_confidential(here: Town, ear: Hook) -> None:
    thread = here.conversation
    holding.assign(thread, by=here.operator, operator=here.operator)
    holding.close(thread, operator=here.operator)
    said = [what for what, _ids in told()]
    assert said[-1] == "conversation.closed"
    assert "conversation.assigned" in said
    confidential.confide(thread, [here.operator], by=here.operator)
    told()
    holding.reopen(thread, operator=here.operator)
    holding.assign(thread, by=here.operator, operator=here.operator)
    holding.close(thread, operator=here.operator)
    assert told() == []


def test_a_subscription_is_told_when_it_counts_and_when_it_ends(here: Town, ear: Hook) -> None:
    proof = Proof(channel=here.channel, evidence="m1", text="Ja")
    contacts.subscribe(here.contact, [here.topic], here.address, proof)
    assert told() == []
    contacts.confirm(here.contact, here.address, proof)
    contacts.unsubscribe(here.contact, [here.topic], proof)
    ids = {"contact": here.contact.pk}
    assert told() == [("subscription.confirmed", ids), ("subscription.ended", ids)]
    contacts.unsubscribe(here.contact, [here.topic], proof)
    assert told() == []


def test_a_channel_that_falls_and_comes_back_is_told_once_each(here: Town, ear: Hook) -> None:
    def looked(state: str) -> list[str]:
        Channel.objects.filter(pk=here.channel.pk).update(state=state)
        tasks.look()
        tasks.look()
        return list(Event.objects.order_by("pk").values_list("what", flat=True))

    assert looked("running") == []
    assert looked("broken") == ["channel.broken"]
    assert looked("running") == ["channel.broken", "channel.running"]


# ── The handbook ──────────────────────────────────────────────────────────


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    text = PAGE.read_text("utf-8")
    assert text == handbook.filled(text), "write what buergerdraht.webhooks.handbook.filled() makes of it"
    assert "de.buergerdraht.case.moved" in handbook.kinds()


def test_the_example_of_the_page_checks_what_we_sign(here: Town, settings: Any) -> None:
    settings.PUBLIC_URL = "https://draht.musterstadt.example"
    event = Event(organisation=here.organisation, what="case.moved", ids={"case": 42}, at=timezone.now())
    text = PAGE.read_text("utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], names)  # noqa: S102 - what the page tells others to run
    body, secret, now = envelope.body(event), signing.new_secret(), int(timezone.now().timestamp())
    head = signing.headers([signing.new_secret(), secret], envelope.name(event), now, body, kind=envelope.TYPE)
    assert names["genuine"](secret, head, body)
    assert not names["genuine"](secret, head, body + b" ")
    assert not names["genuine"](signing.new_secret(), head, body)
    assert not names["genuine"](secret, signing.headers([secret], "evt_1", now - 900, body), body)
    shown, said = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0]), json.loads(body)
    assert {name: value for name, value in said.items() if name not in {"id", "time"}} == {
        name: value for name, value in shown.items() if name not in {"id", "time"}
    }


@pytest.mark.parametrize("what", kinds.KINDS)
def test_every_url_leads_to_an_endpoint_that_there_is(here: Town, what: str) -> None:
    ids = {name: getattr(here, name).pk for name in ("case", "conversation", "contact", "broadcast", "channel")} | {"message": 1}
    url = envelope.said(Event(organisation=here.organisation, what=what, ids=ids, at=timezone.now()))["data"]["url"]
    assert Client().get("/api/v1/" + url.split("/api/v1/")[1]).status_code == 401


def test_pages_of_webhooks_are_for_those_who_manage(here: Town, client: Client) -> None:
    reader = Operator.objects.create_user("leser@musterstadt.example", name="Leser")
    Membership.objects.create(organisation=here.organisation, operator=reader, roles=["agent", "editor", "viewer"])
    client.force_login(reader)
    assert client.get("/o/musterstadt/einstellungen/webhooks/").status_code == 403
