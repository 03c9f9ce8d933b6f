"""The bell and the palette: everybody's own, bounded by what they may see, and silent about the rest."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import actions, bell_views, notices
from buergerdraht.conversations.models import Conversation, Notice

BELL, SEEN, FIND = (f"/o/musterstadt/posteingang/{name}/" for name in ("glocke", "glocke/gelesen", "finden"))
PIECE = {"HX-Request": "true"}


def rung(desk: Client) -> str:
    return desk.get(BELL, headers=PIECE).content.decode()


@pytest.fixture
def told(thread: Conversation, andrea: Operator, kemal: Operator) -> Conversation:
    notices.tell(thread, [andrea], "mention", by=kemal)
    return thread


# ── The bell ──────────────────────────────────────────────────────────────


def test_a_line_says_who_did_what_and_leads_to_the_thread(desk: Client, told: Conversation) -> None:
    page = rung(desk)
    assert "Kemal Özdemir hat Sie in einer Notiz erwähnt" in page
    assert "Emine Yıldırım" in page
    assert f'href="/o/musterstadt/posteingang/{told.pk}/"' in page
    assert 'data-count="1"' in page


def test_every_page_knows_how_much_is_in_it(desk: Client, told: Conversation) -> None:
    page = desk.get("/o/musterstadt/kontakte/").content.decode()
    assert 'data-count="1"' in page
    assert "1 neuer Hinweis" in page


def test_every_kind_has_words_and_a_picture(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    for kind in Notice.Kind.values:
        for by in (kemal, None):
            assert bell_views.sentence(Notice(kind=kind, conversation=thread, by=by)).strip()
        assert bell_views.ICONS[Notice.Kind(kind)]


def test_opening_the_thread_empties_it(desk: Client, told: Conversation) -> None:
    desk.get(f"/o/musterstadt/posteingang/{told.pk}/")
    assert "Nichts Neues" in rung(desk)


def test_all_are_marked_at_once_but_only_ones_own(desk: Client, told: Conversation, kemal: Operator) -> None:
    notices.tell(told, [kemal], "message")
    page = desk.post(SEEN, headers=PIECE).content.decode()
    assert "Nichts Neues" in page
    assert Notice.objects.get(seen_at=None).operator == kemal


def test_what_became_hidden_is_neither_listed_nor_counted_nor_marked(desk: Client, told: Conversation) -> None:
    Conversation.objects.update(confidential=True)
    page = rung(desk)
    assert "Nichts Neues" in page
    assert "Emine" not in page
    assert 'data-count="0"' in desk.get("/o/musterstadt/kontakte/").content.decode()
    desk.post(SEEN, headers=PIECE)
    assert Notice.objects.filter(seen_at=None).exists()


def test_many_are_cut_and_counted(desk: Client, andrea: Operator, town: Organisation, thread: Conversation) -> None:
    others = [
        Conversation.objects.create(organisation=town, contact=Contact.objects.create(organisation=town, name=f"Person {number}"))
        for number in range(bell_views.SHOWN + 4)
    ]
    for each in others:
        notices.tell(each, [andrea], "message")
    page = rung(desk)
    assert f'data-count="{len(others)}"' in page
    assert "und 4 ältere" in page
    assert page.count('class="bell__line') == bell_views.SHOWN


def test_the_bell_costs_the_same_whatever_is_in_it(desk: Client, told: Conversation, andrea: Operator) -> None:
    rung(desk)  # the first request of a session asks more
    with CaptureQueriesContext(connection) as one:
        rung(desk)
    for kind in ("message", "assigned", "due"):
        notices.tell(told, [andrea], kind)
    with CaptureQueriesContext(connection) as four:
        assert 'data-count="4"' in rung(desk)
    assert len(four) == len(one)


def test_without_script_the_bell_leads_to_the_inbox(desk: Client, told: Conversation) -> None:
    assert desk.get(BELL)["Location"] == "/o/musterstadt/posteingang/"


# ── The palette ───────────────────────────────────────────────────────────


def found(desk: Client, words: str = "") -> str:
    return desk.post(FIND, {"worte": words}).content.decode()


@pytest.mark.parametrize("words", ["Emine", "EMINE yıldırım", "+49 152 28817386", "0152 28817386"])
def test_threads_and_contacts_are_found_by_name_and_number(desk: Client, thread: Conversation, words: str) -> None:
    page = found(desk, words)
    assert f'data-href="/o/musterstadt/posteingang/{thread.pk}/"' in page
    assert f'data-href="/o/musterstadt/kontakte/{thread.contact_id}/"' in page
    assert page.count('role="option"') == 2


def test_a_thread_is_found_by_its_number(desk: Client, thread: Conversation) -> None:
    assert f'id="p-u{thread.pk}"' in found(desk, f"#{thread.pk}")
    assert 'role="option"' not in found(desk, "#99999999999")
    assert 'role="option"' not in found(desk, "Niemand")


def test_without_words_it_offers_what_one_read_last(desk: Client, thread: Conversation, kemal: Operator) -> None:
    assert 'role="option"' not in found(desk)
    actions.mark_read(thread, operator=kemal, answers=True)
    assert 'role="option"' not in found(desk)  # a colleague's reading is theirs
    desk.get(f"/o/musterstadt/posteingang/{thread.pk}/")
    assert "Zuletzt gelesen" in found(desk)


def test_a_hidden_thread_is_found_by_nobody_else_and_neither_is_its_contact(desk: Client, thread: Conversation, andrea: Operator) -> None:
    desk.get(f"/o/musterstadt/posteingang/{thread.pk}/")
    Conversation.objects.update(confidential=True)
    for words in ("Emine", f"#{thread.pk}", "+49 152 28817386", ""):
        assert 'role="option"' not in found(desk, words)
    thread.named.add(andrea)
    assert found(desk, "Emine").count('role="option"') == 2


def test_teams_apart_find_only_their_own(desk: Client, thread: Conversation, town: Organisation) -> None:
    from buergerdraht.conversations.models import Desk

    Desk.objects.create(organisation=town, teams_apart=True)
    Conversation.objects.update(team=Team.objects.create(organisation=town, name="Bauhof"))
    assert 'role="option"' not in found(desk, "Emine")


def test_names_never_stand_in_addresses(desk: Client, thread: Conversation) -> None:
    assert desk.get(FIND, {"worte": "Emine"}).status_code == 405
