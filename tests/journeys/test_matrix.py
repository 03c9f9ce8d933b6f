"""Matrix from both ends: somebody subscribes, is informed, asks, leaves and comes back; a lost registration stops the channel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, new_phone
from tests.journeys.walk import News, Office, Trouble

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "Matrix"
DYKE = News(
    "Deichbau",
    {"de": ("Der Deich ist gesperrt", "Bis **Freitag** wird gebaut.")},
    link={"de": "Zur Umleitung"},
    choice={"de": "Ich muss durch"},
    picture="Bagger auf dem Deich",
)
OPEN = News("Deichbau", {"de": ("Der Deich ist frei", "Es wird nicht mehr gebaut.")})
# The homeserver was started without our file.
LOST = Trouble(
    CHANNEL, "registration", {"known": False}, {"known": True},
    words="Die Anmeldung beim Dienst gilt nicht mehr", found="Registrierungsdatei",
)  # fmt: skip


def test_a_town_is_on_matrix(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    mira = new_phone(program.phones, "matrix", "Mira Deich", reads=False)
    subscribe(mira, walk.make_topic(office.andrea, "Deichbau", "Dyke works", "matrix.to"))
    walk.broadcast(office, DYKE)
    she_sees_picture_link_and_number(mira)
    walk.reading_is_counted(office, CHANNEL, mira, delivered="–")  # no homeserver reports delivery; the read mark says it all
    a_question_is_answered(office.andrea, mira)
    who_leaves_is_gone_and_comes_back(office.andrea, mira)
    walk.a_stopped_channel_loses_nothing(office, mira, OPEN, LOST)
    walk.stop_is_heard(mira)


def subscribe(mira: Phone, link: str) -> None:
    """The link opens a chat and carries nothing; there are no buttons. She writes the word and answers with a number."""
    mira.follow(link)
    mira.write("ABO Deichbau")
    mira.shows("1. Ja, bestätigen")
    mira.write("1")
    mira.shows("Sie erhalten ab jetzt: Deichbau")


def she_sees_picture_link_and_number(mira: Phone) -> None:
    bubble = mira.shows(DYKE.heading)
    assert bubble["media"]["kind"] == "image"
    assert f"Zur Umleitung: {walk.MORE}" in bubble["text"]
    assert "1. Ich muss durch" in bubble["text"]


def a_question_is_answered(andrea: Page, mira: Phone) -> None:
    walk.inbox(andrea)
    mira.write("Ich muss durch")
    mira.photo("Hier kommt niemand durch.")
    mira.write("Wie lange noch?")
    thread = walk.thread(andrea, "Mira Deich", "Wie lange noch?", "Ich muss durch", DYKE.heading)
    expect(thread.locator("img[alt*='Mira Deich']")).to_be_visible()
    walk.answer(andrea, "Bis Freitag.")
    mira.react(mira.shows("Bis Freitag."), "👍")
    expect(thread).to_contain_text("👍")
    mira.edit("Wie lange noch?", "Wie lange dauert es noch?")
    expect(thread).to_contain_text("Wie lange dauert es noch?")
    examine(andrea)


def who_leaves_is_gone_and_comes_back(andrea: Page, mira: Phone) -> None:
    """Who leaves the room is not written to; a new room is the same person."""
    mira.block()
    thread = andrea.locator("#verlauf")
    expect(thread).to_contain_text(re.compile("blockiert|verlassen"))
    mira.unblock()
    mira.write("Da bin ich wieder.")
    expect(thread).to_contain_text("Da bin ich wieder.")
    andrea.reload()
    walk.answer(andrea, "Schön, dass Sie da sind.")
    mira.shows("Schön, dass Sie da sind.")
