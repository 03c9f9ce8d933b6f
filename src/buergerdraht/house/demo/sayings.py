# ruff: noqa: E501 - sentences stay whole
"""What was said in Musterstadt in the last two weeks, and what went out to everyone."""

from __future__ import annotations

from typing import NamedTuple


class Talk(NamedTuple):
    """A closed matter: a question, the answer of a person (or of the automatic), and sometimes a thank-you."""

    question: str
    answer: str
    by: str = ""  # an operator's key; empty: the automatic
    thanks: str = ""


TALKS = [
    Talk("Guten Tag, wann hat das Bürgeramt am Samstag offen?", "Am ersten Samstag im Monat von 9 bis 12 Uhr. Einen Termin brauchen Sie nicht.", "maria", "Vielen Dank!"),
    Talk("Ich brauche einen neuen Personalausweis. Was muss ich mitbringen?", "Ihren alten Ausweis und ein biometrisches Foto. Das Foto können Sie auch bei uns am Gerät machen.", "maria", "Super, danke"),
    Talk("In der Lindenallee ist die Straßenlaterne vor Nummer 12 aus.", "Danke für den Hinweis. Der Bauhof ist verständigt und kommt in den nächsten Tagen.", "kemal"),
    Talk("Fährt der Bus 4 am Sonntag wegen der Baustelle anders?", "Ja, die Haltestelle Marktplatz entfällt bis zum 29. November. Bitte nutzen Sie die Haltestelle Rathaus.", "kemal", "Alles klar 👍"),
    Talk("Bei uns wurde heute die Papiertonne nicht geleert (Gartenstadt).", "Das tut uns leid. Das Fahrzeug fiel aus, die Leerung wird am Freitag nachgeholt.", "maria", "Ok danke für die schnelle Antwort"),
    Talk("Hello, can I register my new address online?", "Yes, if you have an ID card with online function. Otherwise please book an appointment on our website.", "maria", "Thank you"),
    Talk("Wo finde ich den Antrag für die Kita?", "Auf unserer Website unter „Familie“. Wenn Sie möchten, senden wir Ihnen den Antrag auch zu.", "kemal"),
    Talk("Gibt es dieses Jahr wieder den Weihnachtsmarkt am Hafen?", "Ja, vom 27. November bis zum 20. Dezember, täglich ab 12 Uhr.", "andrea", "Wie schön!"),
    Talk("Der Spielplatz an der Südhöhe ist voller Scherben.", "Danke, das nehmen wir ernst. Die Reinigung kommt noch heute.", "kemal", "Danke, ist schon sauber"),
    Talk("Merhaba, nikâh randevusu nasıl alabilirim?", "Merhaba! Randevu için Standesamt'a 030 23125 210 numarasından ulaşabilirsiniz.", "kemal"),
    Talk("Kostet der Anwohnerparkausweis jetzt mehr?", "Nein, er kostet weiter 30 Euro im Jahr.", "maria"),
    Talk("Wann ist die nächste Ratssitzung?", "Am 3. Dezember um 17 Uhr im Ratssaal. Die Sitzung ist öffentlich.", "andrea"),
    Talk("Ist die Sperrung am Kanal schon aufgehoben?", "", ""),
    Talk("Danke für die Infos jede Woche!", "", ""),
    Talk("Kann ich hier auch Fotos schicken?", "", ""),
]  # fmt: skip


class Happens(NamedTuple):
    """When and where what a broadcast tells of takes place, counted from today; without hours it takes whole days."""

    in_days: int
    place: str
    hours: tuple[int, int] | None = None
    days: int = 1


class Sending(NamedTuple):
    """A broadcast of the past."""

    title: str
    days_ago: float
    topics: list[str]
    texts: dict[str, str]
    happens: Happens | None = None


SENDINGS = [
    Sending(
        "Straßenlaternen im Norden",
        11.2,
        ["verkehr"],
        {
            "de": "**Neue Straßenlaternen im Nordviertel**\n\nAb Montag tauschen wir 84 Laternen gegen sparsame LED aus. Einzelne Gehwege sind dafür kurz gesperrt.",
            "en": "**New street lights in Nordviertel**\n\nFrom Monday we replace 84 lights with efficient LEDs. Some pavements will be closed for a short time.",
        },
    ),
    Sending(
        "Die Woche in Musterstadt: 13. November",
        9.1,
        ["woche", "veranstaltungen"],
        {
            "de": "**Die Woche in Musterstadt**\n\n- Laternenumzug am Samstag, Start um 17 Uhr am Rathaus\n- Die Bücherei verleiht jetzt auch Werkzeug\n- Blutspende am Dienstag in der Stadthalle",
            "en": "**This week in Musterstadt**\n\n- Lantern parade on Saturday, starting at 5 pm at the town hall\n- The library now lends tools\n- Blood donation on Tuesday in the civic hall",
        },
    ),
    Sending(
        "Biotonne einen Tag später",
        5.3,
        ["abfall"],
        {
            "de": "**Biotonne einen Tag später**\n\nWegen eines Fahrzeugschadens werden die Biotonnen in der Gartenstadt erst am Mittwoch geleert.",
            "en": "**Organic waste one day later**\n\nBecause of a broken vehicle, organic waste in Gartenstadt is collected on Wednesday.",
        },
    ),
    Sending(
        "Bürgerversammlung zum Marktplatz",
        4.2,
        ["veranstaltungen"],
        {
            "de": "**Wie soll der Marktplatz werden?**\n\nDrei Entwürfe liegen vor: mit Bäumen, mit Brunnen, mit beidem. Sehen Sie sie an und sagen Sie Ihre Meinung. Der Saal ist ohne Stufen erreichbar, eine Dolmetscherin für Gebärdensprache ist dabei.",
            "en": "**What should the market square become?**\n\nThere are three designs: with trees, with a fountain, with both. Have a look and tell us what you think. The hall has step-free access, and there will be a sign language interpreter.",
        },
        Happens(9, "Ratssaal, Rathausplatz 1", hours=(18, 20)),
    ),
    Sending(
        "Laub und Grünschnitt",
        3.1,
        ["abfall"],
        {
            "de": "**Laub und Grünschnitt abgeben**\n\nZwei Tage lang nimmt der Bauhof Laub und Grünschnitt an, bis zu zwei Kubikmeter je Haushalt, ohne Gebühr.",
            "en": "**Bring leaves and garden waste**\n\nFor two days the depot takes leaves and garden waste, up to two cubic metres per household, free of charge.",
        },
        Happens(12, "Bauhof, Industriestraße 4", days=2),
    ),
    Sending(
        "Die Woche in Musterstadt: 20. November",
        2.1,
        ["woche"],
        {
            "de": "**Die Woche in Musterstadt**\n\n- Der Wochenmarkt zieht ab Donnerstag auf den Rathausplatz\n- Der Weihnachtsmarkt am Hafen öffnet am 27. November\n- Die Sperrung am Kanal endet am Montag",
            "en": "**This week in Musterstadt**\n\n- From Thursday the weekly market moves to Rathausplatz\n- The Christmas market at the harbour opens on 27 November\n- The closure at the canal ends on Monday",
        },
    ),
]

# What went out within the last hour.
LATELY = Sending(
    "Bürgerbüro heute nur bis 12 Uhr",
    0,
    ["woche", "verkehr", "abfall", "veranstaltungen"],
    {
        "de": "**Bürgerbüro heute nur bis 12 Uhr**\n\nWegen einer Umstellung der Telefone schließt das Bürgerbüro heute mittags. Morgen sind wir wieder wie gewohnt da.",
        "en": "**Citizens' office closes at noon today**\n\nBecause the telephones are being changed, the office closes at noon. Tomorrow we are open as usual.",
    },
)

# What citizens write at the first start, through the messengers themselves, so that it can be answered.
FRESH = [
    "Guten Abend, in der Gartenstraße 8 ist ein tiefes Schlagloch. Wann wird das repariert?",
    "Hallo, ich habe meinen Personalausweis verloren. Was muss ich tun?",
    "Gibt es beim Weihnachtsmarkt einen Parkplatz für Menschen mit Behinderung?",
    "Hi, is the swimming pool open on public holidays?",
    "Bei uns am Kanal stinkt es seit gestern stark nach Öl.",
    "مرحبًا، كيف أسجل طفلي في الروضة؟",
]

# What the desk says often: shortcut, title, team (empty: everybody's), texts.
ANSWERS: list[tuple[str, str, str, dict[str, str]]] = [
    ("gruss", "Begrüßung", "", {
        "de": "{anrede}, vielen Dank für Ihre Nachricht. ",
        "en": "{anrede}, thank you for your message. ",
    }),
    ("zeiten", "Öffnungszeiten des Bürgeramts", "", {
        "de": "Das Bürgeramt ist montags bis mittwochs von 8 bis 12.30 und von 13.30 bis 16 Uhr geöffnet, donnerstags bis 18 Uhr, freitags bis 12.30 Uhr.",
        "en": "The citizens' office is open Monday to Wednesday from 8 am to 12.30 pm and from 1.30 to 4 pm, on Thursdays until 6 pm, on Fridays until 12.30 pm.",
    }),
    ("ausweis", "Personalausweis beantragen", "Bürgeramt", {
        "de": "Bitte bringen Sie Ihren alten Ausweis und ein biometrisches Foto mit. Das Foto können Sie auch bei uns am Gerät machen.",
        "en": "Please bring your old identity card and a biometric photo. You can also take the photo at the machine in our office.",
    }),
    ("hinweis", "Danke für den Hinweis", "", {
        "de": "Danke für den Hinweis. Der Bauhof ist verständigt. Sie brauchen nichts weiter zu tun.",
        "en": "Thank you for letting us know. Our depot has been informed. You need not do anything else.",
    }),
    ("klären", "Wir klären das", "", {
        "de": "Das klären wir mit der zuständigen Stelle. Sie bekommen hier eine Antwort, spätestens in zwei Tagen.",
        "en": "We are asking the department in charge. You will get an answer here within two days.",
    }),
    ("presse", "Presseanfrage angenommen", "Pressestelle", {
        "de": "Vielen Dank für Ihre Anfrage. Bitte nennen Sie uns Ihre Redaktion und bis wann Sie die Antwort brauchen. {mein_name}",
        "en": "Thank you for your enquiry. Please tell us your newsroom and your deadline. {mein_name}",
    }),
]  # fmt: skip

CHAIN_LETTER = (
    "Achtung! Bitte an alle deine Kontakte weiterleiten: Morgen wird der Messenger kostenpflichtig, wenn du das nicht an 20 Leute schickst!"
)
EMERGENCY_ANSWER = "Das klingt nach einem Notfall. Hier liest nicht immer jemand mit. Bitte rufen Sie sofort die 112 (Feuerwehr, Rettungsdienst) oder die 110 (Polizei) an."

# What citizens wrote beside their mark.
PRAISE = ["Schnell und freundlich.", "Endlich ohne Warteschleife!", "Hat mir einen Weg gespart.", "Danke, sehr nett.", "Klare Antwort."]
BLAME = ["Ich musste zweimal nachfragen.", "Die Antwort kam erst am nächsten Tag.", "Der Link ging nicht."]
