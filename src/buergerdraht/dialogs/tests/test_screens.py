"""The editor's screens: what is shown, kept, refused, and to whom."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import actions, document
from buergerdraht.dialogs.models import Dialog, Example, Version
from buergerdraht.dialogs.rapidpro.tests import exports
from buergerdraht.dialogs.tests.conftest import Say

DESK = "/o/musterstadt/dialoge/"


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.operator)
    return client


def member(town: Organisation, name: str, *roles: str) -> Membership:
    operator = Operator.objects.create_user(f"{name}@musterstadt.example", name=name.title())
    return Membership.objects.create(organisation=town, operator=operator, roles=list(roles))


def fresh(row: Dialog) -> Dialog:
    return Dialog.objects.get(pk=row.pk)


def step(row: Dialog, name: str) -> dict[str, Any]:
    return next(each for each in fresh(row).draft["steps"] if each["id"] == name)


def fields(client: Client, row: Dialog, key: str) -> dict[str, Any]:
    """What a browser would send of a step's form as it stands."""
    page = client.get(f"{DESK}{row.pk}/schritt/{key}/").content.decode()
    while "<template>" in page:  # rows to come, one within another
        page = re.sub(r"<template>(?:(?!<template>).)*?</template>", "", page, flags=re.S)
    sent: dict[str, Any] = {"stamp": str(fresh(row).stamp), "sprache": "de"}
    for tag in re.findall(r"<input[^>]*>", page):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in found and found.get("type") not in {"file"} and (found.get("type") != "checkbox" or " checked" in tag):
            sent.setdefault(found["name"], []).append(found.get("value", "on" if found.get("type") == "checkbox" else ""))
    for name, body in re.findall(r'<textarea name="([^"]*)"[^>]*>\n?(.*?)</textarea>', page, flags=re.S):
        sent[name] = body
    for select in re.findall(r"<select.*?</select>", page, flags=re.S):
        name = re.search(r'name="([^"]*)"', select)
        chosen = re.search(r'<option value="([^"]*)" selected', select) or re.search(r'<option value="([^"]*)"', select)
        if name:
            sent[name[1]] = chosen[1] if chosen else ""
    return sent


# ── The list ──────────────────────────────────────────────────────────────


def test_with_no_dialog_three_ways_lead_to_the_first(town: Organisation) -> None:
    page = signed_in(member(town, "mara", "editor", "administrator")).get(DESK).content.decode()
    assert all(words in page for words in ("Aus einem Baustein", "Leer beginnen", "Datei einlesen"))


def test_a_dialog_stands_with_its_state_its_words_and_what_became_of_it(desk: Client, bulky: Dialog, say: Say) -> None:
    say("paula", "Sperrmüll")
    say("otto", "Sperrmüll")
    say("otto", "2")
    page = desk.get(DESK).content.decode()
    assert "live seit" in page
    assert "Sperrmüll, Sperrmüll anmelden · " in page
    assert "2 begonnen: 1 zu Ende geführt" in page
    bulky.draft = {**bulky.draft, "purpose": "anders"}
    bulky.save()
    assert "live, Entwurf geändert" in desk.get(DESK).content.decode()


def test_begun_empty_and_brought_from_a_file(desk: Client, bulky: Dialog) -> None:
    answer = desk.post(f"{DESK}neu/", {"title": "Baumfällung"})
    made = Dialog.objects.get(key="baumfaellung")
    assert answer["Location"] == f"{DESK}{made.pk}/"
    file = desk.get(f"{DESK}{bulky.pk}/datei").content
    desk.post(f"{DESK}neu/", {"file": SimpleUploadedFile("a.yaml", file)})
    assert Dialog.objects.get(key="bulky_2").draft["steps"] == bulky.draft["steps"]
    refused = desk.post(f"{DESK}neu/", {"file": SimpleUploadedFile("a.yaml", b"key: X")})
    assert (refused.status_code, "steps" in refused.content.decode()) == (422, True)


def test_flows_of_another_system_come_over_with_a_report(desk: Client, town: Organisation) -> None:
    export = json.dumps(exports.bulky()).encode()
    for time in (1, 2):
        page = desk.post(f"{DESK}neu/", {"fluesse": SimpleUploadedFile("export.json", export)}).content.decode()
        sums = re.findall(r"Von (\d+) Bestandteilen: (\d+) unverändert übernommen, (\d+) anders, (\d+) weggelassen", page)
        assert sums
        assert all(int(all_of_it) == sum(map(int, parts)) for all_of_it, *parts in sums)
        assert Dialog.objects.count() == time * 2
    parts = [each["dialog"] for row in Dialog.objects.all() for each in row.draft["steps"] if each["kind"] == "start"]
    assert set(parts) <= set(Dialog.objects.values_list("key", flat=True))
    assert len(set(parts)) == 2, "the second import speaks of its own part"
    assert desk.post(f"{DESK}neu/", {"fluesse": SimpleUploadedFile("x.json", b"nonsense")}).status_code == 422


# ── The editor ────────────────────────────────────────────────────────────


def test_the_draft_reads_like_a_conversation(desk: Client, bulky: Dialog) -> None:
    page = desk.get(f"{DESK}{bulky.pk}/").content.decode()
    for words in ("Guten Tag, ", '<span class="ds__slot">Vorname</span>', "Abholung anmelden", "3 · Welche Straße?", "Team: Bauhof"):
        assert words in page, words
    assert page.index("Guten Tag") < page.index("Was möchten Sie?") < page.index("Welche Straße?")


@pytest.mark.parametrize("key", ["hello", "what", "street", "day", "photo", "file", "bye"])
def test_a_form_sent_as_it_stands_changes_nothing(desk: Client, bulky: Dialog, key: str) -> None:
    before = bulky.draft
    answer = desk.post(f"{DESK}{bulky.pk}/schritt/{key}/", fields(desk, bulky, key))
    assert answer.status_code == 200
    assert fresh(bulky).draft == before


def test_what_is_typed_is_kept_in_its_language_and_shown_at_once(desk: Client, bulky: Dialog) -> None:
    sent = fields(desk, bulky, "what") | {"sprache": "en", "text": "What can we do?", "options-0-title": "Pick it up"}
    answer = desk.post(f"{DESK}{bulky.pk}/schritt/what/", sent).content.decode()
    assert step(bulky, "what")["text"] == {"de": "Was möchten Sie?", "en": "What can we do?"}
    assert step(bulky, "what")["options"][0]["title"] == {"de": "Abholung anmelden", "en": "Pick it up"}
    assert 'id="said-what" hx-swap-oob="true"' in answer
    assert f'id="stamp" value="{bulky.stamp + 1}"' in answer


def test_a_new_option_gets_an_id_of_its_words_and_a_way(desk: Client, bulky: Dialog) -> None:
    sent = fields(desk, bulky, "what")
    sent |= {
        "options": ["0", "1", "2"],
        "options-2-id": "",
        "options-2-title": "Elektrogeräte",
        "options-2-words": "Fernseher, Herd",
        "options-2-next": "day",
    }
    desk.post(f"{DESK}{bulky.pk}/schritt/what/", sent)
    assert step(bulky, "what")["options"][2] == {
        "id": "elektrogeraete", "title": {"de": "Elektrogeräte"}, "words": {"de": ["Fernseher", "Herd"]}, "next": "day",
    }  # fmt: skip


def test_a_fork_is_written_in_words_and_kept_in_keys(desk: Client, bulky: Dialog) -> None:
    desk.post(f"{DESK}{bulky.pk}/schritte/", {"stamp": bulky.stamp, "art": "branch", "nach": "street"})
    sent = fields(desk, bulky, "weiche") | {
        "cases": ["0"], "cases-0": ["0", "1"], "cases-0-0-on": "answer:what", "cases-0-0-op": "is", "cases-0-0-value": "abholung anmelden",
        "cases-0-1-on": "weekday:", "cases-0-1-op": "one_of", "cases-0-1-value": "Samstag, Sonntag", "cases-0-next": "yard",
    }  # fmt: skip
    answer = desk.post(f"{DESK}{bulky.pk}/schritt/weiche/", sent).content.decode()
    assert step(bulky, "weiche")["cases"] == [{"when": [
        {"of": "answer", "name": "what", "value": "collect"}, {"of": "weekday", "op": "one_of", "value": "5,6"},
    ], "next": "yard"}]  # fmt: skip
    assert "Wenn Antwort: Was möchten Sie? ist Abholung anmelden und Wochentag ist eines von Samstag, Sonntag" in answer


def test_ends_of_a_value_are_written_in_words(desk: Client, bulky: Dialog) -> None:
    assert fields(desk, bulky, "day")["check-least"] == ["in 3 Tagen"]
    desk.post(f"{DESK}{bulky.pk}/schritt/day/", fields(desk, bulky, "day") | {"check-least": "heute", "check-most": "24.12.2026"})
    assert step(bulky, "day")["check"] == {"least": "today", "most": "2026-12-24"}


def test_every_kind_can_be_put_in_opened_and_sent_back(desk: Client, bulky: Dialog) -> None:
    from buergerdraht.dialogs.kinds import ENTRIES

    page = desk.get(f"{DESK}{bulky.pk}/palette/?nach=hello").content.decode()
    for key in ENTRIES:
        assert f'"art": "{key}"' in page
        ids = {each["id"] for each in fresh(bulky).draft["steps"]}
        answer = desk.post(f"{DESK}{bulky.pk}/schritte/", {"stamp": fresh(bulky).stamp, "art": key, "nach": "hello"})
        assert answer.status_code == 200, key
        made = next(each["id"] for each in fresh(bulky).draft["steps"] if each["id"] not in ids)
        assert f'data-form="{made}"' in answer.content.decode(), key
        before = step(bulky, made)
        assert desk.post(f"{DESK}{bulky.pk}/schritt/{made}/", fields(desk, bulky, made)).status_code == 200, key
        assert step(bulky, made) == before, key
    assert desk.get(f"{DESK}{bulky.pk}/").status_code == 200


def test_other_dialogs_stand_in_the_palette_as_parts(desk: Client, bulky: Dialog, kemal: Membership) -> None:
    part = actions.copy(bulky, operator=kemal.operator)
    assert '"art": "start"' in desk.get(f"{DESK}{bulky.pk}/palette/").content.decode(), "a draft is no part yet"
    actions.publish(part, "", operator=kemal.operator)
    page = desk.get(f"{DESK}{bulky.pk}/palette/").content.decode()
    assert f'"art": "start:{part.key}"' in page
    assert part.title in page
    assert '"art": "start"' not in page
    answer = desk.post(f"{DESK}{bulky.pk}/schritte/", {"stamp": fresh(bulky).stamp, "art": f"start:{part.key}", "nach": "hello"})
    assert answer.status_code == 200
    assert fresh(bulky).draft["steps"][1] == {"id": "dialog", "kind": "start", "dialog": part.key}
    assert desk.post(f"{DESK}{bulky.pk}/schritte/", {"stamp": fresh(bulky).stamp, "art": "start:nirgends"}).status_code == 404


def test_steps_move_are_copied_deleted_and_come_back(desk: Client, bulky: Dialog) -> None:
    def post(way: str, **more: str) -> str:
        return desk.post(f"{DESK}{bulky.pk}/{way}/", {"stamp": fresh(bulky).stamp, **more}).content.decode()

    def order() -> list[str]:
        return [each["id"] for each in fresh(bulky).draft["steps"]][:4]

    post("schritt/street/hoch")
    assert order() == ["hello", "street", "what", "day"]
    post("schritt/street/verschieben", nach="what")
    assert order() == ["hello", "what", "street", "day"]
    post("schritt/hello/kopieren")
    assert order()[:2] == ["hello", "hello_2"]
    page = post("schritt/hello_2/loeschen")
    assert "Gelöscht: Guten Tag" in page
    assert "Rückgängig" in page
    post("schritte/zurueck")
    assert order()[:2] == ["hello", "hello_2"]
    assert "Zurückgenommen: Schritt kopiert" in post("schritte/zurueck")
    assert "Wiederhergestellt" in post("schritte/vor")
    post("schritt/street/umbenennen", kurzname="adresse")
    assert "{{ answers.adresse }}" in step(bulky, "bye")["text"]["de"]


def test_whoever_is_slower_is_told_and_what_they_typed_stays(desk: Client, town: Organisation, bulky: Dialog) -> None:
    mine = fields(desk, bulky, "hello") | {"text": "Moin."}
    other = signed_in(member(town, "mara", "editor"))
    other.post(f"{DESK}{bulky.pk}/schritt/hello/", fields(other, bulky, "hello") | {"text": "Grüß Gott."})
    answer = desk.post(f"{DESK}{bulky.pk}/schritt/hello/", mine)
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#meldung")
    assert "Mara hat hier um" in answer.content.decode()
    assert step(bulky, "hello")["text"]["de"] == "Grüß Gott."
    drawn = desk.post(f"{DESK}{bulky.pk}/schritt/street/loeschen/", {"stamp": mine["stamp"]}).content.decode()
    assert "Mara hat hier um" in drawn
    assert step(bulky, "street")


def test_triggers_and_languages(desk: Client, bulky: Dialog) -> None:
    sent = {
        "stamp": bulky.stamp, "sprache": "de", "title": "Sperrmüll", "languages": ["de", "en"],
        "remind_after": "30", "expire_after": "1440",
        "triggers": ["0", "1"], "triggers-0-on": "words", "triggers-0-words": "Sofa", "triggers-0-fuzzy": "on",
        "triggers-1-on": "link", "triggers-1-name": "sofa", "triggers-1-channels": ["telegram"],
    }  # fmt: skip
    assert desk.post(f"{DESK}{bulky.pk}/kopf/", sent).status_code == 200
    draft = fresh(bulky).draft
    assert draft["triggers"] == [
        {"on": "words", "words": {"de": ["Sofa"], "en": ["bulky waste"]}, "fuzzy": True},
        {"on": "link", "name": "sofa", "channels": ["telegram"]},
    ]  # fmt: skip
    assert (draft["remind_after"], len(draft["steps"])) == (30, 8)


def test_a_dialog_is_called_in_the_main_menu_as_one_likes(desk: Client, bulky: Dialog) -> None:
    sent = {
        "stamp": bulky.stamp, "sprache": "en", "title": "Bulky waste", "languages": ["de", "en"],
        "triggers": ["2"], "triggers-2-on": "menu", "triggers-2-title": "Sofas",
    }  # fmt: skip
    assert desk.post(f"{DESK}{bulky.pk}/kopf/", sent).status_code == 200
    assert fresh(bulky).draft["triggers"] == [{"on": "menu", "title": {"en": "Sofas"}}]
    assert 'value="Sofas"' in desk.get(f"{DESK}{bulky.pk}/kopf/?sprache=en").content.decode()


def test_a_file_is_hung_on_a_step(desk: Client, bulky: Dialog) -> None:
    data = io.BytesIO()
    Image.new("RGB", (4, 4)).save(data, "PNG")
    upload = SimpleUploadedFile("hof.png", data.getvalue())
    assert desk.post(f"{DESK}{bulky.pk}/schritt/hello/datei/", {"stamp": bulky.stamp, "file": upload}).status_code == 200
    assert len(step(bulky, "hello")["files"]) == 1


# ── The phone ─────────────────────────────────────────────────────────────


def play(client: Client, row: Dialog, *turns: str, **more: str) -> str:
    """Make turns in the phone, each with what the one before left in its form."""
    page = client.post(f"{DESK}{row.pk}/telefon/", more).content.decode()
    for turn in turns:
        kept = dict(re.findall(r'name="(zuege|jetzt)" value="([^"]*)"', page))
        moves = kept["zuege"].replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
        sent = {"zug": "sagen", "text": turn.removeprefix("sagen:")} if turn.startswith("sagen:") else {"zug": turn}
        page = client.post(f"{DESK}{row.pk}/telefon/", {**more, "zuege": moves, "jetzt": kept["jetzt"], **sent}).content.decode()
    return page


def test_the_phone_plays_the_draft_and_shows_what_would_be_done(desk: Client, bulky: Dialog) -> None:
    page = play(desk, bulky, "tippen:Abholung anmelden", "sagen:marktstr. 5", "sagen:in einer Woche")
    assert 'data-here="day"' in page
    assert "Stimmt das?" in page
    page = play(desk, bulky, "tippen:Abholung anmelden", "sagen:marktstr. 5", "sagen:in einer Woche", "tippen:Ja", "fotos")
    assert "Anliegen angelegt: 2026-" in page
    assert "Der Dialog ist zu Ende." in page
    assert not Conversation.objects.exists(), "nothing of it is done in earnest"


def test_the_phone_follows_the_draft_and_says_where_the_play_no_longer_fits(desk: Client, bulky: Dialog) -> None:
    moves = json.dumps([{"tap": "Abholung anmelden"}, {"say": "marktstr. 5"}])
    desk.post(f"{DESK}{bulky.pk}/schritt/day/", fields(desk, bulky, "day") | {"text": "An welchem Tag?"})
    assert "An welchem Tag?" in desk.post(f"{DESK}{bulky.pk}/telefon/", {"zuege": moves}).content.decode()
    desk.post(f"{DESK}{bulky.pk}/schritt/what/", fields(desk, bulky, "what") | {"options-0-title": "Holen"})
    page = desk.post(f"{DESK}{bulky.pk}/telefon/", {"zuege": moves}).content.decode()
    assert "passt das Gespielte nicht mehr" in page
    assert 'name="zuege" value="[]"' in page


def test_time_passes_and_nobody_need_wait_for_it(desk: Client, bulky: Dialog) -> None:
    assert "Sind Sie noch da?" in play(desk, bulky, "zeit")


@pytest.mark.parametrize(
    "moves", ["nonsense", '{"a": 1}', '[{"photo": 9999999}]', '[{"say": 5}]', '[{"call": "maybe"}]', "[[]]", '[{"place": 1}]']
)
def test_a_phone_with_nonsense_in_its_form_begins_anew(desk: Client, bulky: Dialog, moves: str) -> None:
    page = desk.post(f"{DESK}{bulky.pk}/telefon/", {"zuege": moves, "jetzt": "x", "kanal": "pigeon", "gespielt": "xx"})
    assert page.status_code == 200
    assert "Was möchten Sie?" in page.content.decode()


# ── Examples, versions, texts, map, walks ─────────────────────────────────


def test_an_example_turns_red_shows_the_move_and_is_set_right(desk: Client, bulky: Dialog) -> None:
    moves = json.dumps([{"tap": "Selbst bringen"}])
    assert "Gemerkt" in desk.post(f"{DESK}{bulky.pk}/beispiele/merken/", {"zuege": moves, "name": "Hof"}).content.decode()
    assert "geht gut" in desk.get(f"{DESK}{bulky.pk}/beispiele/").content.decode()
    desk.post(f"{DESK}{bulky.pk}/schritt/yard/", fields(desk, bulky, "yard") | {"text": "Der Hof ist zu."})
    page = desk.get(f"{DESK}{bulky.pk}/beispiele/").content.decode()
    assert "geht nicht mehr gut" in page
    assert "Gesagt wurde: Der Hof ist zu." in page
    assert "disabled" in desk.get(f"{DESK}{bulky.pk}/versionen/").content.decode()
    desk.post(f"{DESK}{bulky.pk}/beispiele/{Example.objects.get().pk}/uebernehmen/")
    assert "geht gut" in desk.get(f"{DESK}{bulky.pk}/beispiele/").content.decode()


def test_published_compared_and_taken_back(desk: Client, bulky: Dialog) -> None:
    desk.post(f"{DESK}{bulky.pk}/schritt/hello/", fields(desk, bulky, "hello") | {"text": "Moin."})
    page = desk.get(f"{DESK}{bulky.pk}/versionen/").content.decode()
    assert "<del>" in page
    assert "Moin." in page
    desk.post(f"{DESK}{bulky.pk}/versionen/veroeffentlichen/", {"stamp": fresh(bulky).stamp, "note": "Norddeutsch"})
    assert Version.objects.get(number=2).note == "Norddeutsch"
    assert "Moin." in desk.get(f"{DESK}{bulky.pk}/versionen/2/").content.decode()
    desk.post(f"{DESK}{bulky.pk}/versionen/1/holen/", {"stamp": fresh(bulky).stamp})
    assert step(bulky, "hello")["text"]["de"].startswith("Guten Tag")
    assert fresh(bulky).live_id == Version.objects.get(number=2).pk
    desk.post(f"{DESK}{bulky.pk}/versionen/veroeffentlichen/", {"stamp": 1})
    assert Version.objects.count() == 2, "nobody publishes what they have not seen"


def test_texts_are_written_in_place_and_come_back_as_files(desk: Client, bulky: Dialog) -> None:
    page = desk.get(f"{DESK}{bulky.pk}/texte/?fehlende").content.decode()
    assert "Welche Straße?" in page
    assert "Was möchten Sie?" not in page
    sent = {"stelle": "steps.street.text", "in": "en", "text": "Which street?", "vorher": "", "nr": "1"}
    assert "gespeichert" in desk.post(f"{DESK}{bulky.pk}/texte/speichern/", sent).content.decode()
    again = desk.post(f"{DESK}{bulky.pk}/texte/speichern/", {**sent, "text": "What street?"})
    assert (again.status_code, step(bulky, "street")["text"]["en"]) == (422, "Which street?")
    table = desk.get(f"{DESK}{bulky.pk}/texte/texte.csv").content.decode().replace("Which street?", "Where?")
    desk.post(f"{DESK}{bulky.pk}/texte/einlesen/", {"file": SimpleUploadedFile("a.csv", table.encode())})
    assert step(bulky, "street")["text"]["en"] == "Where?"
    office = desk.get(f"{DESK}{bulky.pk}/texte/texte.xlf?in=en").content.decode().replace("Where?", "Which one?")
    desk.post(f"{DESK}{bulky.pk}/texte/einlesen/", {"file": SimpleUploadedFile("a.xlf", office.encode())})
    assert step(bulky, "street")["text"]["en"] == "Which one?"
    page = desk.post(f"{DESK}{bulky.pk}/texte/einlesen/", {"file": SimpleUploadedFile("a.xlf", b"<x/>")}, follow=True).content.decode()
    assert "Erwartet wird XLIFF 2.0" in page


def test_the_map_counts_and_shows_what_was_not_understood_but_hides_what_is_confidential(desk: Client, bulky: Dialog, say: Say) -> None:
    for who, words in (("paula", "Hasenweg"), ("otto", "Am DE89 3704 0044 0532 0130 00 Weg")):
        say(who, "Sperrmüll")
        say(who, "1")
        say(who, words)
    page = desk.get(f"{DESK}{bulky.pk}/karte/").content.decode()
    assert page.count('class="map__box ') == 8
    assert f"{DESK}{bulky.pk}/karte/street/?tage=30" in page
    texts = desk.get(f"{DESK}{bulky.pk}/karte/street/").content.decode()
    assert "Hasenweg" in texts
    assert "0532 0130" not in texts
    Conversation.objects.filter(contact__pk__in=[Conversation.objects.order_by("pk").values_list("contact", flat=True)[0]]).update(
        confidential=True
    )
    assert "Hasenweg" not in desk.get(f"{DESK}{bulky.pk}/karte/street/").content.decode()


def test_walks_are_listed_with_their_answers_for_whoever_may_see_them(desk: Client, bulky: Dialog, say: Say) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    page = desk.get(f"{DESK}{bulky.pk}/verlaeufe/").content.decode()
    assert "Paula Beispiel" in page
    assert "Abholung anmelden" in page
    assert "steht bei: Welche Straße?" in page
    assert "Paula" not in desk.get(f"{DESK}{bulky.pk}/verlaeufe/?stand=done").content.decode()
    Conversation.objects.update(confidential=True)
    assert "Paula" not in desk.get(f"{DESK}{bulky.pk}/verlaeufe/").content.decode()


# ── Who may ───────────────────────────────────────────────────────────────


def test_who_may_look_and_who_may_change(town: Organisation, bulky: Dialog) -> None:
    reader = signed_in(member(town, "vera", "viewer"))
    for way in ("", "karte/", "texte/", "beispiele/", "verlaeufe/", "versionen/", "versionen/1/", "datei"):
        assert reader.get(f"{DESK}{bulky.pk}/{way}").status_code == 200, way
    assert "Was möchten Sie?" in reader.post(f"{DESK}{bulky.pk}/telefon/").content.decode()
    assert reader.get(f"{DESK}{bulky.pk}/schritt/hello/").status_code == 403
    for way in (
        "schritte/", "schritte/zurueck/", "schritt/hello/", "schritt/hello/loeschen/", "schritt/hello/datei/", "kopf/",
        "stand/archivieren/",
        "versionen/veroeffentlichen/", "versionen/1/holen/", "beispiele/merken/", "texte/speichern/", "texte/einlesen/",
    ):  # fmt: skip
        assert reader.post(f"{DESK}{bulky.pk}/{way}", {"art": "say", "stamp": bulky.stamp}).status_code == 403, way
    assert fresh(bulky).draft == bulky.draft
    for role in ("editor", "administrator", "approver"):
        assert signed_in(member(town, role, role)).get(f"{DESK}{bulky.pk}/schritt/hello/").status_code == 200


def test_another_house_has_no_such_dialog(desk: Client, bulky: Dialog, yard: Team) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis")
    read = document.load({**bulky.draft, "key": "fremd"})
    foreign = actions.create_from(other, read, operator=None)
    for way in ("", "karte/", "texte/", "versionen/", "schritt/hello/", "datei"):
        assert desk.get(f"{DESK}{foreign.pk}/{way}").status_code == 404
    assert desk.post(f"{DESK}{foreign.pk}/stand/archivieren/").status_code == 404


def test_switched_off_on_and_put_away(desk: Client, bulky: Dialog) -> None:
    for verb, words in (
        ("ausschalten", "ausgeschaltet"),
        ("einschalten", "live seit"),
        ("kopieren", "(Kopie)"),
        ("archivieren", "im Archiv"),
    ):
        desk.post(f"{DESK}{bulky.pk}/stand/{verb}/")
        assert words in desk.get(f"{DESK}?archiv" if verb == "archivieren" else DESK).content.decode(), verb
    assert desk.post(f"{DESK}{bulky.pk}/stand/sprengen/").status_code == 404
