"""What can be written down about each kind of step, in the order of its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Spec:
    """A field: where it stands in the step, and how it is asked.

    shape: text and line (in the language at hand), plain, end (of what is allowed: a number, day or hour), number, flag, goal,
    pick (one of a list), many (several of it), column (a table with one of its columns). `pick` names the list. `wants`: only for
    these kinds of answers. `more`: under "Weitere Angaben".
    """

    path: str
    label: Words
    shape: str = "plain"
    help: Words = ""
    pick: str = ""
    wants: str = ""
    more: bool = False
    least: int = 0
    most: int = 0

    @property
    def name(self) -> str:
        return self.path.replace(".", "-")


NEXT = Spec("next", _("Danach"), "goal")
SAVE = Spec("save", _("Name der Antwort"), help=_("So heißt sie in Platzhaltern. Leer: wie der Kurzname des Schritts."), more=True)
COMMENT = Spec("comment", _("Notiz für Kolleginnen und Kollegen"), "note", _("Wird nie gesendet."), more=True)
QUESTION = (
    Spec("title", _("Überschrift der Antwort"), "line", _("So heißt sie in der Zusammenfassung. Leer: die Frage selbst."), more=True),
    Spec(
        "error",
        _("Eigener Hinweis, wenn die Antwort nicht passt"),
        "text",
        _("Leer: ein freundlicher Satz, der zur Frage passt."),
        more=True,
    ),
    Spec("tries", _("So oft wird gefragt"), "number", least=1, most=9, more=True),
    Spec("otherwise", _("Und wenn es dann nicht klappt"), "goal", more=True),
    Spec("remind_after", _("Nach so vielen Minuten erinnern"), "number", _("0: wie im ganzen Dialog."), most=10_080, more=True),
    SAVE,
)
ENDS = _("Zum Beispiel 10, heute, in 14 Tagen, 24.12.2026 oder 08:00.")

FIELDS: Mapping[str, tuple[Spec, ...]] = {
    "say": (
        Spec("text", _("Text"), "text"), Spec("link", _("Link als Knopf"), help="https://…"),
        Spec("link_title", _("Aufschrift des Knopfs"), "line"),
        NEXT, COMMENT,
    ),
    "ask": (
        Spec("text", _("Frage"), "text"), Spec("want", _("Art der Antwort"), "pick", pick="wants"),
        Spec("check.least", _("Kleinster Wert"), "end", ENDS, wants="number date time"),
        Spec("check.most", _("Größter Wert"), "end", ENDS, wants="number date time"),
        Spec("check.decimals", _("Stellen nach dem Komma"), "number", most=6, wants="number"),
        Spec("check.unit", _("Einheit"), "line", _("Zum Beispiel m²."), wants="number"),
        Spec("check.table", _("Muss in dieser Tabelle stehen"), "column", wants="text street postcode meter_number"),
        Spec("check.most_files", _("Höchstens so viele"), "number", least=1, most=20, wants="photos"),
        Spec("optional", _("Darf übersprungen werden"), "flag"),
        Spec("confirm", _("Zeigen, was verstanden wurde, und fragen, ob es stimmt"), "flag"),
        NEXT,
        Spec("check.pattern", _("Muster"), help=_("Ein regulärer Ausdruck für die ganze Antwort."), wants="text meter_number", more=True),
        *QUESTION, COMMENT,
    ),
    "choose": (
        Spec("text", _("Frage"), "text"), Spec("next", _("Danach, wenn bei der Möglichkeit nichts anderes steht"), "goal"),
        Spec("label", _("Aufschrift der Liste"), "line", _("Wo eine Liste aufklappt. Leer: „Auswählen“."), more=True), *QUESTION, COMMENT,
    ),
    "branch": (
        Spec("next", _("Sonst"), "goal"),
        Spec("random", _("Zufällig wählen, um zwei Fassungen zu vergleichen"), "flag", more=True), COMMENT,
    ),
    "set": (
        Spec("what", _("Was"), "pick", pick="sets"), Spec("name", _("Name")), Spec("value", _("Wert"), "fill"), NEXT, COMMENT,
    ),
    "subscribe": (
        Spec("topics", _("Themen"), "many", pick="topics"), Spec("leave", _("Abbestellen statt abonnieren"), "flag"),
        Spec("consent", _("Wortlaut der Einwilligung"), "text", _("Genau das, dem zugestimmt wurde. Wird als Nachweis aufbewahrt.")),
        NEXT, COMMENT,
    ),
    "case": (
        Spec("category", _("Kategorie"), "pick", _("Mit Kategorie wird daraus ein Anliegen mit Nummer, Ort und Fotos."), pick="categories"),
        Spec("team", _("Team"), "pick", pick="teams"), Spec("label", _("Stichwort"), "fill"),
        Spec("summary", _("Zusammenfassung"), "text", _("Leer: alle Antworten.")), NEXT,
        Spec("save", _("Name der Nummer"), help=_("Unter diesem Namen steht die Nummer in Platzhaltern."), more=True), COMMENT,
    ),
    "book": (
        Spec("text", _("Frage"), "text"), Spec("offer", _("Terminangebot"), "pick", pick="offers"),
        Spec("days", _("So viele Tage zur Wahl"), "number", least=1, most=9), Spec("none", _("Wenn nichts frei ist"), "text"),
        Spec("on_none", _("Und dann"), "goal"), NEXT, *QUESTION, COMMENT,
    ),
    "call": (
        Spec("system", _("System"), "pick", pick="systems"), Spec("wait", _("Was gesagt wird, während es dauert"), "text"),
        Spec("next", _("Wenn die Antwort ja ist"), "goal"), Spec("on_no", _("Wenn die Antwort nein ist"), "goal"),
        Spec("on_failure", _("Wenn das System nicht antwortet"), "goal"),
        Spec("proves", _("Prüft, wer jemand ist"), "flag", _("Dann wird nach mehreren falschen Angaben gesperrt.")),
        Spec("tries", _("Falsche Angaben bis zur Sperre"), "number", least=1, most=10, more=True),
        Spec("lock_minutes", _("Dauer der Sperre in Minuten"), "number", least=1, most=10_080, more=True),
        Spec("on_locked", _("Bei Sperre"), "goal", more=True),
        Spec("method", _("Methode"), "pick", pick="methods", more=True), Spec("path", _("Pfad"), "fill", more=True),
        Spec("accept", _("Gilt als Ja, wenn das nicht leer ist"), "fill", _("Leer: jede Antwort ohne Fehler ist ein Ja."), more=True),
        Spec("seconds", _("So viele Sekunden warten"), "number", least=1, most=30, more=True), COMMENT,
    ),
    "look_up": (
        Spec("table", _("Tabelle"), "pick", pick="tables"), Spec("near", _("Am nächsten bei"), "pick", pick="places"),
        Spec("most", _("Höchstens so viele Zeilen"), "number", least=1, most=10), NEXT,
        Spec("on_nothing", _("Wenn nichts gefunden wird"), "goal"),
        Spec("save", _("Name des Gefundenen"), more=True), COMMENT,
    ),
    "meter": (
        Spec("text", _("Frage"), "text", _("Leer: die übliche Bitte um ein Foto.")), Spec("meter", _("Zähler"), "pick", pick="meters"),
        Spec("number", _("Zählernummer"), "fill", _("Aus einer Antwort davor, über „Einfügen“.")), NEXT,
        Spec("on_doubt", _("Wenn der Stand zweifelhaft ist"), "goal", more=True),
        Spec("digits", _("Stellen vor dem Komma"), "number", _("0: beliebig viele."), most=9, more=True),
        Spec("decimals", _("Stellen nach dem Komma"), "number", most=4, more=True), *QUESTION, COMMENT,
    ),
    "hand_over": (
        Spec("team", _("Team"), "pick", pick="teams"), Spec("text", _("Was gesagt wird"), "text", _("Leer: der übliche Satz.")),
        Spec("away", _("Was gesagt wird, wenn niemand da ist"), "text"), COMMENT,
    ),
    "start": (
        Spec("dialog", _("Dialog"), "pick", pick="dialogs"),
        Spec("instead", _("Danach nicht hierher zurückkehren"), "flag"), NEXT, COMMENT,
    ),
    "wait": (
        Spec("minutes", _("Minuten"), "number", _("0: bis zu einem Zeitpunkt."), most=525_600),
        Spec("until", _("Bis zu diesem Zeitpunkt"), "fill", _("Zum Beispiel 2026-12-24 oder 2026-12-24T18:00.")),
        Spec("silence", _("Endet auch, wenn eine Nachricht kommt"), "flag"), Spec("on_message", _("Bei einer Nachricht"), "goal"),
        NEXT, COMMENT,
    ),
    "send": (
        Spec("what", _("Was"), "pick", pick="sends"), Spec("title", _("Überschrift"), "line"), Spec("text", _("Inhalt"), "text"),
        Spec("file_name", _("Dateiname"), "fill"), Spec("caption", _("Begleittext"), "text"), NEXT, COMMENT,
    ),
    "end": (Spec("text", _("Abschied"), "text"), COMMENT),
}  # fmt: skip
HEAD: tuple[Spec, ...] = (
    Spec("title", _("Titel"), "line"), Spec("purpose", _("Wozu"), "note", _("Für Kolleginnen und Kollegen.")),
    Spec("languages", _("Sprachen"), "many", pick="languages"),
    Spec(
        "template", _("Vorlage, wenn der Messenger nichts anderes mehr zulässt"), "pick",
        _(
            "WhatsApp und Messenger erlauben nach 24 Stunden ohne Nachricht nur noch Vorlagen. Spricht der Dialog dann von sich aus, geht "
            "die Vorlage hinaus, und er geht weiter, sobald die Person antwortet. Felder der Reihe nach: Titel des Dialogs, Text."
        ),
        pick="templates",
    ),
    Spec("remind_after", _("Nach so vielen Minuten Schweigen einmal erinnern"), "number", _("0: nie."), most=10_080),
    Spec("remind", _("Erinnerung"), "text", _("Leer: der übliche Satz.")),
    Spec("expire_after", _("Nach so vielen Minuten Schweigen beenden"), "number", least=5, most=525_600),
    Spec("expired", _("Abschied dann"), "text", _("Leer: der übliche Satz.")),
)  # fmt: skip
PICKS: Mapping[str, tuple[tuple[str, Words], ...]] = {
    "sets": (
        ("answer", _("Antwort dieses Dialogs")), ("field", _("Angabe zur Person, über den Dialog hinaus")), ("name", _("Name der Person")),
        ("label", _("Kennzeichen setzen")), ("unlabel", _("Kennzeichen wegnehmen")), ("language", _("Sprache")),
    ),
    "methods": (("POST", "POST"), ("GET", "GET"), ("PUT", "PUT")),
    "meters": (("water", _("Wasser")), ("gas", _("Gas")), ("electricity", _("Strom")), ("heat", _("Wärme"))),
    "sends": (("pdf", _("Ein Schreiben als PDF")), ("ics", _("Der Termin für den Kalender"))),
}  # fmt: skip
ROWS: Mapping[str, tuple[str, ...]] = {  # lists within a step, each with a form of its own
    "say": ("files",), "ask": ("files",), "choose": ("options", "files"), "branch": ("cases",), "book": ("files",), "meter": ("files",),
    "call": ("body", "take"), "look_up": ("match",),
}  # fmt: skip
OPERATIONS: tuple[tuple[str, Words], ...] = (
    ("is", _("ist")), ("is_not", _("ist nicht")), ("one_of", _("ist eines von")), ("contains", _("enthält")), ("more", _("ist größer als")),
    ("less", _("ist kleiner als")), ("known", _("ist angegeben")), ("unknown", _("fehlt")), ("matches", _("passt zum Muster")),
)  # fmt: skip
