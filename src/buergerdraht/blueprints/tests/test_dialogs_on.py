"""Switching on a blueprint with dialogs: they answer at once, in the authority's form of address, and what is there stays."""

from __future__ import annotations

from itertools import count

import pytest
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Organisation
from buergerdraht.appointments.models import Offer
from buergerdraht.blueprints import actions
from buergerdraht.blueprints.pieces import Blueprint
from buergerdraht.blueprints.reading import all_blueprints
from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.conversations.models import Label, Message
from buergerdraht.dialogs import actions as dialogs
from buergerdraht.dialogs import triggers
from buergerdraht.dialogs.models import Dialog, Example, System, Table
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db
TALKING = [each for each in all_blueprints().values() if each.dialogs]
NUMBERS = count(1)


@pytest.fixture
def town() -> Organisation:
    triggers.forget()
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")


def write(channel: Channel, text: str) -> str:
    """Write to the authority, and give back what it answered by itself."""
    last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    sender = Sender(address="paula", name="Paula Beispiel", language="de")
    inbound.handle(channel, Received(external_id=f"m{next(NUMBERS)}", sender=sender, at=timezone.now(), text=text))
    return "\n".join(Message.objects.filter(pk__gt=last, author="bot").order_by("pk").values_list("text", flat=True))


@pytest.mark.parametrize("form", ["sie", "du"])
@pytest.mark.parametrize("blueprint", TALKING, ids=lambda each: each.key)
def test_everything_is_there_and_every_dialog_live(town: Organisation, blueprint: Blueprint, form: str) -> None:
    town.address_form = form
    town.save()
    actions.switch_on(town, blueprint, operator=None)
    rows = Dialog.objects.filter(organisation=town)
    assert {row.key for row in rows} == {each["key"] for each in blueprint.dialogs}
    waiting = {"customer_code", "instalment_online"} if blueprint.key == "utility_desk" else set()  # for a system of the authority
    assert {row.key for row in rows if row.live is None} == waiting
    assert set(Table.objects.filter(organisation=town).values_list("key", flat=True)) == {each.key for each in blueprint.tables}
    assert set(Offer.objects.filter(organisation=town).values_list("key", flat=True)) == {each.key for each in blueprint.offers}
    assert Label.objects.filter(organisation=town).count() == len(blueprint.labels)
    assert actions.switch_on(town, blueprint, operator=None) == []


def test_citizens_are_answered_at_once_in_the_authoritys_form_of_address(town: Organisation, channel: Channel) -> None:
    town.address_form = "du"
    town.save()
    actions.switch_on(town, all_blueprints()["waste_calendar"], operator=None)
    assert "Worum geht es beim Abfall?" in write(channel, "Abfall")
    assert "wohnst du" in write(channel, "1")
    assert "Marktstraße" in write(channel, "Marktstr. 3")


def test_a_changed_row_is_the_answer_for_the_next_who_asks(town: Organisation, channel: Channel) -> None:
    actions.switch_on(town, all_blueprints()["pandemic_answers"], operator=None)
    write(channel, "Lage")
    assert "Musterhalle" in write(channel, "4")
    table = Table.objects.get(key="answers")
    table.rows[3] |= {"answer_de": "Im Zelt am Bahnhof.", "updated": "heute, 14:00"}
    table.save()
    answer = write(channel, "4")
    assert "Im Zelt am Bahnhof." in answer
    assert "Stand: heute, 14:00 Uhr" in answer


def test_a_dialog_or_table_of_that_name_stays_as_it_is(town: Organisation) -> None:
    Table.objects.create(organisation=town, key="answers", title="Unsere", columns=["number"], rows=[{"number": "1"}])
    Dialog.objects.create(organisation=town, key="pandemic_answers", title="Unserer", draft={})
    actions.switch_on(town, all_blueprints()["pandemic_answers"], operator=None)
    assert Table.objects.get(key="answers").title == "Unsere"
    assert Dialog.objects.get(key="pandemic_answers").title == "Unserer"


def test_a_dialog_against_which_something_stands_waits_as_a_draft(town: Organisation) -> None:
    Table.objects.create(organisation=town, key="elections", title="Andere", columns=["year"], rows=[])
    actions.switch_on(town, all_blueprints()["election_information"], operator=None)
    assert Dialog.objects.get(key="election_information").live is None


def test_dialogs_that_ask_the_customer_account_wait_as_drafts_until_it_is_entered(town: Organisation) -> None:
    actions.switch_on(town, all_blueprints()["utility_desk"], operator=None)
    asking = Dialog.objects.filter(organisation=town, key__in=["customer_code", "instalment_online"])
    assert [each.live for each in asking] == [None, None]
    assert Dialog.objects.get(organisation=town, key="utility_desk").live is not None
    System.objects.create(organisation=town, key="kundenkonto", title="Kundenkonto", url="https://konto.example.org")
    for each in asking:
        assert dialogs.publish(each, "", operator=None).number == 1
    assert Example.objects.filter(dialog__key="customer_code", name="Dreimal falsch").count() == len(town.languages)


def test_what_was_thrown_away_is_not_brought_back(town: Organisation) -> None:
    blueprint = all_blueprints()["service_desk"]
    actions.switch_on(town, blueprint, operator=None)
    Dialog.objects.filter(organisation=town).update(live=None)
    for model in (Dialog, Table, Offer):
        model.objects.filter(organisation=town).delete()
    assert actions.switch_on(town, blueprint, operator=None) == []


def test_examples_that_hang_on_invented_rows_are_not_kept(town: Organisation) -> None:
    """They would keep people from publishing as soon as the rows are their own."""
    actions.switch_on(town, all_blueprints()["utility_desk"], operator=None)
    Table.objects.filter(organisation=town).update(rows=[])
    kept = set(Example.objects.filter(dialog__key="energy_offer").values_list("name", flat=True))
    assert "Strom für zwei" not in kept
    assert Example.objects.filter(dialog__key="meter_reading", language="en", name="Foto, richtig gelesen").exists()


def test_one_language_alone_is_enough(town: Organisation) -> None:
    town.languages = ["de"]
    town.save()
    actions.switch_on(town, all_blueprints()["pandemic_answers"], operator=None)
    dialog = Dialog.objects.get()
    assert dialog.live is not None
    assert dialog.draft.get("languages", ["de"]) == ["de"]


def test_another_organisation_gets_nothing(town: Organisation) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
    actions.switch_on(town, all_blueprints()["utility_desk"], operator=None)
    assert not Dialog.objects.filter(organisation=other).exists()
    assert not Table.objects.filter(organisation=other).exists()
