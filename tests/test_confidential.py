"""A thread that somebody may not see is nowhere: every address of the desk is looked at with every right but that of seeing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from tests.test_own_house_only import PLACES, Place, address, foreign_rows, signed_in

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.accounts.rights import RIGHTS
from buergerdraht.connectors.contract import Content, MediaKind, Received, Ref, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import answering, confidential, holding, notices, recording
from buergerdraht.conversations.models import Conversation, Desk, Draft, Notice
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel, Media, Outbound
from buergerdraht.insights import todo

WORDS = ("Quittenmarmelade", "Pflaumenmus", "Holunderlikör", "Mirabellen", "Schlehenbrand")  # said, noted, answered, begun, a file's name
NAME, NUMBER = "Zenobia Geheimrat", "15228817399"
PEOPLE = ("kontakte/", "datenschutz/")  # Petra answers for privacy and finds everybody by name; what was said is not hers
GETS = [place for place in PLACES if "upload" not in place.parameters]  # a file of one's own, not of the inbox
NAMES = [place.route.removeprefix("o/<slug:organisation>/") or "heute" for place in GETS]


@dataclass
class Hidden:
    """A town with one thread that Petra, who has every right, may not see, and Nora may."""

    town: Organisation
    petra: Operator
    nora: Operator
    thread: Conversation
    media: Media
    rows: dict[str, Any]


def works(town: Organisation, name: str) -> Operator:
    operator = Operator.objects.create_user(f"{name.split()[0].lower()}@musterstadt.example", name=name)
    Membership.objects.create(organisation=town, operator=operator, roles=list(RIGHTS))
    return operator


def made_confidential(hidden: Hidden) -> None:
    confidential.confide(hidden.thread, [], by=hidden.nora)


def made_apart(hidden: Hidden) -> None:
    team = Team.objects.create(organisation=hidden.town, name="Ordnungsamt")
    Membership.objects.get(operator=hidden.nora).teams.add(team)
    Conversation.objects.filter(pk=hidden.thread.pk).update(team=team, operator=None)
    Desk.objects.create(organisation=hidden.town, teams_apart=True)


@pytest.fixture(params=[made_confidential, made_apart], ids=["confidential", "apart"])
def hidden(request: pytest.FixtureRequest, db: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Hidden:
    monkeypatch.setattr(settings, "MEDIA_FOLDER", str(tmp_path))
    town = Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de"])
    petra, nora = works(town, "Petra Probe"), works(town, "Nora Nenn")
    rows = foreign_rows(town)
    Channel.objects.filter(pk=rows["channel"]).update(config='{"bot_token": "123456789:AAEprobeprobeprobeprobeprobeprobeprob"}')
    channel = Channel.objects.create(organisation=town, kind="whatsapp", name="WhatsApp", config="{}", state="running")
    sender = Sender(address=NUMBER, name=NAME, handle=f"+49 {NUMBER}")
    event = Received(
        external_id="m1", sender=sender, text="Quittenmarmelade im Rathaus", at=timezone.now(), kind="media",
        media=[Ref(kind=MediaKind.DOCUMENT, external_id="d1", file_name="Schlehenbrand.txt")],
    )  # fmt: skip
    found = contacts.meet(channel, sender, event.at)
    message = recording.record(Incoming(channel=channel, event=event, contact=found.contact, address=found))
    thread = message.conversation
    media = message.media.get()
    stored = files.store(town, b"Schlehenbrand", "Schlehenbrand.txt")
    Media.objects.filter(pk=media.pk).delete()
    message.media.add(stored)
    waiting = timezone.now() - timedelta(hours=1)
    Conversation.objects.filter(pk=thread.pk).update(state="open", unread=1, waiting_since=waiting, urgent_at=waiting, due_at=waiting)
    thread.refresh_from_db()
    notices.tell(thread, [petra], Notice.Kind.URGENT)
    holding.note(thread, "Pflaumenmus", operator=nora)
    answering.reply(thread, Content(text="Holunderlikör"), operator=nora)
    Outbound.objects.update(state="unclear", claimed_at=timezone.now())
    Draft.objects.update_or_create(conversation=thread, defaults={"operator": nora, "text": "Mirabellen"})
    Conversation.objects.filter(pk=thread.pk).update(unread=1, waiting_since=waiting, operator=None)
    thread.refresh_from_db()
    rows["number"]["posteingang/"], rows["message"], rows["contact"], rows["media_id"] = thread.pk, message.pk, thread.contact_id, stored.pk
    made = Hidden(town, petra, nora, thread, stored, rows)
    hide: Callable[[Hidden], None] = request.param
    hide(made)
    return made


def shown(client: Client, path: str, data: dict[str, Any] | None = None) -> tuple[int, str]:
    response = client.post(path, data) if data is not None else client.get(path)
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return response.status_code, bytes(body).decode(errors="replace")


def direct(place: Place) -> bool:
    """Whether the address names the hidden thread or its file."""
    here = place.route.removeprefix("o/<slug:organisation>/")
    return (here.startswith("posteingang/") and "number" in place.parameters) or "media_id" in place.parameters


@pytest.mark.parametrize("place", GETS, ids=NAMES)
def test_nowhere_is_anything_of_it(place: Place, hidden: Hidden) -> None:
    status, body = shown(signed_in(hidden.petra), address(place, hidden.town.slug, hidden.rows))
    if direct(place):
        assert status in {404, 405}
    assert [word for word in WORDS if word in body] == []
    assert f"posteingang/{hidden.thread.pk}/" not in body
    if not place.route.removeprefix("o/<slug:organisation>/").startswith(PEOPLE):
        assert NAME not in body
        assert NUMBER not in body.replace(" ", "")


def test_whoever_may_see_it_does(hidden: Hidden) -> None:
    client = signed_in(hidden.nora)
    status, body = shown(client, f"/o/musterstadt/posteingang/{hidden.thread.pk}/")
    assert status == 200
    assert [word for word in WORDS if word not in body] == []
    assert shown(client, f"/o/musterstadt/datei/{hidden.media.pk}")[0] == 200
    assert NAME in shown(client, "/o/musterstadt/")[1]
    assert f"posteingang/{hidden.thread.pk}/" in shown(client, f"/o/musterstadt/kontakte/{hidden.thread.contact_id}/")[1]
    assert "Schlehenbrand" in shown(client, "/o/musterstadt/posteingang/liste/", {"suche": "Quitten"})[1] or NAME in body


@pytest.mark.parametrize("query", [*WORDS, "Zenobia", f"+49 {NUMBER}"])
def test_no_search_finds_it(query: str, hidden: Hidden) -> None:
    for path in ("posteingang/liste/", "posteingang/finden/"):
        for name in ("suche", "worte"):
            status, body = shown(signed_in(hidden.petra), f"/o/musterstadt/{path}", {name: query, "ansicht": "alle"})
            assert status < 500
            assert f"posteingang/{hidden.thread.pk}/" not in body
            assert NAME not in body.replace(query, "")


@pytest.mark.parametrize("place", [place for place in GETS if place.route.startswith("o/<slug:organisation>/kontakte/")], ids=str)
def test_whoever_does_not_answer_for_privacy_finds_no_name_in_the_contacts_room(place: Place, hidden: Hidden) -> None:
    Membership.objects.filter(operator=hidden.petra).update(roles=["agent", "editor", "approver"])
    status, body = shown(signed_in(hidden.petra), address(place, hidden.town.slug, hidden.rows))
    assert status < 500
    assert NAME not in body
    assert NUMBER not in body.replace(" ", "")
    if "contact" in place.parameters:
        assert status in {403, 404, 405}


@pytest.mark.parametrize("query", ["", "Zenobia", f"+49 {NUMBER}"])
def test_list_search_count_and_export_of_contacts_leave_it_out(query: str, hidden: Hidden) -> None:
    Membership.objects.filter(operator__in=[hidden.petra, hidden.nora]).update(roles=["agent"])
    other = Contact.objects.create(organisation=hidden.town, name="Otto Offen")
    for operator, seen in ((hidden.petra, False), (hidden.nora, True)):
        client = signed_in(operator)
        body = shown(client, "/o/musterstadt/kontakte/", {"q": query})[1]
        assert (NAME in body) is seen
        rows = shown(client, "/o/musterstadt/kontakte/export", {"q": query})[1]
        assert (NAME in rows) is seen
        whole = shown(client, "/o/musterstadt/kontakte/")[1]
        everybody = Contact.objects.filter(organisation=hidden.town).count()
        assert f"{everybody if seen else everybody - 1} Kontakt" in whole
        partner = shown(client, f"/o/musterstadt/kontakte/{other.pk}/", {"partner": "Zenobia"})[1]
        assert (NAME in partner) is seen
        if not seen:
            joined = client.post(f"/o/musterstadt/kontakte/{other.pk}/zusammenfuehren", {"other": hidden.thread.contact_id})
            assert joined.status_code == 404


def test_whoever_answers_for_privacy_finds_them_to_give_access_and_to_erase(hidden: Hidden) -> None:
    Membership.objects.filter(operator=hidden.petra).update(roles=["data_protection"])
    client = signed_in(hidden.petra)
    assert NAME in shown(client, "/o/musterstadt/kontakte/", {"q": "Zenobia"})[1]
    assert "loeschen" in shown(client, f"/o/musterstadt/kontakte/{hidden.thread.contact_id}/")[1]


def test_no_count_counts_it(hidden: Hidden) -> None:
    membership = Membership.objects.select_related("organisation").get(operator=hidden.petra)
    assert notices.unseen(membership).count() == 0
    assert [task for task in todo.tasks(hidden.town, membership) if "Antwort an" in task.title or "Ungeklärt" in task.title] == []
    Conversation.objects.filter(pk=hidden.thread.pk).update(operator=hidden.nora)
    assert todo.at_work(hidden.town, membership) == []


def test_nobody_else_changes_it(hidden: Hidden) -> None:
    client = signed_in(hidden.petra)
    before = hidden.thread.messages.count()
    for place in GETS:
        if direct(place):
            path = address(place, hidden.town.slug, hidden.rows)
            assert client.post(path, {"an": "", "text": "Hallo", "art": "notiz"}).status_code in {404, 405}, path
    assert hidden.thread.messages.count() == before


def test_the_last_who_was_named_leaves_it_to_those_who_answer_for_privacy(hidden: Hidden) -> None:
    if not Conversation.objects.get(pk=hidden.thread.pk).confidential:
        return
    Membership.objects.get(operator=hidden.nora).delete()
    assert hidden.petra in Conversation.objects.get(pk=hidden.thread.pk).named.all()  # she is of those, among others
