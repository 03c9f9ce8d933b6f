"""Import subscribers from CSV: read, check every row (dry run), and only then write, in groups."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit, vault
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts import finding, ledger
from buergerdraht.contacts.models import Address, AddressAlias, Consent, Contact, ContactImport, District, Subscription, Topic
from buergerdraht.contacts.texts import LANGUAGES, offered

LARGEST = 10 * 1024 * 1024
MOST_ROWS = 20_000  # more would keep the page waiting too long
GROUP = 1000
COLUMNS = ("number", "name", "language", "district", "topics")
GUESSES = {
    "number": ("nummer", "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "rufnummer", "phone", "number",
               "whatsapp", "adresse"),
    "name": ("name", "vollername", "vor und nachname", "kontakt", "full name"),
    "language": ("sprache", "language", "lang"),
    "district": ("ortsteil", "stadtteil", "bezirk", "quartier", "district"),
    "topics": ("themen", "thema", "abos", "kategorie", "kategorien", "topics", "tags"),
}  # fmt: skip


@dataclass
class Row:
    """A line of the file: what it would become, or why it cannot."""

    line: int
    cells: Sequence[str]
    number: str = ""
    name: str = ""
    language: str = ""
    district: District | None = None
    topics: list[Topic] = field(default_factory=list)
    problem: str = ""
    known: int = 0  # the address's id, where we know it


def read_text(data: bytes) -> str:
    """Decode an uploaded file; what spreadsheets save is UTF-8 or Windows-1252."""
    if len(data) > LARGEST:
        raise ValidationError(_("Die Datei ist größer als 10 MB. Bitte teilen Sie sie auf."))
    if b"\0" in data[:4096]:
        raise ValidationError(_("Das ist keine CSV-Datei. Speichern Sie die Tabelle in Ihrem Programm als „CSV“."))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.count("\n") > MOST_ROWS + 1:
            raise ValidationError(_("Die Datei hat mehr als 20.000 Zeilen. Bitte teilen Sie sie auf."))
        return text
    raise ValidationError(_("Die Zeichen der Datei sind nicht lesbar. Bitte speichern Sie sie als „CSV UTF-8“."))


def lines(text: str) -> Iterator[list[str]]:
    """Read the lines; the separator is the one the headings use most."""
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t|", key=first.count)
    return csv.reader(io.StringIO(text), delimiter=delimiter)


def headings(text: str) -> list[str]:
    found = next(lines(text), [])
    if not any(cell.strip() for cell in found):
        raise ValidationError(_("Die Datei ist leer. In der ersten Zeile müssen die Überschriften stehen."))
    return [cell.strip() for cell in found]


def guess(titles: Sequence[str]) -> dict[str, int]:
    """Guess which column is what by its heading."""
    folded = [finding.fold(title) for title in titles]
    found: dict[str, int] = {}
    for what, words in GUESSES.items():
        wanted = [finding.fold(word) for word in words]
        exact = [place for place, title in enumerate(folded) if title in wanted]
        within = [place for place, title in enumerate(folded) if any(word in title.split() for word in wanted)]
        if exact or within:
            found[what] = (exact or within)[0]
    return found


def check(upload: ContactImport) -> Iterator[Row]:
    """Check every row against the tables and the rows before it; writes nothing."""
    checker = _Checker(upload)
    rows = islice(lines(upload.text), 1, None)
    numbered = ((number, cells) for number, cells in enumerate(rows, start=2) if any(cell.strip() for cell in cells))
    while group := list(islice(numbered, GROUP)):
        yield from checker.check(group)


def count(rows: Iterable[Row]) -> dict[str, int]:
    """Count a dry run: new people, known ones, and rows with a problem."""
    counts = {"rows": 0, "new": 0, "known": 0, "bad": 0}
    for row in rows:
        counts["rows"] += 1
        counts["bad" if row.problem else "known" if row.known else "new"] += 1
    return counts


def write(upload: ContactImport, *, operator: Operator) -> dict[str, int]:
    """Import the good rows in one transaction; the file is emptied afterwards."""
    with transaction.atomic():
        locked = ContactImport.objects.select_for_update().get(pk=upload.pk)
        if locked.state == ContactImport.State.DONE:
            return dict(locked.counts)
        counts = {"rows": 0, "new": 0, "known": 0, "bad": 0}
        good = (row for row in _counted(check(locked), counts) if not row.problem)
        while group := list(islice(good, GROUP)):
            _write_group(locked, group, operator)
        locked.state, locked.text, locked.counts = ContactImport.State.DONE, "", counts
        locked.save(update_fields=["state", "text", "counts"])
        audit.record(locked.organisation, "contacts.import", operator=operator, subject=f"import:{locked.pk}", **counts)
    return counts


def _counted(rows: Iterable[Row], counts: dict[str, int]) -> Iterator[Row]:
    for row in rows:
        for key, number in count([row]).items():
            counts[key] += number
        yield row


class _Checker:
    """What rows are checked against, read once."""

    def __init__(self, upload: ContactImport) -> None:
        self.upload = upload
        organisation = upload.organisation
        self.organisation_id = organisation.pk
        self.columns: Mapping[str, int] = upload.columns
        self.districts = {finding.fold(each.name): each for each in District.objects.filter(organisation=organisation)}
        topics = Topic.objects.filter(organisation=organisation, active=True)
        self.topics = {finding.fold(word): topic for topic in topics for word in [topic.key, *topic.title.values()]}
        self.chosen = list(upload.topics.all())
        codes = offered(organisation)
        self.languages = {finding.fold(word): code for code in codes for word in (code, LANGUAGES[code])} | {"": organisation.language}
        self.seen: dict[str, int] = {}

    def check(self, group: list[tuple[int, list[str]]]) -> list[Row]:
        rows = [self._read(line, cells) for line, cells in group]
        hashes = {vault.lookup(self.organisation_id, row.number): row for row in rows if row.number}
        known = _known(self.upload.channel_id, list(hashes))
        for hash_, (address_id, stopped) in known.items():
            row = hashes[hash_]
            row.known = address_id
            if stopped and not row.problem:
                row.problem = _("Diese Person hat sich abgemeldet. Sie kann sich nur selbst wieder anmelden.")
        return rows

    def _read(self, line: int, cells: list[str]) -> Row:
        row = Row(line, cells)
        digits = finding.number(self._cell(cells, "number"))
        row.name = self._cell(cells, "name")[:120]
        if not 8 <= len(digits) <= 15:
            row.problem = _("Keine gültige Nummer")
            return row
        row.number = "+" + digits
        if (before := self.seen.setdefault(row.number, line)) != line:
            row.problem = _("Dieselbe Nummer steht schon in Zeile %(line)s") % {"line": before}
            row.number = ""
            return row
        self._read_rest(row, cells)
        return row

    def _read_rest(self, row: Row, cells: list[str]) -> None:
        language = finding.fold(self._cell(cells, "language"))
        if language not in self.languages:
            row.problem = _("Die Sprache „%(word)s“ bieten Sie nicht an") % {"word": self._cell(cells, "language")[:40]}
            return
        row.language = self.languages[language]
        district = self._cell(cells, "district")
        row.district = self.districts.get(finding.fold(district))
        if district and row.district is None:
            row.problem = _("Den Ortsteil „%(word)s“ gibt es nicht") % {"word": district[:40]}
            return
        row.topics = self.chosen
        if "topics" in self.columns:
            words = [word.strip() for word in self._cell(cells, "topics").replace("|", ",").replace(";", ",").split(",") if word.strip()]
            unknown = next((word for word in words if finding.fold(word) not in self.topics), "")
            row.topics = list(
                {self.topics[finding.fold(word)].pk: self.topics[finding.fold(word)] for word in words if not unknown}.values()
            )
            if unknown:
                row.problem = _("Das Thema „%(word)s“ gibt es nicht") % {"word": unknown[:40]}
                return
        if not row.topics:
            row.problem = _("Kein Thema")

    def _cell(self, cells: Sequence[str], what: str) -> str:
        place = self.columns.get(what, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""


def _known(channel_id: int, hashes: list[bytes]) -> dict[bytes, tuple[int, bool]]:
    """Find the addresses we know already, under any of their keys, and whether their person said STOP."""
    found: dict[bytes, tuple[int, bool]] = {}
    addresses = Address.objects.filter(channel_id=channel_id, address_hash__in=hashes)
    for hash_, pk, state in addresses.values_list("address_hash", "pk", "contact__state"):
        found[bytes(hash_)] = (pk, state == Contact.State.STOPPED)
    aliases = AddressAlias.objects.filter(channel_id=channel_id, alias_hash__in=hashes)
    for hash_, pk, state in aliases.values_list("alias_hash", "address_id", "address__contact__state"):
        found.setdefault(bytes(hash_), (pk, state == Contact.State.STOPPED))
    return found


def _write_group(upload: ContactImport, rows: list[Row], operator: Operator) -> None:
    new = [row for row in rows if not row.known]
    organisation_id = upload.organisation_id
    contacts = Contact.objects.bulk_create(
        Contact(
            organisation_id=organisation_id, name=row.name, language=row.language, district=row.district, state=Contact.State.ACTIVE,
            search=finding.keys(organisation_id, row.name, [row.number]),
        )
        for row in new
    )  # fmt: skip
    addresses = Address.objects.bulk_create(
        Address(
            organisation_id=organisation_id, contact=contact, channel_id=upload.channel_id, address=row.number, handle=row.number,
            address_hash=vault.lookup(organisation_id, row.number),
        )
        for row, contact in zip(new, contacts, strict=True)
    )  # fmt: skip
    known = Address.objects.select_related("contact").in_bulk([row.known for row in rows if row.known])
    pairs = list(zip(new, addresses, strict=True)) + [(row, known[row.known]) for row in rows if row.known]
    _subscribe(upload, pairs, operator)


def _subscribe(upload: ContactImport, pairs: list[tuple[Row, Address]], operator: Operator) -> None:
    """Confirm the topics under the source given; what somebody already has stays as it is."""
    at = datetime.combine(upload.source_date, time(12), ZoneInfo(settings.TIME_ZONE))
    contact_ids = [address.contact_id for _row, address in pairs]
    have = {}
    for contact_id, topic_id, confirmed in Subscription.objects.filter(contact__in=contact_ids).values_list(
        "contact_id", "topic_id", "confirmed_at"
    ):
        have[contact_id, topic_id] = confirmed
    Subscription.objects.filter(
        contact__in=contact_ids, confirmed_at=None, topic__in={t.pk for row, _a in pairs for t in row.topics}
    ).delete()
    wanted = [(address, topic) for row, address in pairs for topic in row.topics if not have.get((address.contact_id, topic.pk))]
    now = timezone.now()
    Subscription.objects.bulk_create(
        Subscription(organisation_id=upload.organisation_id, contact_id=a.contact_id, topic=topic, address=a, confirmed_at=now)
        for a, topic in wanted
    )
    Contact.objects.filter(id__in=contact_ids, state=Contact.State.NEW).update(state=Contact.State.ACTIVE)
    text_hash = ledger.keep_text(upload.organisation_id, upload.source)
    evidence = f"Import {upload.pk}: {upload.file_name}"[:200]
    Consent.objects.bulk_create(
        Consent(
            organisation_id=upload.organisation_id, contact_id=address.contact_id, subject=bytes(address.address_hash),
            channel_id=upload.channel_id, purpose=ledger.topic_purpose(topic.key), act=act, text_hash=text_hash, evidence=evidence,
            operator=operator, at=at,
        )
        for address, topic in wanted
        for act in ("grant", "confirm")
    )  # fmt: skip
