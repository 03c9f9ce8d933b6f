"""A citizen walks through a dialog, with slips, pauses, photos and second thoughts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors import markdown
from buergerdraht.dialogs import acts, document, filling, machine, papers, understanding
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.walk import MeterSeen, Opening, Said, Walk

BULKY = """
key: bulky
title: {de: Sperrmüll, en: Bulky waste}
languages: [de, en]
remind_after: 60
expire_after: 1440
steps:
  - {id: hello, kind: say, text: {de: "Guten Tag, {{ contact.first_name }}."}}
  - {id: what, kind: choose, text: {de: "Was möchten Sie?", en: "What would you like?"}, options: [
      {id: collect, title: {de: Abholung anmelden, en: Book a collection}, next: street},
      {id: bring, title: {de: Selbst bringen, en: Bring it}, next: yard}]}
  - {id: street, kind: ask, want: street, text: {de: "Welche Straße?"}, check: {table: streets, column: street}}
  - {id: day, kind: ask, want: date, text: {de: "Wann?"}, check: {least: "+3", most: "+60"}, confirm: true}
  - {id: photo, kind: ask, want: photos, text: {de: Ein Foto bitte.}, optional: true}
  - {id: file, kind: case, team: Bauhof, label: Sperrmüll}
  - {id: bye, kind: end, text: {de: "Danke. {{ answers.street }} am {{ answers.day }}, Nummer {{ answers.case }}."}}
  - {id: yard, kind: end, text: {de: Der Hof hat Mo bis Sa offen.}}
"""
STREETS = {"streets": [{"street": "Marktstraße"}, {"street": "Marktplatz"}, {"street": "Am Bach"}]}


class Phone:
    """A citizen before a played world."""

    def __init__(self, text: str = BULKY, **world: object) -> None:
        self.dialog = document.read(text)
        self.world = Played(dialogs={self.dialog.key: self.dialog}, tables=STREETS, **world)  # type: ignore[arg-type]
        self.walk: Walk = machine.begin(self.dialog, 0, self.world, Opening(language="de", mark="w1"))

    def say(self, text: str = "", **more: object) -> str:
        before = len(self.world.said)
        machine.answer(self.walk, Said(text=text, **more), self.world)  # type: ignore[arg-type]
        return "\n".join(each.text for each in self.world.said[before:])

    def tap(self, title: str) -> str:
        choice = next(each for each in self.world.said[-1].choices if each.title == title)
        return self.say(choice.title, choice=choice.id, kind="choice")

    def wait(self, **time: float) -> str:
        before = len(self.world.said)
        self.world.now += timedelta(**time)
        if self.walk.until and self.walk.until <= self.world.now:
            machine.wake(self.walk, self.world)
        return "\n".join(each.text for each in self.world.said[before:])


def test_goes_from_greeting_to_number_with_typed_and_tapped_answers() -> None:
    phone = Phone()
    assert [each.text for each in phone.world.said] == ["Guten Tag, Paula.", "Was möchten Sie?"]
    assert phone.tap("Abholung anmelden") == "Welche Straße?"
    assert phone.say("marktstr. 5 a") == "Wann?"
    assert phone.say("in einer Woche") == "Ich habe verstanden: **Montag, 7. Dezember 2026**. Stimmt das?"
    assert phone.say("ja") == "Ein Foto bitte."
    phone.say(files=[("f1", "image")], kind="media")
    phone.say(files=[("f2", "image")], kind="media")
    assert phone.wait(seconds=4).startswith("Danke. Marktstraße 5a am Montag, 7. Dezember 2026, Nummer 2026-")
    assert phone.walk.state == "done"
    assert phone.walk.answers["photo"] == ["f1", "f2"]
    assert "**Ein Foto bitte.:** 2 Dateien" in phone.world.notes[-1][1] or "2 Dateien" in phone.world.notes[-1][1]


@pytest.mark.parametrize("typed", ["1", "1.", "1️⃣", "abholung", "Abholung anmelden bitte", "abholnug anmelden", "Book a collection"])
def test_understands_number_title_slip_and_other_language(typed: str) -> None:
    assert Phone().say(typed) == "Welche Straße?"


def test_offers_near_streets_and_takes_one_by_tap() -> None:
    phone = Phone()
    phone.say("1")
    assert "Meinten Sie eines davon?" in phone.say("Markt 3")
    assert {each.title for each in phone.world.said[-1].choices} == {"Marktstraße 3", "Marktplatz 3"}
    assert phone.tap("Marktplatz 3") == "Wann?"
    assert phone.walk.answers["street"] == "Marktplatz 3"


def test_says_why_a_day_does_not_fit_and_hands_over_after_three_tries() -> None:
    phone = Phone()
    phone.say("1")
    phone.say("Am Bach 1")
    assert "zu früh: frühestens Donnerstag, 3. Dezember 2026" in phone.say("morgen")
    assert [each.title for each in phone.world.said[-1].choices] == []
    assert "nicht erkannt" in phone.say("irgendwann")
    assert [each.title for each in phone.world.said[-1].choices] == ["Mit Mensch sprechen"]
    assert "Ich gebe Sie an einen Menschen weiter" in phone.say("weiß nicht")
    assert phone.walk.state == "handed"
    assert "Am Bach 1" in phone.world.notes[-1][1]


@pytest.mark.parametrize("where", range(4))
def test_a_person_is_reached_at_every_question(where: int) -> None:
    phone = Phone()
    for text in ["1", "Am Bach 1", "in einer Woche"][:where]:
        phone.say(text)
    assert "Menschen" in phone.say("Ich möchte mit einem Menschen sprechen")
    assert phone.walk.state == "handed"


def test_goes_back_to_the_question_before_and_answers_anew() -> None:
    phone = Phone()
    phone.say("1")
    phone.say("Am Bach 1")
    assert phone.say("zurück") == "Welche Straße?"
    assert phone.say("Zurück") == "Was möchten Sie?"
    assert "geht es von hier nicht" in phone.say("zurück")
    assert phone.say("2") == "Der Hof hat Mo bis Sa offen."


def test_menu_leads_to_the_choices_and_from_there_out() -> None:
    phone = Phone()
    phone.say("1")
    assert phone.say("Menü") == "Was möchten Sie?"
    phone.say("menü")
    assert (phone.walk.state, phone.world.said[-1].text) == ("left", "Womit kann ich Ihnen helfen?")


def test_where_the_house_has_no_menu_the_question_is_put_again() -> None:
    phone = Phone(menu="")
    assert phone.say("Menü") == "Was möchten Sie?"
    assert phone.walk.state == "running"


def test_a_button_of_an_earlier_question_answers_nothing() -> None:
    phone = Phone()
    old = phone.world.said[-1].choices[1]
    phone.say("1")
    assert phone.say(old.title, choice=old.id, kind="choice").startswith("Diese Auswahl gehört zu einer früheren Frage")
    assert phone.walk.here.step == "street"


def test_reminds_once_and_ends_after_a_day() -> None:
    phone = Phone()
    assert phone.wait(minutes=59) == ""
    assert phone.wait(minutes=2) == "Sind Sie noch da? Ich warte auf Ihre Antwort."
    assert phone.world.said[-1].choices
    assert "beende das hier" in phone.wait(minutes=1440)
    assert phone.walk.state == "expired"


def test_answers_a_voice_message_with_a_kind_hint() -> None:
    phone = Phone()
    phone.say("1")
    assert "Bitte schreiben Sie Ihre Antwort als Text." in phone.say(kind="media", files=[("v", "voice")])


def test_an_endless_loop_ends_with_a_person() -> None:
    phone = Phone("key: loop\ntitle: {de: x}\nsteps:\n- {id: a, kind: branch, cases: [{when: [{of: hours, value: open}], next: b}]}\n- {id: b, kind: say, text: {de: x}, next: a}\n")  # fmt: skip  # noqa: E501
    assert phone.walk.state == "handed"
    assert len(phone.world.said) < 110


@pytest.mark.parametrize(
    ("said", "meant"),
    [("stimmt", True), ("Das stimmt!", True), ("stimmt nicht", False), ("falsch", False), ("nö", False), ("vielleicht", None)],
)
def test_understands_what_people_say_to_is_that_right(said: str, meant: bool | None) -> None:
    assert understanding.yes_or_no(said) is meant


def test_a_place_without_coordinates_is_found_by_whole_words_only() -> None:
    rows = [{"name": "Turnhalle Jakobsplatz", "open": "ja"}, {"name": "Aula", "open": "nein"}]
    assert acts.nearest(rows, {"words": "am Jakobsplatz"}, 3) == []
    assert [row["name"] for row in acts.nearest(rows, {"words": "bei der Aula am Markt"}, 3)] == ["Aula"]


LIMIT = "key: b\ntitle: {de: B}\nsteps: [{id: day, kind: book, offer: x, text: {de: Wann}}]\n"


def test_whoever_finds_every_time_taken_is_not_asked_for_ever() -> None:
    phone = Phone(LIMIT)
    phone.world.book = lambda *anything: "taken"  # type: ignore[method-assign]
    for _ in range(3):
        if phone.walk.state == "running":
            phone.say("1")
            phone.say("1")
    assert phone.walk.state == "handed"


def test_whoever_has_as_many_times_as_one_may_hears_so_at_once() -> None:
    phone = Phone(LIMIT)
    phone.world.book = lambda *anything: "limit"  # type: ignore[method-assign]
    phone.say("1")
    said = phone.say("1")
    assert "schon so viele Termine" in said
    assert "vergeben" not in said
    assert phone.walk.state == "handed"


def test_an_album_that_grows_counts_each_picture_once() -> None:
    phone = Phone("key: p\ntitle: {de: P}\nsteps: [{id: q, kind: ask, want: photos, text: {de: Fotos}}]\n")
    phone.say(files=[("f1", "image")], kind="media")
    phone.say(files=[("f1", "image"), ("f2", "image")], kind="media")
    phone.wait(seconds=4)
    assert phone.walk.answers["q"] == ["f1", "f2"]


FORK = """
key: f
title: {de: F}
steps:
  - {id: q, kind: ask, text: {de: Was}}
  - {id: b, kind: branch, cases: [{when: [{of: answer, name: q, op: OP, value: 'VALUE'}], next: yes}]}
  - {id: no, kind: end, text: {de: Nein}}
  - {id: yes, kind: end, text: {de: Ja}}
"""


@pytest.mark.parametrize(
    ("op", "value", "said", "answer"),
    [
        ("more", "5", "NaN", "Ja"),
        ("is", "5", "sNaN", "Nein"),
        ("is", "5", "Infinity", "Nein"),
        ("matches", "{{ answers.q }}", "(((", "Nein"),
        ("matches", "(a|a)*b", "a" * 60, "Nein"),
        ("matches", "^a.c$", "abc", "Ja"),
    ],
)
def test_a_fork_bears_whatever_was_written(op: str, value: str, said: str, answer: str) -> None:
    text = FORK.replace("OP", op).replace("VALUE", value).replace("id: no,", "id: n,").replace("id: yes,", "id: y,")
    assert Phone(text.replace("next: yes", "next: y")).say(said) == answer


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(((", "a*a*a*a*a*a*b"])
def test_a_pattern_costs_no_more_than_a_moment(pattern: str) -> None:
    phone = Phone(f"key: p\ntitle: {{de: P}}\nsteps: [{{id: q, kind: ask, text: {{de: Was}}, check: {{pattern: '{pattern}'}}}}]\n")
    began = time.monotonic()
    assert "passt hier nicht" in phone.say("a" * 190)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(("want", "least"), [("date", "10"), ("number", "today"), ("number", "08:00"), ("date", "2026-13-01")])
def test_an_end_that_cannot_be_read_stops_nobody(want: str, least: str) -> None:
    phone = Phone(
        f"key: p\ntitle: {{de: P}}\nsteps: [{{id: q, kind: ask, want: {want}, text: {{de: Was}}, check: {{least: '{least}'}}}}]\n"
    )
    phone.say("12.5." if want == "date" else "7")
    assert phone.walk.state == "done"


@pytest.mark.parametrize("text", ["a" + " " * 1_900 + "b", "1 " * 900 + "!", "morgen " * 280, "\u0661" * 1_500])
@pytest.mark.parametrize("want", ["street", "date", "number", "time", "email", "phone", "iban"])
def test_long_nonsense_is_read_in_a_moment(want: str, text: str) -> None:
    phone = Phone(f"key: p\ntitle: {{de: P}}\nsteps: [{{id: q, kind: ask, want: {want}, text: {{de: Was}}}}]\n")
    phone.say("12. Mai")
    began = time.monotonic()
    phone.say(text)
    assert time.monotonic() - began < 0.5


def test_after_a_night_a_reminder_leaves_time_to_answer() -> None:
    phone = Phone(BULKY.replace("expire_after: 1440", "expire_after: 120"))
    assert "Sind Sie noch da?" in phone.wait(hours=9)  # at night nobody was woken
    assert phone.wait(minutes=55) == ""
    assert "beende das hier" in phone.wait(minutes=10)


METER = """
key: m
title: {de: M}
steps:
  - {id: m, kind: meter, meter: water, text: {de: Foto bitte}}
  - {id: e, kind: end, text: {de: 'Danke {{ answers.reading }}'}}
"""


def test_a_second_photo_of_a_meter_is_the_one_that_is_read() -> None:
    phone = Phone(METER, meter=MeterSeen())
    seen = {"blurred": MeterSeen(), "sharp": MeterSeen(text="77", sure=True), "sharper": MeterSeen(text="78", sure=True)}
    phone.world.see_meter = lambda kind, file, *more: seen[file]  # type: ignore[method-assign]
    phone.say(files=[("blurred", "image")], kind="media")
    assert "nicht sicher lesen" in phone.wait(seconds=4)
    phone.say(files=[("sharp", "image")], kind="media")
    assert "77 m³" in phone.wait(seconds=4)
    phone.say(files=[("sharper", "image")], kind="media")  # instead of yes or no
    assert "78 m³" in phone.wait(seconds=4)
    assert phone.say("ja") == "Danke 78 m³"


def test_a_reading_written_below_the_photo_counts_where_the_photo_cannot_be_read() -> None:
    phone = Phone(METER, meter=MeterSeen())
    phone.say("1234,5", files=[("blurred", "image")], kind="media")
    assert phone.wait(seconds=4) == "Danke 1234,5 m³"


PHOTOS = """
key: p
title: {de: P}
steps:
  - {id: q, kind: ask, want: photos, text: {de: Fotos}, optional: true}
  - {id: n, kind: ask, text: {de: Wie heißen Sie}}
"""


@pytest.mark.parametrize("caption", ["zurück", "Überspringen", "Menü", "weiter"])
def test_words_below_a_photo_are_no_command(caption: str) -> None:
    phone = Phone(PHOTOS)
    phone.say(caption, files=[("f1", "image")], kind="media")
    assert phone.wait(seconds=4) == "Wie heißen Sie"
    assert (phone.walk.answers["q"], phone.walk.answers["q_words"]) == (["f1"], caption)
    assert phone.walk.shown[0] == ["q_words", "Dazu geschrieben", caption]


def test_skip_right_after_a_photo_throws_no_photo_away() -> None:
    phone = Phone(PHOTOS)
    phone.say(files=[("f1", "image")], kind="media")
    assert phone.say("überspringen") == "Wie heißen Sie"
    assert phone.walk.answers["q"] == ["f1"]


def test_a_photo_that_comes_after_the_moment_joins_the_others() -> None:
    phone = Phone(PHOTOS)
    phone.say(files=[("f1", "image")], kind="media")
    phone.wait(seconds=4)
    assert "dazugelegt" in phone.say(files=[("f1", "image"), ("f2", "image")], kind="media")
    phone.say(files=[("f3", "image")], kind="media")
    assert phone.walk.answers["q"] == ["f1", "f2", "f3"]
    assert ["q", "Fotos", "3 Dateien"] in phone.walk.shown
    phone.wait(minutes=10)
    assert "als Text" in phone.say(files=[("f4", "image")], kind="media")
    assert phone.walk.here.step == "n"


DONE = """
key: d
title: {de: D}
steps:
  - {id: q, kind: ask, text: {de: Was}}
  - {id: c, kind: case, team: x}
  - {id: n, kind: ask, text: {de: Noch etwas}}
"""


def test_there_is_no_way_back_behind_what_was_done() -> None:
    phone = Phone(DONE)
    phone.say("Laub")
    assert "geht es von hier nicht" in phone.say("zurück")
    phone.say("nein")
    assert [what for what, _words in phone.world.notes].count("case") == 1


@pytest.mark.parametrize("fold", [0, 1])
def test_a_moment_is_a_moment_in_the_night_the_clock_goes_back(fold: int) -> None:
    phone = Phone(PHOTOS)
    phone.world.now = datetime(2026, 10, 25, 2, 59, 59, tzinfo=acts.BERLIN, fold=fold)
    phone.say(files=[("f1", "image")], kind="media")
    assert phone.walk.until is not None
    assert phone.walk.until.astimezone(UTC) - phone.world.now.astimezone(UTC) == timedelta(seconds=3)


def test_the_language_of_a_country_is_the_language() -> None:
    dialog = document.read("key: p\ntitle: {de: P}\nlanguages: [en, de]\nsteps: [{id: q, kind: ask, text: {de: Wie, en: How}}]\n")
    assert machine.begin(dialog, 0, Played(), Opening(language="de-AT", mark="x")).language == "de"


EVIL = "[Klick](https://boese.example) **fett** _x_ `y` \\ ~~z~~"
ECHO = """
key: e
title: {de: E}
steps:
  - {id: q, kind: ask, text: {de: Was}, confirm: true}
  - {id: c, kind: case}
  - id: s
    kind: end
    text: {de: "**Danke**: {{ answers.q }} {{ answers.q | upcase }} [hier](https://stadt.example/?q={{ answers.q | slice: 40, 3 }})"}
"""


def test_what_citizens_wrote_comes_back_as_they_wrote_it_and_never_as_a_link() -> None:
    phone = Phone(ECHO)
    runs = markdown.read(phone.say(EVIL))
    assert EVIL in markdown.joined(runs)
    assert [run.text for run in runs if run.bold] == [EVIL]
    runs = markdown.read(phone.say("ja"))
    assert f"Danke: {EVIL} {EVIL.upper()} hier" in markdown.joined(runs)
    assert {run.url for run in runs} == {"", "https://stadt.example/?q=_x_"}
    assert [run.text for run in runs if run.bold] == ["Danke"]
    assert phone.walk.answers["q"] == EVIL
    assert EVIL in phone.world.notes[0][1]  # what people read is plain


def test_the_authoritys_own_tables_may_be_bold() -> None:
    text = (
        "key: t\ntitle: {de: T}\nsteps:\n- {id: l, kind: look_up, table: streets, on_nothing: e, save: row}\n"
        "- {id: e, kind: end, text: {de: '{{ answers.row.street }}'}}\n"
    )
    phone = Phone(text)
    assert phone.world.said[-1].text == "Marktstraße"
    phone.world.tables = {"streets": [{"street": "**Marktstraße** a_b_c"}]}
    walk = machine.begin(phone.dialog, 0, phone.world, Opening(language="de", mark="x"))
    assert (walk.state, phone.world.said[-1].text) == ("done", "**Marktstraße** a_b_c")


def test_a_paper_links_nothing_a_citizen_wrote() -> None:
    paper = papers.pdf("Titel", f"**Antrag** von {filling.escaped(EVIL)}\n\nZweite Zeile", Organisation(name="Musterstadt"))
    assert paper.startswith(b"%PDF")
    assert b"/URI" not in paper
