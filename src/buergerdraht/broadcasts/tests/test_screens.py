"""The screens of broadcasts, as operators use them."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.test import Client
from django.urls import reverse

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions, sending
from buergerdraht.broadcasts.drafts import berlin
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.broadcasts.tests.conftest import member
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.gateway.models import Outbound

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


def test_clock_changes_are_said_and_kept() -> None:
    moment, problem = berlin(date(2027, 3, 28), time(2, 30))
    assert "Sommerzeit" in problem
    assert "03:30" in problem
    moment, problem = berlin(date(2026, 10, 25), time(2, 30))
    assert (moment.hour, problem) == (0, "")  # the first of the two
    assert berlin(date(2026, 11, 23), time(11))[0].hour == 10
