"""The list: filters in the address, who sees what, kept views, and one change for many."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation, Team
from buergerdraht.cases import actions, bulk, history, listing, opening, undoing, views_kept
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.list_forms import FilterForm
from buergerdraht.cases.models import Case, Category, Entry, Photo, View
from buergerdraht.cases.opening import Matter
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.contacts.models import District
from buergerdraht.gateway.models import Media

LIST = "/o/musterstadt/anliegen/"


def member(operator: Operator) -> Membership:
    return Membership.objects.select_related("organisation", "operator").get(operator=operator)


def opened(category: Category, text: str = "", **fields: Any) -> Case:
    """Open a case; fields of the row are set afterwards."""
    case = opening.open(Matter(category=category, at=fields.pop("at", timezone.now()), text=text, place=fields.pop("place", "")))
    if fields:
        Case.objects.filter(pk=case.pk).update(**fields)
        case.refresh_from_db()
    return case


def found(operator: Operator, query: str = "") -> list[str]:
    form = FilterForm(member(operator), QueryDict(query).dict())
    assert form.is_valid(), form.errors
    rows, _more = listing.rows(listing.chosen(form.membership, form.asked, timezone.now()), form.asked.sortierung, 50, timezone.now())
    return [row.case.number for row in rows]


def signed_in(operator: Operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def closed(category: Category, **fields: Any) -> Case:
    return opened(category, state="done", done_at=timezone.now(), **fields)


# ── What is found ─────────────────────────────────────────────────────────


def test_without_a_filter_the_list_shows_what_is_open_newest_first(hole: Category, kemal: Operator) -> None:
    old = opened(hole, at=timezone.now() - timedelta(days=2))
    new = opened(hole)
    closed(hole)
    assert found(kemal) == [new.number, old.number]


def test_every_filter_keeps_what_fits_and_nothing_else(
    hole: Category, waste: Category, kemal: Operator, town: Organisation, yard: Team
) -> None:
    north = District.objects.create(organisation=town, name="Nordstadt")
    Category.objects.filter(pk=hole.pk).update(group="Straße")
    now = timezone.now()
    one = opened(
        hole, district=north, priority=3, operator=kemal, origin="web", public="released", due_at=now - timedelta(days=1), team=yard
    )
    other = opened(waste, at=now - timedelta(days=40), team=None, due_at=now + timedelta(days=9), warn_at=now + timedelta(days=8))
    soon = opened(waste, at=now - timedelta(days=3), team=None, due_at=now + timedelta(days=1), warn_at=now - timedelta(days=1))
    member(kemal).teams.add(yard)
    for query in (
        "kategorie=pothole", "gruppe=Straße", f"ortsteil={north.pk}", "prio=3", "wer=meine", f"wer={kemal.pk}", "herkunft=web",
        "oeffentlich=released", "frist=ueberfaellig", "team=meine", f"team={yard.pk}", f"von={timezone.localdate()}",
    ):  # fmt: skip
        assert found(kemal, query) == [one.number], query
    assert found(kemal, "frist=bald") == [soon.number]
    assert found(kemal, f"bis={timezone.localdate() - timedelta(days=30)}") == [other.number]
    for query in ("wer=niemand", "ortsteil=ohne", "team=ohne", "kategorie=waste"):
        assert found(kemal, query) == [soon.number, other.number], query


def test_states_are_chosen_alone_or_in_groups(hole: Category, kemal: Operator) -> None:
    fresh, busy, done = opened(hole), opened(hole, state="progress"), closed(hole)
    assert set(found(kemal, "stand=alle")) == {fresh.number, busy.number, done.number}
    assert found(kemal, "stand=abgeschlossen") == [done.number]
    assert found(kemal, "stand=progress") == [busy.number]


def test_the_nearest_deadline_comes_first_and_none_last(hole: Category, kemal: Operator) -> None:
    now = timezone.now()
    late, none, early = opened(hole, due_at=now + timedelta(days=5)), opened(hole, due_at=None), opened(hole, due_at=now)
    assert found(kemal, "sortierung=frist") == [early.number, late.number, none.number]
    assert found(kemal, "sortierung=alt") == [late.number, none.number, early.number]
    Case.objects.filter(pk=none.pk).update(changed_at=now + timedelta(hours=1))
    assert found(kemal, "sortierung=geaendert")[0] == none.number


def test_words_are_found_by_their_beginnings_and_a_number_in_any_state(hole: Category, kemal: Operator) -> None:
    case = opened(hole, "Tiefes Loch vor der Bäckerei")
    done = closed(hole)
    assert found(kemal, "worte=bäck loch") == [case.number]
    assert found(kemal, "worte=apotheke") == []
    assert found(kemal, f"worte=%23{done.number}") == [done.number]


def test_nobody_but_the_named_finds_a_confidential_case(complaint: Category, kemal: Operator, town: Organisation) -> None:
    case = opened(complaint, "Unfreundlich am Schalter")
    stranger = make_operator(town, "petra", "administrator")
    for query in ("", "stand=alle", "worte=unfreundlich", f"worte={case.number}", "kategorie=complaint"):
        assert found(kemal, query) == [case.number], query
        assert found(stranger, query) == [], query
    page = signed_in(stranger).get(LIST).content.decode()
    assert case.number not in page
    assert "vertraulich" in signed_in(kemal).get(LIST).content.decode()


def test_a_choice_that_is_gone_is_said_and_nothing_is_shown_for_it(hole: Category, kemal: Operator) -> None:
    case = opened(hole)
    answer = signed_in(kemal).get(f"{LIST}?kategorie=verschwunden&von=gestern")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Diese Auswahl gibt es nicht (mehr)." in page
    assert case.number not in page


def test_the_address_of_a_choice_leaves_out_what_is_usual() -> None:
    assert listing.Asked().query == ""
    assert listing.Asked(stand="alle", worte="Loch", von=date(2026, 11, 1)).query == "worte=Loch&stand=alle&von=2026-11-01"


def test_a_long_list_is_counted_no_further_than_needed(hole: Category, kemal: Operator) -> None:
    for _number in range(4):
        opened(hole)
    rows = listing.chosen(member(kemal), listing.Asked(), timezone.now())
    assert listing.count(rows, 3) == 4
    assert (listing.counted(4, 3), listing.counted(1001), listing.counted(999)) == ("3+", "1.000+", "999")


# ── What a row shows ──────────────────────────────────────────────────────


def test_a_row_shows_the_covered_picture_and_never_the_original(hole: Category, kemal: Operator, town: Organisation) -> None:
    original, shown = (Media.objects.create(organisation=town, kind="image", state="ready", mime="image/jpeg") for _ in range(2))
    bare, covered = opened(hole), opened(hole)
    Photo.objects.create(case=bare, media=original)
    Photo.objects.create(case=covered, media=original, shown=shown, state="covered")
    page = signed_in(kemal).get(LIST).content.decode()
    assert str(shown.pk) in page
    assert str(original.pk) not in page


def test_a_row_says_how_late_it_is_and_a_closed_one_does_not(hole: Category) -> None:
    now = timezone.now()
    case = opened(hole, due_at=now - timedelta(days=3), warn_at=now - timedelta(days=4))
    assert listing.deadline(case, now)[0] == "bad"
    case.due_at = now + timedelta(hours=5)
    assert listing.deadline(case, now)[0] == "warn"
    case.warn_at = now + timedelta(hours=4)
    assert listing.deadline(case, now)[0] == "plain"
    case.state = "done"
    assert listing.deadline(case, now) == ("", "")


def test_the_page_asks_the_database_as_often_for_forty_cases_as_for_two(
    hole: Category, kemal: Operator, django_assert_max_num_queries: Any
) -> None:
    for _number in range(40):
        opened(hole)
    client = signed_in(kemal)
    client.get(LIST)
    with django_assert_max_num_queries(22):
        assert client.get(LIST).content.count(b'id="zeile-') == 40


def test_more_rows_are_asked_for_by_the_address(hole: Category, kemal: Operator) -> None:
    for _number in range(52):
        opened(hole)
    client = signed_in(kemal)
    first = client.get(LIST).content.decode()
    assert first.count('id="zeile-') == 50
    assert "zeigen=100" in first
    assert client.get(f"{LIST}?zeigen=100").content.count(b'id="zeile-') == 52
    assert client.get(f"{LIST}?zeigen=99999999").status_code == 200


def test_a_live_page_fetches_the_rows_alone(hole: Category, kemal: Operator) -> None:
    opened(hole)
    answer = signed_in(kemal).get(f"{LIST}?wer=&team=&stand=alle", headers={"HX-Request": "true", "HX-Target": "anliegen"})
    assert b"<html" not in answer.content
    assert answer["HX-Replace-Url"] == f"{LIST}?stand=alle"


def test_a_citizens_words_cannot_become_markup(hole: Category, kemal: Operator) -> None:
    opened(hole, "<script>alert(1)</script>", place="<b>Markt</b>")
    page = signed_in(kemal).get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "<b>Markt" not in page


# ── Kept views ────────────────────────────────────────────────────────────


def test_a_view_is_kept_plain_shown_to_its_owner_and_brought_back(kemal: Operator, town: Organisation) -> None:
    client, other = signed_in(kemal), signed_in(make_operator(town, "petra"))
    client.post(f"{LIST}ansichten/", {"name": "Meine Löcher", "query": "stand=alle&unsinn=1&wer=meine"})
    view = View.objects.get()
    assert (view.operator, view.query) == (kemal, "stand=alle&wer=meine")
    assert "Meine Löcher" in client.get(LIST).content.decode()
    assert "Meine Löcher" not in other.get(LIST).content.decode()
    assert other.post(f"{LIST}ansichten/{view.pk}/entfernen/").status_code == 404
    client.post(f"{LIST}ansichten/{view.pk}/entfernen/")
    assert not View.objects.exists()
    assert "Wiederherstellen" in client.get(LIST).content.decode()
    assert "Wiederherstellen" not in client.get(LIST).content.decode()
    assert AuditEntry.objects.filter(action="cases.drop_view").count() == 1


def test_only_who_manages_keeps_a_view_for_everybody(kemal: Operator, town: Organisation) -> None:
    with pytest.raises(NotNow):
        views_kept.keep(member(kemal), "Alle", "stand=alle", everybody=True)
    answer = signed_in(kemal).post(f"{LIST}ansichten/", {"name": "Alle", "query": "stand=alle", "alle": "on"})
    assert answer.status_code == 422
    assert 'value="Alle"' in answer.content.decode(), "nothing typed is lost"
    chief = make_operator(town, "chefin", "administrator")
    signed_in(chief).post(f"{LIST}ansichten/", {"name": "Alle", "query": "stand=alle", "alle": "on"})
    assert "Alle" in signed_in(kemal).get(LIST).content.decode()
    assert View.objects.get().operator is None


# ── Many at once ──────────────────────────────────────────────────────────


def test_many_are_moved_and_those_that_cannot_be_are_named_with_the_reason(hole: Category, kemal: Operator) -> None:
    ready, over = opened(hole), closed(hole)
    data = {"tun": "stand", "nummer": [ready.pk, over.pk], "ziel": "waiting", "worte": "Teile sind bestellt.", "ja": "1"}
    page = signed_in(kemal).post(f"{LIST}mehrere/", data).content.decode()
    ready.refresh_from_db()
    over.refresh_from_db()
    assert (ready.state, over.state) == ("waiting", "done")
    assert over.number in page
    assert "Aus „Erledigt“ wird nicht „Wartet“." in page
    assert "1 Anliegen geändert" in page


def test_first_it_is_asked_what_to_do_and_nothing_happens(hole: Category, kemal: Operator) -> None:
    case = opened(hole)
    answer = signed_in(kemal).post(f"{LIST}mehrere/", {"tun": "prio", "nummer": [case.pk]})
    assert answer.status_code == 200
    assert Entry.objects.filter(case=case).count() == 1
    missing = signed_in(kemal).post(f"{LIST}mehrere/", {"tun": "team", "nummer": [case.pk], "ja": "1", "worte": "Bitte heute"})
    assert missing.status_code == 422
    assert "Bitte heute" in missing.content.decode()


def test_each_verb_does_to_many_what_it_does_to_one(hole: Category, kemal: Operator, town: Organisation) -> None:
    parks = Team.objects.create(organisation=town, name="Grünflächen")
    cases = [opened(hole), opened(hole)]
    numbers, me = [case.pk for case in cases], member(kemal)
    assert bulk.change(me, numbers, "team", {"ziel": parks, "worte": "Bitte"}).done == 2
    assert bulk.change(me, numbers, "person", {"ziel": kemal}).done == 2
    assert bulk.change(me, numbers, "prio", {"ziel": 3}).done == 2
    assert set(Case.objects.values_list("team", "operator", "priority")) == {(parks.pk, kemal.pk, 3)}


def test_a_change_of_many_is_taken_back_from_the_list(hole: Category, kemal: Operator, town: Organisation) -> None:
    parks, petra = Team.objects.create(organisation=town, name="Grünflächen"), make_operator(town, "petra")
    cases = [opened(hole, operator=petra, accepted_at=timezone.now()), opened(hole)]
    client = signed_in(kemal)
    before = list(Case.objects.order_by("pk").values_list("team", "operator", "accepted_at"))
    data = {"tun": "team", "nummer": [case.pk for case in cases], "ziel": parks.pk, "ja": "1", "query": "stand=alle"}
    page = client.post(f"{LIST}mehrere/", data, follow=True)
    assert page.redirect_chain[0][0].endswith("?stand=alle")
    assert "2 Anliegen geändert." in page.content.decode()
    assert "Rückgängig" in page.content.decode()
    assert "Rückgängig" not in client.get(LIST).content.decode(), "said once"
    back = client.post(f"{LIST}mehrere/zurueck/", {"query": ""}, follow=True).content.decode()
    assert "2 Anliegen stehen wieder wie vorher." in back
    assert list(Case.objects.order_by("pk").values_list("team", "operator", "accepted_at")) == before
    assert Entry.objects.filter(what="handed", data__undo=True).count() == 2
    assert "lässt sich nicht mehr zurücknehmen" in client.post(f"{LIST}mehrere/zurueck/", follow=True).content.decode()


@pytest.mark.parametrize(("verb", "goal", "column"), [("stand", "done", "state"), ("prio", 3, "priority"), ("person", None, "operator_id")])
def test_each_change_leaves_things_as_they_were_when_it_is_taken_back(
    hole: Category, kemal: Operator, verb: str, goal: Any, column: str
) -> None:
    case = opened(hole, operator=kemal)
    old = getattr(case, column)
    outcome = bulk.change(member(kemal), [case.pk], verb, {"ziel": goal})
    case.refresh_from_db()
    assert getattr(case, column) != old
    changes = [undoing.Change(*each) for each in json.loads(json.dumps(outcome.changes))]  # as a session gives them back
    assert undoing.undo(member(kemal), verb, changes) == (1, 0)
    case.refresh_from_db()
    assert (getattr(case, column), case.done_at) == (old, None)
    last = Entry.objects.filter(case=case).order_by("-pk")[0]
    (line, *_others) = history.lines(case, member(kemal), lambda number: "")
    assert (line.entry, line.title.startswith("Zurückgenommen: ")) == (last, True)


def test_what_was_changed_since_is_left_alone_when_the_others_go_back(hole: Category, kemal: Operator) -> None:
    first, second = opened(hole), opened(hole)
    outcome = bulk.change(member(kemal), [first.pk, second.pk], "prio", {"ziel": 3})
    actions.rank(second, 1, operator=kemal)
    assert undoing.undo(member(kemal), "prio", outcome.changes) == (1, 1)
    assert list(Case.objects.order_by("pk").values_list("priority", flat=True)) == [2, 1]


def test_nobody_takes_back_what_they_may_not_see(complaint: Category, kemal: Operator, town: Organisation) -> None:
    case = opened(complaint)
    outcome = bulk.change(member(kemal), [case.pk], "prio", {"ziel": 3})
    assert outcome.done == 1
    assert undoing.undo(member(make_operator(town, "petra")), "prio", outcome.changes) == (0, 1)
    case.refresh_from_db()
    assert case.priority == 3


def test_what_one_may_not_see_is_not_changed_with_the_others(complaint: Category, hole: Category, town: Organisation) -> None:
    hidden, plain = opened(complaint), opened(hole)
    outcome = bulk.change(member(make_operator(town, "petra")), [hidden.pk, plain.pk], "prio", {"ziel": 3})
    assert (outcome.done, outcome.gone, outcome.refused) == (1, 1, [])
    hidden.refresh_from_db()
    assert hidden.priority == Case.Priority.NORMAL


def test_nothing_chosen_and_too_many_are_refused(hole: Category, kemal: Operator) -> None:
    client = signed_in(kemal)
    assert client.post(f"{LIST}mehrere/", {"tun": "prio"}, follow=True).content.decode().count("Bitte wählen Sie Anliegen aus.") == 1
    many = {"tun": "prio", "nummer": list(range(1, 300)), "ziel": "3", "ja": "1"}
    assert "Mehr als 200" in client.post(f"{LIST}mehrere/", many, follow=True).content.decode()


def test_a_team_of_another_house_is_no_goal(hole: Category, kemal: Operator) -> None:
    elsewhere = Team.objects.create(organisation=Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt"), name="Fremde")
    case = opened(hole)
    data = {"tun": "team", "nummer": [case.pk], "ziel": elsewhere.pk, "ja": "1"}
    assert signed_in(kemal).post(f"{LIST}mehrere/", data).status_code == 422
    case.refresh_from_db()
    assert case.team == hole.team
