"""The delivery pages: who sees what, what a click does, and that nothing is decided without the number being said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Content
from buergerdraht.contacts import outreach
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound
from buergerdraht.watch.models import Alarm, AlarmReceiver, Probe, Reconciliation

pytestmark = pytest.mark.django_db
HOME = "/o/musterstadt/zustellung/"


@pytest.fixture
def console(town: Any) -> Client:
    client = Client()
    client.force_login(town.operator)
    return client


def colleague(town: Any, *roles: str) -> Client:
    operator = Operator.objects.create_user(f"{'-'.join(roles)}@musterstadt.example", name="Karl Kollege")
    Membership.objects.create(organisation=town.organisation, operator=operator, roles=list(roles))
    client = Client()
    client.force_login(operator)
    return client


def doubt(town: Any, name: str = "491511", **values: Any) -> Outbound:
    """Make a letter to somebody who wrote just now, that may or may not have arrived."""
    letter = outreach.send(town.person(name), Content(text="Guten Tag"), purpose=values.pop("purpose", "reply"))
    now = timezone.now()
    Outbound.objects.filter(pk=letter.pk).update(state="unclear", reason="unclear", claimed_at=now, finished_at=now, **values)
    return Outbound.objects.get(pk=letter.pk)


def page(client: Client, path: str = "") -> str:
    response = client.get(HOME + path)
    assert response.status_code == 200
    return str(response.content.decode())


class TestOverview:
    @pytest.mark.parametrize("path", ["", "ungeklaert/", "nicht-verarbeitet/", "abgleich/", "alarme/"])
    def test_a_house_without_anything_is_told_what_will_be_here(self, console: Client, town: Any, path: str) -> None:
        town.channel.delete()
        assert 'class="empty"' in page(console, path)

    def test_an_open_alarm_stands_on_top_and_in_the_navigation_and_leads_to_where_it_is_mended(self, console: Client, town: Any) -> None:
        now = timezone.now()
        values = {"organisation": town.organisation, "channel": town.channel, "since": now, "seen_at": now, "values": {"count": 3}}
        Alarm.objects.create(kind="kept_events", level="warning", raised_at=now, **values)
        Alarm.objects.create(kind="queue_old", level="fault", **values)  # a suspicion only
        shown = page(console)
        assert "Meldungen ließen sich nicht verarbeiten: Nummer" in shown
        assert "Die Warteschlange kommt nicht voran" not in shown
        assert f'href="{HOME}nicht-verarbeitet/"' in shown
        assert ": ein offener Alarm</span>" in shown

    def test_a_broken_channel_says_why_and_what_to_do(self, console: Client, town: Any) -> None:
        Channel.objects.filter(pk=town.channel.pk).update(state="broken", reason="token_invalid")
        shown = page(console)
        assert "Die Anmeldung beim Dienst gilt nicht mehr" in shown
        assert "Erneuern Sie das Zugriffstoken" in shown

    def test_hours_of_silence_are_said_with_what_to_check(self, console: Client, town: Any) -> None:
        Channel.objects.filter(pk=town.channel.pk).update(last_inbound_at=timezone.now() - timedelta(hours=4))
        assert "prüfen Sie den Webhook" in page(console)

    def test_whoever_only_reads_sees_the_figures_and_no_verbs(self, town: Any) -> None:
        shown = page(colleague(town, "viewer"), f"kanal/{town.channel.pk}/")
        assert "Tempo jetzt" in shown
        assert "Leerlaufen" not in shown
        assert "anhalten/" not in shown


class TestVerbs:
    def test_a_channel_is_left_to_run_dry_up_to_its_newest_letter(self, console: Client, town: Any) -> None:
        last = town.letters(3)[-1]
        here = f"{HOME}kanal/{town.channel.pk}/"
        response = console.post(f"/o/musterstadt/einstellungen/kanaele/{town.channel.pk}/leerlaufen/", {"zurueck": here})
        assert response.headers["Location"] == here
        town.channel.refresh_from_db()
        assert (town.channel.state, town.channel.drain_to) == ("draining", last.pk)
        assert AuditEntry.objects.filter(action="gateway.drain").exists()
        assert "läuft leer" in page(console, f"kanal/{town.channel.pk}/")

    def test_going_on_forgets_the_mark(self, console: Client, town: Any) -> None:
        Channel.objects.filter(pk=town.channel.pk).update(state="draining", drain_to=7)
        console.post(f"/o/musterstadt/einstellungen/kanaele/{town.channel.pk}/fortsetzen/")
        town.channel.refresh_from_db()
        assert (town.channel.state, town.channel.drain_to) == ("running", None)

    def test_a_channel_that_does_not_send_cannot_run_dry(self, console: Client, town: Any) -> None:
        Channel.objects.filter(pk=town.channel.pk).update(state="paused")
        console.post(f"/o/musterstadt/einstellungen/kanaele/{town.channel.pk}/leerlaufen/")
        town.channel.refresh_from_db()
        assert town.channel.state == "paused"

    @pytest.mark.parametrize("place", ["https://boese.example/", "//boese.example/o/musterstadt/", "/o/kreis/"])
    def test_nobody_is_led_to_another_house(self, console: Client, town: Any, place: str) -> None:
        response = console.post(f"/o/musterstadt/einstellungen/kanaele/{town.channel.pk}/anhalten/", {"zurueck": place})
        assert response.headers["Location"] == f"/o/musterstadt/einstellungen/kanaele/{town.channel.pk}/"


class TestDoubts:
    def test_each_says_whom_what_where_and_what_is_known(self, console: Client, town: Any) -> None:
        broadcast = Broadcast.objects.create(organisation=town.organisation, title="Wochenmarkt")
        doubt(town, "491511", batch=broadcast.pk, details="ServerDisconnectedError", purpose="reply")
        doubt(town, "491512", details="")
        shown = page(console, "ungeklaert/")
        assert "„Wochenmarkt“" in shown
        assert "die Verbindung brach ab, bevor der Dienst geantwortet hat" in shown
        assert "Der Versandprozess endete" in shown

    def test_names_are_for_those_who_see_contacts(self, town: Any) -> None:
        letter = doubt(town)
        address = town.person("491511")
        address.contact.name = "Emine Kaya"
        address.contact.save()
        assert "Emine Kaya" in page(colleague(town, "agent"), "ungeklaert/")
        shown = page(colleague(town, "viewer"), "ungeklaert/")
        assert "Emine Kaya" not in shown
        assert f"Nachricht {letter.pk}" in shown

    def test_nothing_happens_before_the_number_was_said(self, console: Client, town: Any) -> None:
        letters = [doubt(town, f"49151{number}") for number in range(3)]
        wish = {"wie": "erneut", "umfang": "gewaehlt", "brief": [letters[0].pk, letters[1].pk]}
        asked = console.post(HOME + "ungeklaert/entscheiden/", wish)
        assert "2 Nachrichten erneut senden?" in asked.content.decode()
        assert Outbound.objects.filter(state="unclear").count() == 3
        console.post(HOME + "ungeklaert/entscheiden/", {**wish, "sicher": "ja"})
        assert list(Outbound.objects.order_by("pk").values_list("state", flat=True)) == ["queued", "queued", "unclear"]
        assert AuditEntry.objects.get(action="watch.settle").details["letters"] == 2

    def test_all_of_the_filter_are_decided_and_no_others(self, console: Client, town: Any) -> None:
        broadcast = Broadcast.objects.create(organisation=town.organisation, title="Wochenmarkt")
        for number in range(3):
            doubt(town, f"49151{number}", batch=broadcast.pk)
        single = doubt(town, "49159")
        wish = {"wie": "angekommen", "umfang": "alle", "rundnachricht": broadcast.pk}
        assert "3 Nachrichten als angekommen werten?" in console.post(HOME + "ungeklaert/entscheiden/", wish).content.decode()
        console.post(HOME + "ungeklaert/entscheiden/", {**wish, "sicher": "ja"})
        assert list(Outbound.objects.filter(state="unclear")) == [single]
        assert Outbound.objects.filter(state="accepted").count() == 3

    def test_whoever_may_not_be_written_to_stays_unclear_and_the_reason_is_said(self, console: Client, town: Any) -> None:
        letter = doubt(town)
        address = town.person("491511")
        type(address).objects.filter(pk=address.pk).update(state="gone")
        wish = {"wie": "erneut", "umfang": "gewaehlt", "brief": letter.pk, "sicher": "ja"}
        shown = console.post(HOME + "ungeklaert/entscheiden/", wish, follow=True).content.decode()
        assert "Eine Nachricht bleibt ungeklärt: Die Person hat den Kanal blockiert oder verlassen." in shown
        letter.refresh_from_db()
        assert letter.state == "unclear"

    def test_an_editor_decides_broadcasts_and_an_agent_answers(self, town: Any) -> None:
        broadcast = Broadcast.objects.create(organisation=town.organisation, title="Wochenmarkt")
        of_many, single = doubt(town, "491511", batch=broadcast.pk), doubt(town, "491512")
        for roles, own, foreign in ((["editor"], of_many, single), (["agent"], single, of_many)):
            client = colleague(town, *roles)
            shown = page(client, "ungeklaert/")
            assert f'value="{own.pk}"' in shown
            assert f'name="brief" value="{foreign.pk}"' not in shown
            wish = {"wie": "angekommen", "umfang": "gewaehlt", "brief": foreign.pk, "sicher": "ja"}
            assert client.post(HOME + "ungeklaert/entscheiden/", wish).status_code == 403
        assert Outbound.objects.filter(state="unclear").count() == 2

    def test_a_viewer_decides_nothing(self, town: Any) -> None:
        doubt(town)
        wish = {"wie": "angekommen", "umfang": "alle", "sicher": "ja"}
        assert colleague(town, "viewer").post(HOME + "ungeklaert/entscheiden/", wish).status_code == 403
        assert Outbound.objects.get().state == "unclear"

    def test_letters_of_another_house_are_out_of_reach(self, console: Client, town: Any) -> None:
        letter = doubt(town)
        other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
        Outbound.objects.filter(pk=letter.pk).update(organisation=other)
        console.post(HOME + "ungeklaert/entscheiden/", {"wie": "angekommen", "umfang": "gewaehlt", "brief": letter.pk, "sicher": "ja"})
        letter.refresh_from_db()
        assert letter.state == "unclear"


class TestKept:
    @pytest.fixture
    def events(self, town: Any) -> list[InboundEvent]:
        return [
            InboundEvent.objects.create(channel=town.channel, body=b'{"text": "geheim"}', state="kept", problem="malformed: entry", tries=5)
            for _ in range(3)
        ]

    def test_what_citizens_wrote_is_not_shown(self, console: Client, events: list[InboundEvent]) -> None:
        shown = page(console, "nicht-verarbeitet/")
        assert "geheim" not in shown
        assert "Der Inhalt hat nicht die Form" in shown
        assert "18 Bytes" in shown

    def test_the_exact_place_is_for_those_who_manage(self, town: Any, events: list[InboundEvent]) -> None:
        assert "malformed: entry" not in page(colleague(town, "agent"), "nicht-verarbeitet/")

    def test_one_or_all_are_handled_again(self, console: Client, events: list[InboundEvent]) -> None:
        console.post(HOME + "nicht-verarbeitet/wiederholen/", {"meldung": events[0].pk})
        assert list(InboundEvent.objects.order_by("pk").values_list("state", "tries")) == [("new", 0), ("kept", 5), ("kept", 5)]
        console.post(HOME + "nicht-verarbeitet/wiederholen/")
        assert set(InboundEvent.objects.values_list("state", flat=True)) == {"new"}
        assert AuditEntry.objects.filter(action="gateway.replay_many").count() == 2

    def test_they_are_given_up_only_after_a_question(self, console: Client, events: list[InboundEvent]) -> None:
        asked = console.post(HOME + "nicht-verarbeitet/verwerfen/").content.decode()
        assert "3 Meldungen verwerfen?" in asked
        assert InboundEvent.objects.filter(state="kept").count() == 3
        console.post(HOME + "nicht-verarbeitet/verwerfen/", {"sicher": "ja"})
        assert InboundEvent.objects.filter(state="done", done_at__isnull=False).count() == 3

    def test_events_of_another_house_stay_as_they_are(self, console: Client, events: list[InboundEvent]) -> None:
        other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
        channel = Channel.objects.create(organisation=other, kind="telegram", name="Bot", config="{}")
        InboundEvent.objects.update(channel=channel)
        for verb in ("wiederholen", "verwerfen"):
            console.post(HOME + f"nicht-verarbeitet/{verb}/", {"meldung": events[0].pk, "kanal": channel.pk, "sicher": "ja"})
        assert InboundEvent.objects.filter(state="kept").count() == 3


class TestSums:
    def test_a_difference_stands_out_in_words(self, console: Client, town: Any) -> None:
        values = {"organisation": town.organisation, "channel": town.channel, "made_at": timezone.now(), "total": 1200, "accepted": 1200}
        Reconciliation.objects.create(day=timezone.localdate() - timedelta(days=1), differences={"parts": 1234}, **values)
        Reconciliation.objects.create(day=timezone.localdate() - timedelta(days=2), **values)
        shown = page(console, "abgleich/")
        assert "geht 1 Summe nicht auf" in shown
        assert "nicht vollständig verzeichnet sind: 1.234" in shown
        assert shown.count('class="off"') == 1


class TestReceivers:
    def test_a_mailbox_is_added_once_tried_switched_off_and_removed(self, console: Client, town: Any, mailoutbox: list[Any]) -> None:
        wish = {"way": "email", "email": "Bereitschaft@musterstadt.example", "faults_only": "on"}
        console.post(HOME + "alarme/empfaenger/", wish)
        receiver = AlarmReceiver.objects.get()
        assert (receiver.email, receiver.warnings, receiver.active) == ("bereitschaft@musterstadt.example", False, True)
        again = console.post(HOME + "alarme/empfaenger/", wish)
        assert again.status_code == 422
        assert "Diese Adresse wird schon benachrichtigt." in again.content.decode()
        where = f"{HOME}alarme/empfaenger/{receiver.pk}/"
        console.post(where, {"was": "probe"})
        assert [mail.to for mail in mailoutbox] == [["bereitschaft@musterstadt.example"]]
        console.post(where, {"was": "aus"})
        receiver.refresh_from_db()
        assert not receiver.active
        console.post(where, {"was": "entfernen"})
        assert not AlarmReceiver.objects.exists()

    @pytest.mark.parametrize(
        ("way", "wish"),
        [
            ("email", {"email": "kein Postfach"}),
            ("webhook", {"url": "https://geheim:wort@betrieb.example/"}),
            ("operator", {"operator": "999"}),
        ],
    )
    def test_a_wrong_entry_is_answered_with_a_sentence_at_its_field(self, console: Client, way: str, wish: dict[str, str]) -> None:
        response = console.post(HOME + "alarme/empfaenger/", {"way": way, **wish})
        assert response.status_code == 422
        assert "kern-error" in response.content.decode()
        assert not AlarmReceiver.objects.exists()

    def test_secrets_are_for_those_who_manage(self, town: Any) -> None:
        receiver = AlarmReceiver.objects.create(organisation=town.organisation, way="webhook", url="https://betrieb.example/wort")
        shown = page(colleague(town, "viewer"), "alarme/")
        assert receiver.secret not in shown
        assert "betrieb.example" not in shown


class TestProbe:
    def test_the_duty_phone_is_chosen_among_those_who_wrote(self, console: Client, town: Any) -> None:
        where = f"{HOME}kanal/{town.channel.pk}/pruefempfaenger/"
        assert "Schreiben Sie diesem Kanal von dem Gerät" in console.get(where).content.decode()
        address = town.person()
        assert console.post(where, {"address": "0", "minutes": 5, "within": 60}).status_code == 200
        assert not Probe.objects.exists()
        console.post(where, {"address": address.pk, "minutes": 10, "within": 30})
        probe = Probe.objects.get()
        assert (probe.address_id, probe.minutes, probe.within) == (address.pk, 10, 30)
        console.post(where, {"was": "entfernen"})
        assert not Probe.objects.filter(active=True).exists()
