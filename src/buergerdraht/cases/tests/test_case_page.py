"""The page of one case: who may see it, what it shows, and what can be done there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation, Team
from buergerdraht.cases import actions, opening, proposals, telling, todo
from buergerdraht.cases.models import Case, Category, Entry, Follower, Ground, Task, Told
from buergerdraht.cases.tests.conftest import make_category, make_operator
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway.models import Channel

DESK = "/o/musterstadt/anliegen/"
State = Case.State


@pytest.fixture
def client(kemal: Operator) -> Client:
    return signed_in(kemal)


def signed_in(operator: Operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def paula(channel: Channel) -> Address:
    return citizen(channel, "Paula")


def citizen(channel: Channel, name: str, language: str = "de") -> Address:
    contact = Contact.objects.create(organisation=channel.organisation, name=name, language=language)
    return Address.objects.create(
        organisation=channel.organisation, contact=contact, channel=channel, address=name, address_hash=name.encode(),
        last_inbound_at=timezone.now(),
    )  # fmt: skip


def brought(category: Category, address: Address | None = None, **fields: Any) -> Case:
    given = {"text": "Tiefes Loch vor dem Haus", "place": "Marktstraße 12", "latitude": 51.101, "longitude": 7.1} | fields
    who = {"contact": address.contact, "address": address} if address else {}
    return opening.open(opening.Matter(category=category, at=timezone.now(), **given, **who))


def page(client: Client, case: Case, verb: str = "", given: dict[str, Any] | None = None, status: int = 200) -> str:
    path = f"{DESK}{case.number}/{verb}"
    answer = client.get(path) if given is None else client.post(path, given, follow=True)
    assert answer.status_code == status, answer.status_code
    case.refresh_from_db()
    return " ".join(answer.content.decode().split())


# ── Who may ───────────────────────────────────────────────────────────────


def test_a_confidential_case_is_there_for_the_named_alone(client: Client, town: Organisation, complaint: Category) -> None:
    case = brought(complaint, latitude=None, longitude=None)
    assert "vertraulich" in page(client, case)
    other = signed_in(make_operator(town, "maria"))
    for path in ("", "druck/", "anliegen.pdf"):
        assert other.get(f"{DESK}{case.number}/{path}").status_code == 404
    for verb in ("stand", "notiz", "antwort", "annehmen", "aufgabe", "vorschau/stand"):
        assert other.post(f"{DESK}{case.number}/{verb}/", {"text": "x", "words": "x", "state": "done"}).status_code == 404
    assert case.entries.count() == 1


def test_whoever_only_reads_sees_it_and_changes_nothing(town: Organisation, hole: Category) -> None:
    case = brought(hole, reporter={"name": "Rita Ruf", "phone": "+49 30 23125 001"})
    reader = signed_in(make_operator(town, "vera", role="viewer"))
    shown = page(reader, case)
    assert "Tiefes Loch" in shown
    assert "Stand ändern" not in shown
    assert "Rita Ruf" not in shown
    for verb in ("stand", "notiz", "annehmen", "verbergen"):
        assert reader.post(f"{DESK}{case.number}/{verb}/", {"state": "done", "text": "x"}).status_code == 403
    assert case.entries.count() == 1


def test_a_number_of_nobody_and_a_verb_of_nobody_are_not_there(client: Client, hole: Category) -> None:
    case = brought(hole)
    assert client.get(f"{DESK}2020-00099/").status_code == 404
    assert client.post(f"{DESK}{case.number}/zaubern/").status_code == 404
    assert client.post(f"{DESK}{case.number}/vorschau/notiz/").status_code == 404


# ── What it shows ─────────────────────────────────────────────────────────


def test_words_answers_place_and_reporter(client: Client, waste: Category) -> None:
    case = brought(waste, answers={"kind": "Sperrmüll"}, reporter={"name": "Rita Ruf", "phone": "+49 30 23125 001"})
    shown = page(client, case)
    for words in ("Tiefes Loch vor dem Haus", "Was liegt dort?", "Sperrmüll", "Marktstraße 12", "51.10100", "Rita Ruf", "Bauhof"):
        assert words in shown


def test_html_of_a_citizen_stays_text(client: Client, hole: Category) -> None:
    shown = page(client, brought(hole, text="<script>alert(1)</script>"))
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_a_follower_is_named_with_messenger_and_thread(client: Client, hole: Category, paula: Address) -> None:
    thread = outgoing.thread(paula.contact)
    shown = page(client, brought(hole, paula))
    assert "Paula" in shown
    assert f"/posteingang/{thread.pk}/" in shown
    assert 'title="Telegram"' in shown


def test_who_is_hidden_from_a_member_is_not_named(town: Organisation, hole: Category, paula: Address) -> None:
    outgoing.thread(paula.contact)
    case = brought(hole, paula)
    Conversation.objects.update(confidential=True)
    shown = page(signed_in(make_operator(town, "maria")), case)
    assert "Paula" not in shown
    assert "nicht für Sie sichtbar" in shown


def test_what_could_not_be_told_is_said_in_plain_words(client: Client, kemal: Operator, hole: Category, paula: Address) -> None:
    case = brought(hole, paula)
    entry = actions.move(case, State.CONFIRMED, operator=kemal)
    Told.objects.filter(entry=entry).update(refused="window_closed", at=timezone.now())
    shown = page(client, case)
    assert shown.count(REASONS["window_closed"].title) == 2  # at the person, and at the step
    assert "window_closed" not in shown


def test_a_deadline_that_is_over_stands_out(client: Client, hole: Category) -> None:
    case = brought(hole)
    assert "fällig am" in page(client, case)
    Case.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert "überfällig seit" in page(client, case)
    Case.objects.update(state="done", done_at=timezone.now())
    assert "überfällig" not in page(client, case)


def test_the_history_speaks_in_words(client: Client, town: Organisation, kemal: Operator, hole: Category, paula: Address) -> None:
    case, roads = brought(hole, paula), Team.objects.create(organisation=town, name="Straßenamt")
    actions.assign(case, kemal, by=kemal)
    actions.rank(case, 3, operator=kemal)
    actions.hand_on(case, roads, operator=kemal, text="Bitte übernehmen")
    actions.accept(case, operator=kemal)
    actions.move(case, State.PROGRESS, operator=kemal, words="Der Trupp ist unterwegs.")
    actions.note(case, "Schlüssel liegt beim Pförtner", operator=kemal)
    task = todo.add(case, "Absperren", operator=kemal)
    todo.done(task, operator=kemal)
    actions.leave(case, paula.contact)
    shown = page(client, case)
    for words in (
        "Eingegangen: im Messenger", "An Kemal gegeben", "Priorität: hoch", "An das Team „Straßenamt“ weitergegeben", "Bitte übernehmen",
        "Vom Team angenommen", "Eingegangen → In Arbeit", "Der Trupp ist unterwegs.", "Schlüssel liegt beim Pförtner",
        "Aufgabe hinzugefügt", "Aufgabe erledigt", "folgt nicht mehr",
    ):  # fmt: skip
        assert words in shown, words
    assert not re.search(r">\s*(moved|handed|task_added|ranked)\s*<", shown)


# ── Verbs ─────────────────────────────────────────────────────────────────


def test_moving_tells_followers_with_our_words(client: Client, hole: Category, paula: Address) -> None:
    case = brought(hole, paula)
    assert "Der Stand ist geändert" in page(client, case, "stand/", {"state": "confirmed", "words": "Wir waren dort."})
    telling.go_on(timezone.now())
    assert case.state == State.CONFIRMED
    assert Told.objects.get().follower.contact == paula.contact
    assert Entry.objects.get(what="moved").told == "Wir waren dort."
    assert AuditEntry.objects.filter(action="cases.moved").exists()


def test_moving_in_silence_tells_nobody(client: Client, hole: Category, paula: Address) -> None:
    case = brought(hole, paula)
    page(client, case, "stand/", {"state": "confirmed", "words": "", "silent": "on"})
    assert case.state == State.CONFIRMED
    assert not Told.objects.exists()


def test_a_state_that_does_not_follow_is_refused_and_the_words_stay(client: Client, hole: Category) -> None:
    case = brought(hole)
    shown = page(client, case, "stand/", {"state": "received", "words": "Lange getippt"}, status=422)
    assert "Lange getippt" in shown
    assert case.state == State.RECEIVED


@pytest.mark.parametrize("code", ["de", "en"])
def test_the_sentence_is_shown_before_it_is_said(client: Client, hole: Category, channel: Channel, code: str) -> None:
    case = brought(hole, citizen(channel, "Emily", code))
    answer = client.post(f"{DESK}{case.number}/vorschau/stand/", {"state": "done", "words": "Geflickt."}, headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert "Geflickt." in shown
    assert "ist erledigt" in shown
    assert ("is done" in shown) == (code == "en")
    assert "<html" not in shown
    assert not Told.objects.exists()
    assert case.entries.count() == 1


def test_without_a_script_the_preview_is_the_page_with_all_that_was_typed(client: Client, hole: Category) -> None:
    case = brought(hole)
    shown = page(client, case, "vorschau/stand/", {"state": "waiting", "words": "Noch ein Ersatzteil"})
    assert shown.count("Noch ein Ersatzteil") == 2
    assert '<option value="waiting" selected>' in shown
    assert case.state == State.RECEIVED


def test_a_proposal_fills_the_field_and_sends_nothing(client: Client, town: Organisation, hole: Category) -> None:
    case = brought(hole)
    offered = proposals.of(town, "rejected")[0]
    shown = page(client, case, "vorschau/stand/", {"state": "confirmed", "words": "", "vorschlag": offered.key})
    assert f">{offered.text}</textarea>" in re.sub(r">\s+", ">", shown)
    assert '<option value="rejected" selected>' in shown
    assert case.state == State.RECEIVED


def test_every_state_that_can_be_told_has_proposals_in_both_forms_of_address(town: Organisation) -> None:
    for state in ("confirmed", "progress", "waiting", "done", "rejected", proposals.ANSWER):
        for form in ("sie", "du"):
            town.address_form = form
            assert all(each.text for language in ("de", "en") for each in proposals.of(town, state, language))
        assert proposals.of(town, state)
    assert proposals.text(town, "nichts-7") == ""


def test_an_answer_reaches_everybody_and_a_note_nobody(client: Client, hole: Category, channel: Channel, paula: Address) -> None:
    case = brought(hole, paula)
    nils = citizen(channel, "Nils")
    actions.join(case, nils.contact, nils)
    page(client, case, "antwort/", {"words": "Wir kommen am Montag."})
    page(client, case, "notiz/", {"text": "Nur für uns"})
    assert Told.objects.filter(entry__what="answered").count() == 2
    assert Told.objects.filter(entry__what="note").count() == 0
    assert case.answered_at is not None
    assert "Bitte" not in page(client, case, "antwort/", {"words": ""}, status=422).split("<h1")[0]


def test_team_holder_and_priority(client: Client, town: Organisation, kemal: Operator, hole: Category) -> None:
    case, roads = brought(hole), Team.objects.create(organisation=town, name="Straßenamt")
    page(client, case, "annehmen/", {})
    assert case.accepted_at
    page(client, case, "zuweisen/", {"operator": kemal.pk})
    assert case.operator == kemal
    page(client, case, "zuweisen/", {"operator": ""})
    assert case.operator is None
    page(client, case, "prioritaet/", {"priority": "3"})
    assert case.priority == 3
    page(client, case, "weitergeben/", {"team": roads.pk, "text": "Eures"})
    assert (case.team, case.accepted_at) == (roads, None)


def test_another_deadline_is_warned_of_anew(client: Client, hole: Category) -> None:
    case = brought(hole)
    Case.objects.filter(pk=case.pk).update(warned_at=timezone.now(), overdue_at=timezone.now())
    day = timezone.localdate() + timedelta(days=30)
    assert f"Frist bis {day:%d.%m.%Y}" in page(client, case, "frist/", {"day": day.isoformat()})
    assert case.due_at
    assert timezone.localdate(case.due_at) == day
    assert (case.warned_at, case.overdue_at) == (None, None)
    page(client, case, "frist/", {"day": "2020-01-01"}, status=422)
    page(client, case, "frist/", {"day": ""})
    assert (case.due_at, case.warn_at) == (None, None)


def test_what_is_of_another_house_cannot_be_chosen(client: Client, hole: Category) -> None:
    case, other = brought(hole), Organisation.objects.create(slug="nachbar", name="Nachbar")
    team, stranger = Team.objects.create(organisation=other, name="Fremd"), make_operator(other, "fremd")
    page(client, case, "weitergeben/", {"team": team.pk}, status=422)
    page(client, case, "zuweisen/", {"operator": stranger.pk}, status=422)
    page(client, case, "prioritaet/", {"priority": "9"}, status=422)
    assert (case.operator, case.priority) == (None, 2)
    twin = opening.open(opening.Matter(category=make_category(other, "hole", "Loch"), at=timezone.now()))
    Case.objects.filter(pk=twin.pk).update(number="2020-00077")
    assert "gibt es nicht" in page(client, case, "doppelt/", {"number": "2020-77"}, status=422)


def test_a_confidential_case_goes_to_the_named_alone(client: Client, town: Organisation, complaint: Category) -> None:
    case = brought(complaint)
    maria = make_operator(town, "maria")
    page(client, case, "zuweisen/", {"operator": maria.pk}, status=422)
    assert case.operator is None


def test_a_double_by_its_number_or_from_what_lies_near(client: Client, hole: Category, paula: Address) -> None:
    first, case, far = brought(hole), brought(hole, paula), brought(hole, latitude=51.19)
    shown = page(client, case)
    assert f'value="{first.number}"' in shown
    assert f'value="{far.number}"' not in shown
    assert "selbst" in page(client, case, "doppelt/", {"number": case.number}, status=422)
    page(client, case, "doppelt/", {"number": f"#{int(first.number[:4])}-{int(first.number[5:])}"})
    assert (case.state, case.same_as) == (State.DUPLICATE, first)
    assert Follower.objects.filter(case=first, contact=paula.contact).exists()
    assert f"Eingegangen → Doppelt: {first.number}" in page(client, case)
    assert f"{case.number} wurde als dasselbe" in page(client, first)


def test_a_hidden_double_is_not_betrayed(client: Client, town: Organisation, complaint: Category) -> None:
    case, secret = brought(make_category(town, "lamp", "Laterne")), brought(complaint)
    maria = signed_in(make_operator(town, "maria"))
    assert "gibt es nicht" in page(maria, case, "doppelt/", {"number": secret.number}, status=422)


# ── In public ─────────────────────────────────────────────────────────────


def test_release_shows_what_a_person_wrote_and_hiding_takes_it_back(client: Client, town: Organisation, hole: Category) -> None:
    Ground.objects.filter(organisation=town).update(public=True)
    case = brought(hole, text="Ich bin Paula und hier ist ein Loch")
    page(client, case, "oeffentlich/", {"text": "Loch in der Fahrbahn"})
    assert (case.public, case.public_text) == ("released", "Loch in der Fahrbahn")
    assert f"/melden/musterstadt/{case.number}/" in page(client, case)
    page(client, case, "verbergen/", {})
    assert (case.public, case.public_text) == ("hidden", "")


def test_the_preview_shows_the_public_side_alone(client: Client, hole: Category) -> None:
    case = brought(hole, text="Ich bin Paula")
    answer = client.post(f"{DESK}{case.number}/vorschau/oeffentlich/", {"text": "Nur ein Loch"}, headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert "Nur ein Loch" in shown
    assert "Paula" not in shown
    case.refresh_from_db()
    assert case.public == "hidden"


@pytest.mark.parametrize("visibility", ["internal", "confidential"])
def test_what_stays_inside_has_no_public_side(client: Client, town: Organisation, kemal: Operator, visibility: str) -> None:
    category = make_category(town, "inside", "Innen", visibility=visibility)
    category.people.add(kemal)
    case = brought(category)
    assert "So sieht es öffentlich aus" not in page(client, case)
    page(client, case, "oeffentlich/", {"text": "Doch"}, status=422)
    assert case.public == "hidden"


# ── Tasks ─────────────────────────────────────────────────────────────────


def test_a_task_is_added_ticked_and_taken_back(client: Client, hole: Category) -> None:
    case = brought(hole)
    page(client, case, "aufgabe/", {"text": "Absperren"})
    task = case.tasks.get()
    page(client, case, f"aufgabe/{task.pk}/erledigt/", {})
    page(client, case, f"aufgabe/{task.pk}/erledigt/", {})
    task.refresh_from_db()
    assert task.done_at
    assert task.operator
    page(client, case, f"aufgabe/{task.pk}/offen/", {})
    task.refresh_from_db()
    assert task.done_at is None
    assert list(case.entries.order_by("pk").values_list("what", flat=True)) == ["opened", "task_added", "task_done", "task_undone"]
    assert AuditEntry.objects.filter(action="cases.task_done").count() == 1
    assert "Absperren" not in str(list(AuditEntry.objects.values_list("details", flat=True)))
    page(client, case, "aufgabe/", {"text": "  "}, status=422)


def test_a_task_of_another_case_is_not_there(client: Client, kemal: Operator, hole: Category) -> None:
    case, other = brought(hole), brought(hole)
    task = todo.add(other, "Absperren", operator=kemal)
    assert client.post(f"{DESK}{case.number}/aufgabe/{task.pk}/erledigt/").status_code == 404
    Task.objects.bulk_create(Task(case=other, text="Noch etwas") for _round in range(todo.MOST - 1))
    with pytest.raises(actions.NotNow):
        todo.add(other, "Eine zu viel", operator=kemal)


def test_what_was_emptied_is_only_looked_at(client: Client, hole: Category, kemal: Operator) -> None:
    case = brought(hole)
    Case.objects.update(emptied=True, text="")
    shown = page(client, case)
    assert "gelöscht" in shown
    assert "Stand ändern" not in shown
    assert client.post(f"{DESK}{case.number}/notiz/", {"text": "x"}).status_code == 404


def test_the_door_of_membership_is_asked_first(hole: Category) -> None:
    stranger = Operator.objects.create_user("fremd@nachbar.example", name="Fremd")
    case = brought(hole)
    assert signed_in(stranger).get(f"{DESK}{case.number}/").status_code == 404
    assert not Membership.objects.filter(operator=stranger).exists()


def test_the_open_page_fetches_its_pieces_alone_and_takes_nothing_from_the_next(client: Client, kemal: Operator, hole: Category) -> None:
    case = brought(hole)
    client.force_login(kemal)
    where = f"/o/musterstadt/anliegen/{case.number}/"
    client.post(f"{where}prioritaet/", {"priority": "3"})
    pieces = client.get(where, headers={"hx-request": "true"}).content.decode()
    assert 'data-live-column="arbeit"' in pieces
    assert "<html" not in pieces
    assert "Die Priorität ist geändert." not in pieces
    assert "Die Priorität ist geändert." in client.get(where).content.decode(), "what is said once is still to be said"


def test_every_piece_of_the_open_page_has_a_name_by_which_it_is_renewed(client: Client, hole: Category) -> None:
    case = brought(hole)
    pieces = client.get(f"{DESK}{case.number}/", headers={"hx-request": "true"}).content.decode()
    names = [re.search(r'\bid="([^"]+)"', section) for section in re.findall(r"<section\b[^>]*>", pieces)]
    assert len(names) > 5
    assert all(names), "a panel without an id stays as it was when the case changes elsewhere"
    assert len({name[1] for name in names if name}) == len(names)
