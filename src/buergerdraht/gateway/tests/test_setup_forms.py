"""The form that sets a channel up asks for everything once."""

from __future__ import annotations

import pytest

from buergerdraht.gateway import channels
from buergerdraht.gateway.forms import ChannelForm


@pytest.mark.parametrize("kind", [each.kind for each in channels.kinds()])
def test_no_connector_asks_for_what_every_channel_has(kind: str) -> None:
    form = ChannelForm(kind)
    assert not set(form.wanted) & set(ChannelForm.base_fields), "it would stand twice in the form, and the second would win"


@pytest.mark.parametrize("kind", [each.kind for each in channels.kinds()])
def test_every_field_stands_in_the_form_once(kind: str) -> None:
    form = ChannelForm(kind)
    drawn = [bound.name for group in form.groups() for bound in group["fields"]]
    assert sorted([*drawn, "name"]) == sorted(form.fields)


def test_the_mailbox_is_set_up_in_steps_and_what_is_rarely_needed_is_folded() -> None:
    groups = {group["key"]: group for group in ChannelForm("email").groups()}
    assert [key for key, group in groups.items() if not group["folded"]] == ["account", "secrets", "sending", "receiving"]
    assert [key for key, group in groups.items() if group["folded"]] == ["kept", "proof", "tuning"]
    assert {bound.name for bound in groups["receiving"]["fields"]} == {"imap_host", "imap_port", "imap_security", "folder"}
    assert not any(group["open"] for group in groups.values() if group["folded"])


def test_a_mistake_in_what_is_folded_opens_it() -> None:
    data = {"name": "Post", "own": "a@b.example", "smtp_host": "m.b.example", "smtp_port": "587", "smtp_security": "tls", "read": "stay"}
    form = ChannelForm("email", data | {"imap_port": "993", "imap_security": "tls", "folder": "INBOX", "read_days": "3", "every": "10"})
    assert not form.is_valid()
    assert [group["key"] for group in form.groups() if group["folded"] and group["open"]] == ["kept"]


def test_what_a_check_finds_stands_in_the_step_it_speaks_of() -> None:
    form = ChannelForm("email")
    form.findings = [
        {"level": "warning", "words": "Der Name fehlt.", "about": "proof"},
        {"level": "error", "words": "Der Ausgang nimmt nicht an.", "about": "sending"},
        {"level": "warning", "words": "Ohne https.", "about": ""},
        {"level": "info", "words": "Von einem Schritt, den es hier nicht gibt.", "about": "partner"},
    ]
    told = {group["key"]: [one["words"] for one in group["findings"]] for group in form.groups()}
    assert told["proof"] == ["Der Name fehlt."]
    assert told["sending"] == ["Der Ausgang nimmt nicht an."]
    assert [one["words"] for one in form.whole()] == ["Ohne https.", "Von einem Schritt, den es hier nicht gibt."]
    assert next(group for group in form.groups() if group["key"] == "proof")["open"]
