"""The gallery: one content on every messenger there is."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import gallery
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.broadcasts.tests.conftest import member
from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Choice, Content

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"


def _see(operator: Operator, **asked: str) -> str:
    desk = Client()
    desk.force_login(operator)
    answer = desk.get(reverse("broadcasts:gallery", args=("musterstadt",)), asked)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("sample", gallery.SAMPLES)
def test_every_sample_hangs_on_every_messenger(town: Organisation, sample: str) -> None:
    page = _see(member(town, "editor"), inhalt=sample)
    assert re.findall(r'data-kind="([a-z_]+)"', page) == [found.kind for found in registry.kinds()]
    shown = gallery.exhibits(gallery.SAMPLES[sample][1])
    refused = [each.kind for each in shown if not each.bubbles and not any(level == "error" for level, _words in each.notes)]
    assert not refused


def test_one_messenger_can_be_looked_at_alone(town: Organisation) -> None:
    page = _see(member(town, "editor"), inhalt="lang", messenger="matrix")
    assert re.findall(r'data-kind="([a-z_]+)"', page) == ["matrix"]


def test_a_draft_of_ones_own_hangs_there_and_is_no_markup(town: Organisation, draft: Broadcast, editor: Operator) -> None:
    draft.versions["de"] = {"text": f"Nur hier zu lesen {EVIL}"}
    draft.save()
    page = _see(editor, inhalt=f"entwurf-{draft.pk}", messenger="telegram")
    assert "Nur hier zu lesen" in page
    assert EVIL not in page


def test_nobody_elses_draft_is_shown(town: Organisation, draft: Broadcast) -> None:
    draft.versions["de"] = {"text": "Nur im eigenen Haus zu lesen"}
    draft.save()
    other = Organisation.objects.create(slug="nebenan", name="Nebenan")
    desk = Client()
    desk.force_login(member(other, "editor"))
    page = desk.get(reverse("broadcasts:gallery", args=("nebenan",)), {"inhalt": f"entwurf-{draft.pk}"}).content.decode()
    assert "Nur im eigenen Haus" not in page


def test_in_public_nobody_unsubscribes_or_answers() -> None:
    content = Content(
        text="x", footer="Abmelden: STOPP", choices=(Choice(id="a", title="Ja"), Choice(id="b", title="Mehr", url="https://a.example"))
    )
    said = gallery.in_public(content)
    assert (said.footer, [choice.id for choice in said.choices]) == ("", ["b"])
