"""Words by which chain letters, insults, advertising and talk of somebody's health are recognised. Pure.

A text is folded first, sign by sign, so that a place in the folded text is the same place in the text. Each group of words names how
its words begin: only where a message has such a word the group is looked at closely, so most messages cost next to nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

OPENING = 4  # signs of a word that the first look compares
_SIGNS = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "s", "ـ": "_"}
_WORD = re.compile(r"\w+")


class _Folding(dict[int, str]):
    def __missing__(self, code: int) -> str:
        sign = chr(code).lower()
        base = unicodedata.normalize("NFKD", sign)[:1] or sign
        folded = self[code] = _SIGNS.get(sign[:1]) or (base if base.isalnum() else sign[:1])
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Fold case, accents and umlauts away, sign by sign. Give it composed text (NFC)."""
    return text.translate(cast(Mapping[int, str], _FOLDING))


@dataclass(frozen=True, slots=True)
class Read:
    """A text, folded, its words, and how they begin."""

    folded: str
    words: frozenset[str]
    openings: frozenset[str]


def read(text: str) -> Read:
    return _read(fold(text))


def _read(folded: str) -> Read:
    words = frozenset(_WORD.findall(folded))
    return Read(folded, words, frozenset([word[:OPENING] for word in words]))


def bare(text: str) -> str:
    """Reduce a text to its folded words."""
    return " ".join(_WORD.findall(fold(text)))


@dataclass(frozen=True, slots=True)
class Group:
    """A pattern, and how at least one of its words begins."""

    openings: frozenset[str]
    pattern: re.Pattern[str]

    def near(self, read: Read) -> bool:
        return not self.openings.isdisjoint(read.openings)

    def find(self, read: Read) -> re.Match[str] | None:
        return self.pattern.search(read.folded) if self.near(read) else None


def group(openings: str, pattern: str) -> Group:
    """Make a group; the pattern is folded as texts are. `~` stands for up to four words between, `_` for what parts two words."""
    folded = fold(pattern).replace("~", r"\W+(?:\w+\W+){0,4}?").replace("_", r"\W+")
    return Group(frozenset(fold(each)[:OPENING] for each in openings.split()), re.compile(folded))


def holds(read: Read, own: Iterable[str]) -> bool:
    """Whether one of an organisation's own words or phrases is in the text, whole."""
    words = [word for word in map(_known, own) if word]
    if not words:
        return False
    text = f" {' '.join(_WORD.findall(read.folded))} "
    return any(f" {word} " in text for word in words)


@lru_cache(1024)
def _known(word: str) -> str:
    return bare(word)


# ── Chain letters ─────────────────────────────────────────────────────────

_PASS_ON = group(
    "weit leit teil teilt schi send verb forw pass shar payl gond herk пере поді отпр розі انشر ارسل شارك انقل",
    r"\b(?:leite\w*|schick\w*|sende\w*|teil(?:e|t|en)?|verbreite\w*)\b~(?:weiter|alle|allen|freunde\w*|kontakte\w*|gruppen?)\b"
    r"|\bweiter\W*(?:leiten|schicken|sagen|senden|verbreiten|geleitet)\b|\bbitte_teilen\b"
    r"|\b(?:forward|send|share|pass)\b~(?:everyone|all|friends|contacts|groups)\b"
    r"|\b(?:paylas|gonder|ilet)\w*\b|\bherkese\b"
    r"|\b(?:перешл|поділ|переправ|розішл|отправ|розісл)\w*\b|\bانشر\w*|\bارسل\w*|\bشارك\w*",
)


def wants_to_be_passed_on(read: Read) -> bool:
    """The wording of chain letters. Only with the mark of a forwarded message it counts."""
    return _PASS_ON.find(read) is not None


# ── Insults ───────────────────────────────────────────────────────────────

_ALWAYS_TEXT = (
    "arschloch arschlocher arschloecher arschgeige arschgesicht wichser wixer wixxer hurensohn hurensohne hurensoehne fotze fotzen "
    "schlampe "
    "schlampen nutte nutten hure huren missgeburt misgeburt drecksau drecksack dreckschwein dreckspack drecksbande scheisskerl "
    "scheisverein scheissverein scheisladen scheissladen wichsgesicht vollidiot vollidioten vollpfosten volltrottel vollspast mongo "
    "spast spasti spasten bastard bastarde pisser pissnelke kackbratze penisgesicht schwanzlutscher motherfucker asshole assholes cunt "
    "orospu pezevenk siktir amk piç göt сука блядь бляд мудак мудаки пидор пидорас уебок хуйло хуило كلب حمار شرموطة"
)
_TO_SOMEBODY = (
    "idiot idioten idiotin trottel depp deppen arsch sau schwein schweine spinner versager penner nichtsnutz nichtsnutze pack gesindel "
    "affe affen bloedmann blodmann dummkopf dummkopfe dummkoepfe lappen opfer clown clowns hund hunde ratte ratten parasit parasiten "
    "faschist faschisten nazi nazis schmarotzer volksverrater volksverraeter verbrecherbande"
)
_YOU = r"(?:du|ihr|sie_(?:sind|seid|alle|da)|sie|euch|dich|so_ein\w*|seid|bist|lauter|nur)"
_FILLER = (
    r"(?:alle|alles|doch|echt|ja|so|ein|eine|einen|einem|der|die|ihr|du|sie|sind|seid|bist|faule[nrs]?|dumme[nrs]?|blode[nrs]?"
    r"|bloede[nrs]?|"
    r"totale[nrs]?|verdammte[nrs]?|elende[nrs]?|feige[nrs]?|dreckige[nrs]?|nutzlose[nrs]?|unfahige[nrs]?|wirklich|einfach|nur"
    r"|gro[sß]*te[nrs]?|"
    r"komplette[nrs]?|widerliche[nrs]?)"
)
_ALWAYS = frozenset(fold(_ALWAYS_TEXT).split())
_INSULTS = (
    group(_TO_SOMEBODY, rf"\b{_YOU}_(?:{_FILLER}_){{0,4}}(?:{fold(_TO_SOMEBODY).replace(' ', '|')})\b"),
    group("fick fuck leck verp verr halt krep kill kiss",
          r"\bfick(?:t|en)?_(?:dich|euch|deine|eure|ihn|sie)\b|\bfuck_(?:you|off|u)\b|\bleck(?:t|en)?_mich\b|\bverpiss(?:t|en)?_(?:dich"
          r"|euch)\b"
          r"|\bverreck(?:e|t)?\b|\bhalt(?:et)?_(?:dein|dei|eure?|die)\w*_(?:fresse|maul|schnauze)\b|\bkrepier(?:e|t)?\b|\bkiss_my_ass\b"),
)  # fmt: skip
# Somebody tells of an insult, or reports it on a wall.
_TOLD = group(
    "gena bele besc gesa gesc gesp besp grau ange gema wand ruft schr",
    r"\b(?:genannt|beleidig\w*|beschimpf\w*|gesagt|geschrien|geschrieben|gespruht|gesprueht|bespruht|graffiti|angeschrien|geschmiert"
    r"|beschmiert|gemalt|wand|mauer|ruft|schreit|schreien)\b",
)
_LEET = str.maketrans({"4": "a", "3": "e", "1": "i", "0": "o", "5": "s", "@": "a", "$": "s", "*": None})
_DISGUISED = re.compile(r"\w[@$*]+\w|[^\W\d]\d+[^\W\d]|[^\W\d]\d\b")


def insult(read: Read) -> bool:
    """Whether somebody is insulted; not where an insult is only told of. Letters disguised as digits are read too."""
    if _insults(read):
        return _TOLD.find(read) is None
    if _DISGUISED.search(read.folded) is None:
        return False
    plain = _read(read.folded.translate(_LEET))
    return _insults(plain) and _TOLD.find(plain) is None


def _insults(read: Read) -> bool:
    return not _ALWAYS.isdisjoint(read.words) or any(each.find(read) for each in _INSULTS)


# ── Advertising and fraud ─────────────────────────────────────────────────

_OFFERS = group(
    "kryp cryp bitc casi onli kred darl verd viag ciali gewo gewi prei poli porn suga sexy seo back foll inve trad earn loan forex usdt",
    r"\b(?:krypto|crypto|bitcoin|forex|usdt|trading|investment|casino|viagra|cialis|porno?|sugar_(?:daddy|mommy)|backlinks?|followers?)\b"
    r"|\b(?:kredit|darlehen)\b~(?:ohne_schufa|sofort|gunstig|guenstig)\b|\bseo_(?:service|agentur|angebot)\b"
    r"|\b(?:verdien\w*|earn)\b~(?:euro|usd|dollar|taglich|taeglich|pro_tag|daily|per_day)\b"
    r"|\b(?:gewonnen|gewinn|preis)\b~(?:abholen|einlosen|einloesen|klick\w*|link)\b|\bsexy?_(?:chat|girls?|treffen)\b|\bloan_offer\b",
)
_WAY = re.compile(r"https?://|www\.|\bt\.me/|\bwa\.me/|\+\d{6,}|\btelegram\b|\bwhatsapp\b|\bklick\w*|\bclick\b|\blink\b")


def spam(read: Read) -> bool:
    """An offer of the usual kinds together with a way to it."""
    return _OFFERS.find(read) is not None and _WAY.search(read.folded) is not None


# ── Health ────────────────────────────────────────────────────────────────

_ILLNESS = (
    r"hiv\w*|aids|krebs|krebskrank\w*|krebserkrankung|brustkrebs|darmkrebs|hautkrebs|lungenkrebs|leukamie|leukaemie|tumor\w*|metastasen"
    r"|chemo|chemotherapie|diabetes|diabetiker\w*|zuckerkrank|depression(?:en)?|depressiv|burnout|psychose\w*|schizophren\w*|bipolar\w*"
    r"|borderline|epilepsie|epileptiker\w*|multiple_sklerose|parkinson|demenz|dement|alzheimer|hepatitis|tuberkulose|dialyse|syphilis"
    r"|schwanger|schwangerschaft|fehlgeburt|abtreibung|alkoholkrank|alkoholiker\w*|drogenabhangig\w*|drogenabhaengig\w*|suchtkrank"
    r"|magersucht|bulimie|schwerbehindert\w*|schwerbehinderung|gdb_\d+|pflegegrad_\d|herzkrank|schlaganfall|herzinfarkt"
    r"|diagnose\w*|arztbrief|arztbericht|krankschreibung|krankgeschrieben|therapie|psychotherapie|psychiatrie|medikamente\w*"
    r"|cancer|pregnant|diabetic|depressed|kanser\w*|hamileyim|diyabet\w*|рак|вагітна|беременна|діабет\w*|диабет\w*|سرطان|حامل|السكري"
)
_OWN = (
    r"ich|mein\w*|mir|mich|wir|uns|unser\w*|er|sie|ihm|ihr|mann|frau|mutter|vater|sohn|tochter|kind|oma|opa|i|im|my|me|we|our|ben|benim"
    r"|annem"
    r"|babam|я|мене|меня|у|мій|моя|моя|мама|انا|لدي|عندي|ابي|امي|زوجتي"
)
_HEALTH = group(
    "hiv aids kreb brus darm haut lung leuk tumo meta chem diab zuck depr burn psyc schi bipo bord epil mult park deme alzh hepa tube "
    "dial "
    "syph schw fehl abtr alko drog such mage buli gdb pfle herz schl diag arzt kran ther medi canc preg kans hami diya рак вагі бере "
    "діаб диаб سرطا حامل السك",
    rf"\b(?:{_ILLNESS})\b",
)
_SOMEBODY = re.compile(rf"\b(?:{fold(_OWN)})\b")
_ABOUT = group(
    "vort kurs bera info ster wass stra nach auss sele gesp tier stra tagd aqua horo wies",
    r"\b(?:vortrag|vortrage|kurse?|beratungsstelle\w*|informationsabend|selbsthilfegruppe\w*|ausstellung|sternzeichen|horoskop|aquarium"
    r"|speisekarte)\b",
)


def health(read: Read) -> list[tuple[int, int]]:
    """Where a text speaks of somebody's illness; nothing where it only asks in general."""
    if _HEALTH.find(read) is None or _SOMEBODY.search(read.folded) is None or _ABOUT.find(read):
        return []
    return [found.span() for found in _HEALTH.pattern.finditer(read.folded)]
