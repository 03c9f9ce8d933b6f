"""What steps are called, and what one can put into a dialog: the palette of the editor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from buergerdraht.dialogs.knowing import House

Words = str | Promise

KINDS: Mapping[str, tuple[Words, str]] = {  # name, icon
    "say": (_("Text"), "reply"), "ask": (_("Frage"), "help"), "choose": (_("Auswahl"), "menu"), "branch": (_("Weiche"), "flow"),
    "set": (_("Merken"), "note"), "subscribe": (_("Abo"), "bell"), "case": (_("Anliegen"), "case"), "book": (_("Termin"), "calendar"),
    "call": (_("System fragen"), "swap"), "look_up": (_("Nachschlagen"), "book"), "meter": (_("Zählerstand"), "chart"),
    "hand_over": (_("Übergabe"), "people"), "start": (_("Anderer Dialog"), "redo"), "wait": (_("Warten"), "clock"),
    "send": (_("Datei senden"), "doc"), "end": (_("Ende"), "stop"),
}  # fmt: skip
WANTS: Mapping[str, tuple[Words, str]] = {  # kinds of answers: name, icon
    "text": (_("Freier Text"), "note"), "yes_no": (_("Ja oder Nein"), "ok"), "number": (_("Zahl"), "chart"),
    "date": (_("Datum"), "calendar"), "time": (_("Uhrzeit"), "clock"), "street": (_("Straße und Hausnummer"), "pin"),
    "postcode": (_("Postleitzahl"), "pin"), "place": (_("Ort auf der Karte"), "pin"), "photo": (_("Foto"), "image"),
    "photos": (_("Mehrere Fotos"), "image"), "document": (_("Datei"), "clip"), "voice": (_("Sprachnachricht"), "mic"),
    "email": (_("E-Mail-Adresse"), "mail"), "phone": (_("Telefonnummer"), "phone"), "iban": (_("IBAN"), "shield"),
    "meter_number": (_("Zählernummer"), "chart"),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """Something to put in: the step it makes, with an id people can read in placeholders."""

    key: str
    title: Words
    help: Words
    icon: str
    step: Mapping[str, Any] = field(default_factory=dict)


def _ask(want: str, id: str, question: str, help: Words, **more: Any) -> Entry:
    title, icon = WANTS[want]
    return Entry(f"ask:{want}", title, help, icon, {"kind": "ask", "id": id, "want": want, "text": question, **more})


def _step(kind: str, id: str, help: Words, **more: Any) -> Entry:
    title, icon = KINDS[kind]
    return Entry(kind, title, help, icon, {"kind": kind, "id": id, **more})


GROUPS: tuple[tuple[Words, tuple[Entry, ...]], ...] = (
    (_("Sagen"), (
        _step("say", "text", _("Etwas schreiben, mit Bild, Datei oder Link."), text=""),
        _step("send", "datei", _("Eine Bescheinigung als PDF oder den Termin für den Kalender senden."), what="pdf"),
    )),
    (_("Fragen"), (
        _step("choose", "auswahl", _("Antippen lassen: Knöpfe oder eine Liste."), text="", options=["Möglichkeit 1", "Möglichkeit 2"]),
        _ask("yes_no", "zustimmung", "", _("Eine Frage, auf die ja oder nein passt.")),
        _ask("text", "antwort", "", _("Eine Antwort in eigenen Worten.")),
        _ask("street", "strasse", "Welche Straße und Hausnummer?", _("Eine Adresse, auf Wunsch gegen Ihr Straßenverzeichnis geprüft.")),
        _ask("date", "datum", "An welchem Tag?", _("Ein Tag; „nächsten Dienstag“ wird verstanden.")),
        _ask("time", "uhrzeit", "Um wie viel Uhr?", _("Eine Uhrzeit.")),
        _ask("number", "zahl", "", _("Eine Zahl, auf Wunsch mit kleinster und größter.")),
        _ask("photo", "foto", "Bitte senden Sie ein Foto.", _("Ein Bild vom Telefon.")),
        _ask("photos", "fotos", "Bitte senden Sie Fotos.", _("Mehrere Bilder in einem Schwung.")),
        _ask("place", "ort", "Wo ist das?", _("Ein Punkt auf der Karte oder eine Adresse.")),
        _ask("document", "datei", "Bitte senden Sie die Datei.", _("Ein Dokument, zum Beispiel ein PDF.")),
        _ask("voice", "aufnahme", "", _("Eine gesprochene Nachricht.")),
        _ask("email", "email", "Wie lautet Ihre E-Mail-Adresse?", _("Wird auf Tippfehler geprüft.")),
        _ask("phone", "telefon", "Unter welcher Nummer erreichen wir Sie?", _("Eine Rufnummer, auch aus dem Ausland.")),
        _ask("postcode", "plz", "Wie lautet die Postleitzahl?", _("Fünf Ziffern.")),
        _ask("iban", "iban", "Wie lautet Ihre IBAN?", _("Wird nach ihrer Prüfziffer geprüft.")),
        _ask("meter_number", "zaehlernummer", "Wie lautet Ihre Zählernummer?", _("Sie steht auf dem Zähler.")),
        _step("meter", "zaehlerstand", _("Als Foto gelesen und gezeigt, oder getippt."), meter="water", text=""),
        _step("book", "termin", _("Freie Zeiten anbieten und eine buchen."), text="Wann passt es Ihnen?", offer=""),
    )),
    (_("Entscheiden"), (
        _step("branch", "weiche", _("Verschiedene Wege, je nach Antwort, Öffnungszeit oder Kanal."), cases=1),
        _step("wait", "warten", _("Zeit vergehen lassen, dann geht es von selbst weiter."), minutes=60),
        _step("start", "dialog", _("Einen anderen Dialog als Teil durchlaufen."), dialog=""),
    )),
    (_("Tun"), (
        _step("case", "anliegen", _("Ein Anliegen für ein Team anlegen, mit allen Antworten.")),
        _step("subscribe", "abo", _("Themen abonnieren oder abbestellen."), topics=[]),
        _step("look_up", "eintrag", _("In einer Ihrer Tabellen nachsehen."), table="", on_nothing="person"),
        _step("call", "abfrage", _("Ein System Ihrer Verwaltung fragen."), system="", on_no="person", on_failure="person"),
        _step("set", "merken", _("Etwas für später festhalten."), what="answer", name="merken"),
    )),
    (_("Schluss"), (
        _step("hand_over", "uebergabe", _("An Menschen übergeben, mit allen Antworten.")),
        _step("end", "ende", _("Der Dialog ist zu Ende."), text="Vielen Dank."),
    )),
)  # fmt: skip
ENTRIES: Mapping[str, Entry] = {entry.key: entry for _title, entries in GROUPS for entry in entries}
PART = "start:"  # before the key of a dialog that is put in as a part


def groups(house: House) -> Sequence[tuple[Words, Sequence[Entry]]]:
    """The palette. Where the house has other dialogs, each stands there by its name instead of the nameless one."""
    parts = [entry for key in house.dialogs if (entry := entry_of(f"{PART}{key}", house))]
    if not parts:
        return GROUPS
    nameless = ENTRIES["start"]
    kept = [(title, [each for each in entries if each is not nameless]) for title, entries in GROUPS]
    return [*kept[:-1], (_("Teile: Ihre anderen Dialoge"), parts), kept[-1]]


def entry_of(key: str, house: House) -> Entry | None:
    """What a key of the palette stands for; None where there is no such thing."""
    name = key.removeprefix(PART)
    if key.startswith(PART) and name in house.dialogs:
        nameless = ENTRIES["start"]
        step = {**nameless.step, "dialog": name}
        return replace(nameless, key=key, title=house.dialogs[name], help=_("Läuft hier als Teil, dann geht es weiter."), step=step)
    return ENTRIES.get(key)


def make(entry: Entry, language: str, house: House) -> dict[str, Any]:
    """Make the values of a new step. What must name something of the house names the first there is."""
    values = dict(entry.step)
    if isinstance(values.get("text"), str):
        values["text"] = {language: values["text"]} if values["text"] else {}
    if "options" in values:
        values["options"] = [{"id": f"wahl_{number}", "title": {language: each}} for number, each in enumerate(values["options"], 1)]
    if "cases" in values:
        values["cases"] = [{"when": [{"of": "hours", "value": "open"}], "next": ""}]
    for name in ("table", "offer", "system", "dialog"):
        if values.get(name) == "":
            values[name] = next(iter(getattr(house, f"{name}s")), "fehlt")
    if "topics" in values:
        values["topics"] = [next(iter(house.topics), "fehlt")]
    return values


def title_of(step: Mapping[str, Any]) -> Words:
    """What a step is called."""
    if step["kind"] == "ask":
        return WANTS[step.get("want", "text")][0]
    return KINDS[step["kind"]][0]


def icon_of(step: Mapping[str, Any]) -> str:
    return WANTS[step.get("want", "text")][1] if step["kind"] == "ask" else KINDS[step["kind"]][1]
