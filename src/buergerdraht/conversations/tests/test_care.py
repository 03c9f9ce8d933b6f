"""What is recognised in a message, as tables of sentences; and what it costs."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.conversations import care, care_emergencies, care_numbers, care_words

TRUE = """
Hilfe, es brennt bei uns im Keller!
Bei uns in der Lindenstraße 4 brennt ein Haus
Da brennt ein Müllcontainer am Bahnhof
Das Dach der Schule steht in Flammen
Feuer!
Feuer im Treppenhaus, bitte kommen Sie
Es riecht stark nach Gas im Flur
Schwarzer Rauch kommt aus dem Fenster im dritten Stock
In der Schillerstraße ist ein Wohnungsbrand im zweiten Stock
Wir brauchen sofort einen Notarzt
Bitte schicken Sie einen Krankenwagen in die Gartenstraße
Notarzt!
Mein Mann ist bewusstlos
Meine Mutter liegt auf dem Boden und atmet nicht mehr
Ich bekomme keine Luft
Mein Vater hat gerade einen Herzinfarkt
Ich glaube, das ist ein Schlaganfall, sie kann nicht mehr sprechen
Er blutet stark am Kopf
Ein Kind ist in den Fluss gefallen
Da ertrinkt jemand im See!
Meine Tochter hat Reiniger getrunken
Schwerer Unfall auf der B9, mehrere Verletzte
Ich wurde gerade überfallen
Überfall auf die Sparkasse am Markt
Hier sind Einbrecher im Haus
Jemand bricht gerade bei den Nachbarn ein
Amok in der Schule
Ein Mann mit einem Messer läuft durch die Fußgängerzone
Am Rathaus wird geschossen, jemand schießt auf Leute
Er schlägt mich
Ich will nicht mehr leben
Ich bringe mich um
Ich denke an Suizid
Ich möchte nur noch sterben
Ich springe gleich von der Brücke
HILFE!!! bitte kommt schnell
Wir stecken im Aufzug fest
Das ist ein Notfall!
Schnell die Polizei bitte, hier ist eine Schlägerei
Ich werde verfolgt, Hilfe, Polizei!
Der Nachbar ist im Garten zusammengebrochen
The house is on fire
Please send an ambulance, he is unconscious
There is a fire in the kitchen
My father is having a heart attack
I want to kill myself
Someone is breaking into my flat
Evde yangın var
Hemen ambulans gönderin
Babam kalp krizi geçiriyor
Kendimi öldüreceğim
İmdat!
Допоможіть, пожежа!
Викличте швидку, він непритомний
Горить будинок на вулиці Ліндена
Я не хочу жити
Рятуйте, на мене напали
حريق في المبنى
أحتاج سيارة إسعاف بسرعة
أبي فاقد الوعي
أريد أن أموت
""".strip().splitlines()
FALSE = """
Wann ist das Feuerwehrfest?
Wie ist die Notrufnummer?
Im Rathaus brennt Licht, ist da noch jemand?
Die Straßenlaterne brennt seit gestern nicht mehr
Darf ich im Garten ein Feuer machen?
Wann ist das Osterfeuer im Stadtpark?
Ich bin Feuer und Flamme für das neue Schwimmbad
Mir brennt eine Frage unter den Nägeln
Wo bekomme ich einen Feuerlöscher geprüft?
Wo kann ich Feuerwerk anmelden?
Was tun im Notfall? Gibt es ein Merkblatt?
Wann findet die Übung der Feuerwehr statt, bei der ein Haus brennt?
Ich hatte letztes Jahr einen Herzinfarkt und suche eine Sportgruppe
Gibt es einen Vortrag zum Thema Schlaganfall?
Wann ist der Kurs Erste Hilfe?
Ich brauche schnell Hilfe beim Antrag auf Wohngeld
Hilfe
Hilfe zur Pflege beantragen
Danke für die schnelle Hilfe!
Meine Rechnung ist überfällig
Der Film Überfall läuft im Kino
Letzte Nacht wurde in unsere Garage eingebrochen, wo melde ich das?
Wie schütze ich mich vor Einbrechern?
Wann hat die Polizeiwache geöffnet?
Die Ampel an der Hauptstraße reagiert nicht auf Fußgänger
Ihre Internetseite reagiert nicht mehr
Meine E-Mail bleibt unbeantwortet, die Behörde reagiert nicht
Die Ausstellung zur Suizidprävention war gut
Wo ist die Beratungsstelle für Suizidgefährdete?
Ich will nicht mehr länger auf den Termin warten
Der Baum stirbt ab, bitte prüfen
Wer ist der Ansprechpartner für Brandschutz?
Ist die Brandstraße heute gesperrt?
Brennholz kaufen im Stadtwald
Wo kann ich mein Auto abmelden?
Wir suchen Mitglieder für die Freiwillige Feuerwehr
Kostet der Krankenwagen etwas?
Brauchen wir im Landkreis einen zweiten Notarzt-Standort?
Der Schützenverein schießt sonntags sehr laut
Silvester wurde mit Böllern geschossen
Wann ist die Bombenentschärfung zu Ende?
Am Schulhof liegt ein kaputtes Fahrrad, keine Luft im Reifen
Die Nachbarn grillen, der Rauch zieht in unser Fenster, ist das erlaubt?
Der Wald ist bedroht durch den Borkenkäfer
Wie viel kostet ein Gaszähler?
Die Sonne brennt, gibt es Trinkbrunnen?
Es brennt in den Augen nach dem Schwimmbad
Was macht man, wenn es brennt?
Im Falle eines Brandes sammeln wir uns wo?
Vielen Dank an den Notarzt, der gestern kam
Ich möchte Rettungssanitäter werden, wo bewerbe ich mich?
Ich lache mich tot über euer Plakat
Wann wird der Müll abgeholt?
When is the fire department festival?
Can you help me fill the form?
I had a heart attack last year and need a parking permit
Yangın tatbikatı ne zaman?
Як заповнити заяву на житло? Допоможіть
ما هو رقم الإسعاف؟
Guten Tag, mein Ausweis ist abgelaufen
""".strip().splitlines()


@pytest.mark.parametrize("sentence", TRUE)
def test_an_emergency(sentence: str) -> None:
    assert "emergency" in found(sentence)


@pytest.mark.parametrize("sentence", FALSE)
def test_no_emergency(sentence: str) -> None:
    assert "emergency" not in found(sentence)


def found(text: str, **fields: str) -> list[str]:
    return care.flags(Received(external_id="1", sender=Sender(address="1"), at=timezone.now(), text=text, **fields))


# ── Numbers and health ────────────────────────────────────────────────────

SENSITIVE = [
    ("Meine IBAN ist DE89 3704 0044 0532 0130 00, danke", "iban"),
    ("de89370400440532013000", "iban"),
    ("DE89-3704-0044-0532-0130-00", "iban"),
    ("AT61 1904 3002 3457 3201 bitte", "iban"),
    ("TR33 0006 1005 1978 6457 8413 26", "iban"),
    ("Karte 4111 1111 1111 1111 gültig bis 12/28", "card"),
    ("5555-5555-5555-4444", "card"),
    ("378282246310005", "card"),
    ("Meine Steuer-ID: 86095742719", "tax"),
    ("steuer id 86 095 742 719", "tax"),
    ("Ausweis L01X00T471", "identity"),
    ("Meine Ausweisnummer ist L01X00T47", "identity"),
    ("Reisepass C01X00T478", "identity"),
    ("Versichertennummer A123456780", "health"),
    ("Ich bin schwanger und brauche einen Termin", "health"),
    ("Meine Mutter hat Demenz, wer hilft uns?", "health"),
    ("Ich habe HIV", "health"),
]
HARMLESS = [
    "DE89 3704 0044 0532 0130 01",
    "Meine Nummer ist +49 171 39200147",
    "0171 3920014, bitte rufen Sie an",
    "+4915123456789",
    "Aktenzeichen 12345678901",
    "4111 1111 1111 1112",
    "Wir treffen uns am 24.12.2026 um 18:30 Uhr",
    "Postleitzahl 12345, Haus 17",
    "Wo beantrage ich einen Personalausweis?",
    "Gibt es einen Vortrag über Krebs? Ich habe davon gehört",
    "Wann hat das Gesundheitsamt geöffnet?",
    "Sternzeichen Krebs",
    "Zählernummer 1EMH0012345678",
]


@pytest.mark.parametrize(("text", "flag"), SENSITIVE)
def test_what_is_sensitive_is_recognised_and_masked(text: str, flag: str) -> None:
    assert found(text) == [flag]
    masked = care.mask(text)
    assert care.HIDDEN in masked
    assert found(masked) == []


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert found(text) == []
    assert care.mask(text) == text


def test_the_rest_of_a_masked_text_stays() -> None:
    assert care.mask("Bitte auf DE89 3704 0044 0532 0130 00 überweisen.") == f"Bitte auf {care.HIDDEN} überweisen."
    assert care.mask("Ich bin schwanger. 4111111111111111!") == f"Ich bin {care.HIDDEN}. {care.HIDDEN}!"


IBANS = st.sampled_from(
    ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "86095742719", "A123456780", "L01X00T471"]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.one_of(IBANS, st.text(max_size=12), st.from_regex(r"[A-Za-z0-9 .\-]{0,30}", fullmatch=True)), max_size=6))
def test_nothing_raises_and_every_number_that_was_found_is_hidden(pieces: list[str]) -> None:
    text = " ".join(pieces)
    flags = care.flags(Received(external_id="1", sender=Sender(address="1"), at=timezone.now(), text=text, forwarded="forwarded"))
    assert set(flags) <= set(care.FLAGS)
    masked = care.mask(text)
    assert care_numbers.find(masked) == []
    assert care.mask(masked) == masked
    for start, end, _flag in care_numbers.find(text):
        assert text[start:end] not in masked.split(care.HIDDEN)


# ── Chain letters, insults, advertising ───────────────────────────────────

ASIDE = [
    ("Ihr Arschlöcher", "insult"),
    ("du Hurensohn", "insult"),
    ("Ihr seid doch alle unfähige Idioten", "insult"),
    ("Fick dich", "insult"),
    ("Arschl0ch", "insult"),
    ("W1chser!", "insult"),
    ("Halt die Fresse", "insult"),
    ("Sie sind so ein Trottel", "insult"),
    ("Verdienen Sie 500 Euro pro Tag mit Krypto https://beispiel.example", "spam"),
    ("Kredit ohne Schufa, schreiben Sie mir auf Telegram", "spam"),
    ("Sie haben gewonnen! Preis hier abholen: www.beispiel.example", "spam"),
]
ANSWERED = [
    "Mein Nachbar hat mich Arschloch genannt",
    "Jemand hat Nazis an die Wand gesprüht",
    "Der Hund meines Nachbarn bellt",
    "An der Schule wurde ein Hakenkreuz geschmiert",
    "Wo ist das Schwein im Streichelzoo?",
    "Sie haben eine schöne Stadt",
    "Ich möchte in Bitcoin bezahlen, geht das?",
    "Wo gibt es einen Kredit für Hausbesitzer?",
    "Die Straße ist eine Katastrophe",
    "Opferschutz: an wen wende ich mich?",
    "Bitte leiten Sie meine Nachricht an alle zuständigen Stellen weiter",
]


@pytest.mark.parametrize(("text", "flag"), ASIDE)
def test_insults_and_advertising(text: str, flag: str) -> None:
    assert found(text) == [flag]


@pytest.mark.parametrize("text", ANSWERED)
def test_what_people_should_read(text: str) -> None:
    assert found(text) == []


def test_chain_letters_by_the_mark_of_the_messenger_and_their_wording() -> None:
    assert found("Guten Morgen ihr Lieben", forwarded="often") == ["chain"]
    assert found("", forwarded="often") == ["chain"]
    assert found("Bitte an alle weiterleiten!", forwarded="forwarded") == ["chain"]
    assert found("Schick das an alle deine Freunde", forwarded="forwarded") == ["chain"]
    assert found("Ist das hier richtig?", forwarded="forwarded") == []
    assert found("Achtung, Einbrecher im Haus! Bitte an alle weiterleiten", forwarded="forwarded") == ["chain"]


def test_an_organisations_own_words_count_whole() -> None:
    def event(text: str) -> Received:
        return Received(external_id="1", sender=Sender(address="1"), at=timezone.now(), text=text)

    assert care.flags(event("Alarm im Chemiewerk!"), ["Chemiewerk"], []) == ["emergency"]
    assert care.flags(event("Chemiewerkstraße 4"), ["Chemiewerk"], []) == []
    assert care.flags(event("So ein Quatschkopf"), [], ["quatschkopf"]) == ["insult"]


def test_the_same_text_has_the_same_fingerprint_however_it_is_set() -> None:
    def mark(text: str, organisation: int = 1) -> int | None:
        return care.fingerprint(organisation, Received(external_id="1", sender=Sender(address="1"), at=timezone.now(), text=text))

    text = "Achtung! Morgen wird überall das Wasser abgestellt, füllt eure Wannen und sagt es allen Nachbarn."
    assert mark(text) == mark("achtung morgen wird ÜBERALL das wasser abgestellt füllt eure wannen und sagt es allen nachbarn 😀")
    assert mark(text) != mark(text, 2)
    assert mark("Wann wird das repariert?") is None


def test_a_language_and_despair_are_told_apart() -> None:
    def said(text: str) -> care_emergencies.Emergency | None:
        return care_emergencies.emergency(care_words.read(text))

    assert said("Ich bringe mich um") == care_emergencies.Emergency("de", True)
    assert said("Evde yangın var") == care_emergencies.Emergency("tr", False)
    assert said("I want to die") == care_emergencies.Emergency("en", True)
    assert said("Guten Tag") is None


def test_a_look_takes_far_less_than_a_millisecond() -> None:
    event = Received(
        external_id="1", sender=Sender(address="1"), at=timezone.now(),
        text="Guten Tag, wann wird denn endlich das Schlagloch in der Lindenstraße 12 repariert? Mit freundlichen Grüßen, A. Muster",
    )  # fmt: skip
    care.flags(event)
    quickest = min(_seconds(event) for _ in range(5))
    assert quickest < 0.0005


def _seconds(event: Received) -> float:
    began = time.perf_counter()
    for _ in range(50):
        care.flags(event)
    return (time.perf_counter() - began) / 50
