"""The screens of broadcasts, as operators use them."""

from __future__ import annotations

import json
from datetime import date, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions, sending
from buergerdraht.broadcasts.drafts import berlin
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.broadcasts.tests.conftest import member
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"


def _desk(operator: Operator) -> Client:
    desk = Client()
    desk.force_login(operator)
    return desk


def _url(name: str, *args: object) -> str:
    return reverse(f"broadcasts:{name}", args=("musterstadt", *args))


def _form(broadcast: Broadcast, topic: Topic, **fields: str) -> dict[str, object]:
    form = {"version": str(broadcast.version), "title": "Markt", "heading_de": "Markt", "text_de": "Zieht um", "topics": [str(topic.pk)]}
    return {**form, **fields}


def test_what_is_typed_is_kept_and_shown_on_every_phone(draft: Broadcast, people: list[Address], topic: Topic, editor: Operator) -> None:
    fields = {"text_de": "Zieht **um**", "label_de_0": "Lageplan", "url_0": "musterstadt.example/markt"}
    answer = _desk(editor).post(_url("save", draft.pk), _form(draft, topic, **fields))
    kept = Broadcast.objects.get(pk=draft.pk)
    assert kept.versions["de"]["choices"][0]["url"] == "https://musterstadt.example/markt"
    shown = answer.content.decode()
    assert "phone--wa" in shown
    assert "phone--tg" in shown
    assert "Lageplan" in shown


def test_the_second_editor_is_told(draft: Broadcast, topic: Topic, editor: Operator) -> None:
    desk = _desk(editor)
    desk.post(_url("save", draft.pk), _form(draft, topic))
    assert desk.post(_url("save", draft.pk), _form(draft, topic, title="Anders")).status_code == 409


def test_script_is_shown_as_text_everywhere(draft: Broadcast, people: list[Address], topic: Topic, editor: Operator) -> None:
    desk = _desk(editor)
    fields = dict.fromkeys(["title", "heading_de", "text_de", "label_de_0", "hint"], EVIL)
    assert EVIL not in desk.post(_url("save", draft.pk), _form(draft, topic, **fields, url_0="javascript:alert(1)")).content.decode()
    for url in (_url("list"), _url("detail", draft.pk), _url("calendar")):
        assert EVIL not in desk.get(url).content.decode()
    assert "javascript:" not in str(Broadcast.objects.get(pk=draft.pk).versions)
    actions.submit(draft, operator=editor)
    assert EVIL not in desk.get(_url("detail", draft.pk)).content.decode()


def test_another_town_sees_nothing(released: Broadcast) -> None:
    other = Organisation.objects.create(slug="anderstadt", name="Anderstadt", languages=["de"])
    stranger = _desk(member(other, "editor", "approver", "agent"))
    assert stranger.get(_url("detail", released.pk)).status_code == 404
    for name in ("detail", "progress", "recipients", "recipients_csv", "test_phone"):
        assert stranger.get(reverse(f"broadcasts:{name}", args=("anderstadt", released.pk))).status_code == 404, name
    for name in ("save", "attach", "test"):
        assert stranger.post(reverse(f"broadcasts:{name}", args=("anderstadt", released.pk))).status_code == 404, name
    assert stranger.post(reverse("broadcasts:act", args=("anderstadt", released.pk, "zurueckziehen"))).status_code == 404


def test_a_viewer_only_looks(town: Organisation, released: Broadcast) -> None:
    desk = _desk(member(town, "viewer"))
    assert desk.get(_url("detail", released.pk)).status_code == 200
    for verb in ("zurueckziehen", "bearbeiten", "freigeben", "kopieren", "abbrechen"):
        assert desk.post(_url("act", released.pk, verb)).status_code == 403, verb
    assert desk.get(_url("recipients_csv", released.pk)).status_code == 403


def test_all_states_have_a_screen(released: Broadcast, editor: Operator) -> None:
    desk = _desk(editor)
    assert "Bearbeiten" in desk.get(_url("detail", released.pk)).content.decode()
    sending.round_of_all()
    assert "Anhalten" in desk.get(_url("detail", released.pk)).content.decode()
    assert desk.get(_url("progress", released.pk)).status_code == 200
    Outbound.objects.filter(batch=released.pk).update(state="unclear", reason="unclear")
    sending.round_of_all()
    assert desk.get(_url("detail", released.pk)).status_code == 200
    assert desk.get(_url("recipients", released.pk), {"stand": "unclear"}).status_code == 200
    desk.post(_url("act", released.pk, "klaeren"), {"wie": "angekommen"})
    assert not Outbound.objects.filter(state="unclear").exists()


def test_whoever_is_hidden_from_a_member_is_named_to_them_in_no_list_of_recipients(
    released: Broadcast, people: list[Address], editor: Operator
) -> None:
    sending.round_of_all()
    hidden = people[0].contact
    Contact.objects.filter(pk=hidden.pk).update(name="Zenobia Geheimrat")
    desk, link = _desk(editor), reverse("contacts:detail", args=(released.organisation.slug, hidden.pk))
    shown = desk.get(_url("recipients", released.pk)).content.decode()
    assert ("Zenobia" in shown, link in shown) == (True, True)
    Conversation.objects.create(organisation=released.organisation, contact=hidden, confidential=True)
    shown = desk.get(_url("recipients", released.pk)).content.decode()
    assert ("Zenobia" in shown, link in shown, "nicht für Sie zu sehen" in shown) == (False, False, True)


def test_a_page_turns_to_the_next_state_where_it_stands(released: Broadcast, editor: Operator) -> None:
    desk = _desk(editor)
    asked = _url("progress", released.pk), {"stand": released.state}
    assert desk.get(*asked).status_code == 204, "nothing is new"
    sending.round_of_all()
    turned = desk.get(*asked)
    assert "HX-Refresh" not in turned, "a page that loads itself takes a click away from under its operator"
    assert turned["HX-Retarget"] == turned["HX-Reselect"] == "#rundnachricht"
    assert turned.content.decode().count('id="rundnachricht"') == 1
    assert "Anhalten" in turned.content.decode()
    assert json.loads(turned["HX-Trigger-After-Settle"])["said"]["value"].endswith("wird gesendet")


def test_clock_changes_are_said_and_kept() -> None:
    moment, problem = berlin(date(2027, 3, 28), time(2, 30))
    assert "Sommerzeit" in problem
    assert "03:30" in problem
    moment, problem = berlin(date(2026, 10, 25), time(2, 30))
    assert (moment.hour, problem) == (0, "")  # the first of the two
    assert berlin(date(2026, 11, 23), time(11))[0].hour == 10


# ── The question before it goes to the many ───────────────────────────────


@pytest.fixture
def alone(town: Organisation) -> Organisation:
    """A town where no second person releases, and it is night."""
    now = timezone.localtime()
    begin, end = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    Organisation.objects.filter(pk=town.pk).update(approval_required=False, quiet_from=begin, quiet_until=end)
    town.refresh_from_db()
    return town


def test_where_nobody_else_looks_the_desk_asks_before_it_sends(
    alone: Organisation, draft: Broadcast, people: list[Address], editor: Operator
) -> None:
    desk = _desk(editor)
    composer = desk.get(_url("detail", draft.pk)).content.decode()
    assert _url("ask", draft.pk) in composer
    assert _url("act", draft.pk, "freigabe") not in composer
    blind = desk.post(_url("act", draft.pk, "freigabe"))
    assert (blind.status_code, blind["Location"]) == (302, _url("ask", draft.pk))
    assert Broadcast.objects.get(pk=draft.pk).state == "draft"
    asked = desk.get(_url("ask", draft.pk)).content.decode()
    assert "an 6 Menschen senden" in asked
    assert all(name in asked for name in ("Markt", "Bot", "Nummer", "Zurück", f"Es geht um {alone.quiet_until:%H:%M} Uhr hinaus"))
    assert "Nummer: Ohne Vorlage erhalten es nur Personen, die in den letzten 24 Stunden geschrieben haben." in asked
    desk.post(_url("act", draft.pk, "freigabe"), {"gesehen": draft.version})
    assert Broadcast.objects.get(pk=draft.pk).state == "approved"


def test_what_changed_since_the_question_is_asked_about_again(
    alone: Organisation, draft: Broadcast, people: list[Address], editor: Operator
) -> None:
    desk, seen = _desk(editor), draft.version
    actions.change(draft, operator=editor, version=seen, title="Anders")
    answer = desk.post(_url("act", draft.pk, "freigabe"), {"gesehen": seen}, follow=True)
    assert Broadcast.objects.get(pk=draft.pk).state == "draft"
    assert all(words in answer.content.decode() for words in ("inzwischen geändert", "Anders", "an 6 Menschen senden"))


def test_an_urgent_one_says_that_the_nights_rest_is_passed_over(
    alone: Organisation, draft: Broadcast, people: list[Address], editor: Operator
) -> None:
    actions.change(draft, operator=editor, version=draft.version, urgent=True)
    asked = _desk(editor).get(_url("ask", draft.pk)).content.decode()
    assert "Jetzt an 6 Menschen senden" in asked
    assert f"Die Ruhezeit bis {alone.quiet_until:%H:%M} Uhr wird übergangen" in asked


def test_what_is_not_ready_is_not_asked_about(alone: Organisation, draft: Broadcast, editor: Operator) -> None:
    answer = _desk(editor).get(_url("ask", draft.pk), follow=True)
    assert answer.redirect_chain
    assert "erreicht die Nachricht niemanden" in answer.content.decode()


def test_where_a_second_person_releases_nobody_is_asked_twice(
    draft: Broadcast, people: list[Address], editor: Operator, approver: Operator
) -> None:
    desk = _desk(editor)
    assert desk.get(_url("ask", draft.pk))["Location"] == _url("detail", draft.pk)
    desk.post(_url("act", draft.pk, "freigabe"))
    assert Broadcast.objects.get(pk=draft.pk).state == "submitted"
    _desk(approver).post(_url("act", draft.pk, "freigeben"))
    assert Broadcast.objects.get(pk=draft.pk).state == "approved"


def test_what_waited_for_a_second_person_asks_once_the_rule_is_off(
    town: Organisation, draft: Broadcast, people: list[Address], editor: Operator, approver: Operator
) -> None:
    actions.submit(draft, operator=editor)
    Organisation.objects.filter(pk=town.pk).update(approval_required=False)
    desk = _desk(approver)
    assert _url("ask", draft.pk) in desk.get(_url("detail", draft.pk)).content.decode()
    assert desk.post(_url("act", draft.pk, "freigeben"))["Location"] == _url("ask", draft.pk)
    assert _desk(editor).get(_url("ask", draft.pk)).status_code == 403
    desk.post(_url("act", draft.pk, "freigeben"), {"gesehen": draft.version})
    assert Broadcast.objects.get(pk=draft.pk).state == "approved"


def test_an_urgent_ones_size_counts_whom_only_another_way_reaches(
    draft: Broadcast, people: list[Address], editor: Operator, whatsapp: Channel
) -> None:
    """Somebody left the place where they subscribed: a newsletter does not reach them any more, a warning does."""
    at = people[0].last_inbound_at
    assert at is not None
    other = contacts.meet(whatsapp, Sender(address="4915550"), at)
    contacts.absorb(people[0].contact, other.contact)
    Address.objects.filter(pk=people[0].pk).update(state="gone")
    desk, form = _desk(editor), {"version": draft.version, "title": "Markt", "heading_de": "M", "text_de": "T"}
    calm = desk.post(_url("save", draft.pk), form).content.decode()
    assert "<b>5</b>" in calm
    assert "Dringendes geht" not in calm
    urgent = desk.post(_url("save", draft.pk), {**form, "version": draft.version + 1, "urgent": "1"}).content.decode()
    assert "<b>6</b>" in urgent
    assert "Dringendes geht an jeden Menschen zuerst" in urgent
