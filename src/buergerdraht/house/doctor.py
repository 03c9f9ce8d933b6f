"""Look at everything a running installation needs and say, for each fault, what to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Membership, Organisation, Role
from buergerdraht.cases import photos
from buergerdraht.connectors.contract import SendError
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.gateway import channels, restoring
from buergerdraht.gateway.models import Channel, InboundEvent

OLDEST_POSTGRES = 150000
LEAST_ROOM = 1 << 30  # bytes


@dataclass(frozen=True)
class Finding:
    """What was found, in a sentence, and what to do about it."""

    level: Literal["good", "hint", "fault"]
    text: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Go through everything. Without a database what stands in it is left out."""
    yield from _configuration()
    yield from _folders()
    yield from _assets()
    database = list(_database())
    yield from database
    if all(finding.level != "fault" for finding in database):
        yield from _organisations()
        yield from _home()
        yield from _channels()
        yield from _kept()
        yield from _originals()


def _configuration() -> Iterator[Finding]:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if settings.SECURE:
        yield Finding("good", f"Öffentliche Adresse: {settings.PUBLIC_URL}")
    elif host in {"localhost", "127.0.0.1"}:
        advice = "Setzen Sie BUERGERDRAHT_PUBLIC_URL auf die https-Adresse, unter der Anbieter den Server erreichen."
        yield Finding("hint", f"Die öffentliche Adresse ist {settings.PUBLIC_URL}: Messenger können hierher nichts zustellen.", advice)
    else:
        advice = "Schalten Sie einen Proxy mit Zertifikat davor und setzen Sie BUERGERDRAHT_PUBLIC_URL auf https://…"
        yield Finding("fault", f"Die öffentliche Adresse {settings.PUBLIC_URL} ist unverschlüsselt; Messenger verlangen https.", advice)
    if settings.SIMULATOR_URL:
        yield Finding("hint", "Der Simulator ist eingeschaltet.", "Im Echtbetrieb BUERGERDRAHT_SIMULATOR_URL weglassen.")


def _folders() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA).free
    if free < LEAST_ROOM:
        yield Finding("fault", f"Im Datenordner {settings.DATA} sind nur noch {free >> 20} MB frei.", "Schaffen Sie Platz.")
    else:
        yield Finding("good", f"Datenordner {settings.DATA}, {free >> 30} GB frei")
    for path in (settings.DATA / "vault.key", settings.DATA / "secret.key", settings.DATA / "push.key"):
        if path.exists():
            yield _key(path)


def _key(path: Path) -> Finding:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("fault", f"Die Schlüsseldatei {path} ist für andere Konten lesbar.", f"chmod 600 {path}")
    if path.name == "vault.key":
        return Finding(
            "good", f"Schlüsseldatei {path}: Sichern Sie sie getrennt von der Datenbank, ohne sie sind Namen und Adressen verloren."
        )
    return Finding("good", f"Schlüsseldatei {path}")


def _assets() -> Iterator[Finding]:
    missing = [name for name in ("kern/kern.min.css", "django_htmx/htmx-2.min.js") if finders.find(name) is None]
    if missing:
        yield Finding("fault", f"Bausteine der Oberfläche fehlen: {', '.join(missing)}.", "Führen Sie „make setup“ aus.")
    else:
        yield Finding("good", "Die Bausteine der Oberfläche sind da")


def _database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except OperationalError as problem:
        reason = str(problem).strip().splitlines()[0]
        yield Finding("fault", f"Die Datenbank antwortet nicht ({reason}).", "Prüfen Sie DATABASE_URL und ob der Server läuft.")
        return
    version = connection.pg_version  # type: ignore[attr-defined]
    where = "eingebaut" if settings.POSTGRES else "aus DATABASE_URL"
    if version < OLDEST_POSTGRES:
        yield Finding("fault", f"PostgreSQL {version // 10000} ist zu alt.", "Bürgerdraht braucht PostgreSQL 15 oder neuer.")
        return
    yield Finding("good", f"PostgreSQL {version // 10000} ({where})")
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        yield Finding(
            "fault", f"In der Datenbank fehlen {len(pending)} Änderungen an den Tabellen.", "Führen Sie „buergerdraht migrate“ aus."
        )


def _home() -> Iterator[Finding]:
    """Tell a copy: until somebody decided what it may send, engines own no channel in it."""
    if restoring.same_database() is False:
        advice = "Lesen Sie docs/administration/backup.md, dann: buergerdraht restored (nur umgezogen, nichts verloren: --nothing-lost)."
        yield Finding("fault", "Die Datenbank wurde aus einer Sicherung wiederhergestellt: Der Versand steht, bis Sie entscheiden.", advice)


def _organisations() -> Iterator[Finding]:
    if not Organisation.objects.exists():
        advice = "buergerdraht createorganisation <Kurzname> <Name>, dann createoperator."
        yield Finding("hint", "Es gibt noch keine Organisation.", advice)
    for organisation in Organisation.objects.all():
        name = organisation.name
        if not Membership.objects.filter(organisation=organisation, roles__contains=[Role.ADMINISTRATOR]).exists():
            yield Finding("fault", f"{name}: Niemand hat die Rolle Administration.", f"buergerdraht createoperator {organisation.slug} …")
        if not organisation.imprint or not (organisation.privacy_text or organisation.privacy_url):
            yield Finding("hint", f"{name}: Impressum oder Datenschutztext fehlt.", "Tragen Sie beides in den Einstellungen ein.")


def _channels() -> Iterator[Finding]:
    """Ask every provider whether the account is healthy."""
    for channel in Channel.objects.select_related("organisation").order_by("organisation", "id"):
        name = f"{channel.organisation.name}, {channel.name or channels.title(channel.kind)}"
        if channel.state == Channel.State.PAUSED:
            yield Finding("hint", f"{name}: von Hand angehalten.", "In den Einstellungen des Kanals geht es weiter.")
            continue
        try:
            health = channels.ask(channel, lambda connector: connector.check())
        except SendError as problem:
            reason = REASONS.get(problem.reason, REASONS["unknown"])
            yield Finding("fault", f"{name}: {reason.title}.", reason.advice)
            continue
        if health.ok:
            yield Finding("good", f"{name}: in Ordnung")
        for note in health.findings:
            if note.level != "info":
                yield Finding("fault" if note.level == "error" else "hint", f"{name}: {_(note.text).format(**note.values)}")


def _kept() -> Iterator[Finding]:
    kept = InboundEvent.objects.filter(state=InboundEvent.State.KEPT).count()
    if kept:
        advice = "Sehen Sie im Verlauf des Kanals nach; nach einer Behebung lassen sie sich wiederholen."
        yield Finding("hint", f"{kept} Meldungen von Anbietern ließen sich nicht verarbeiten und sind aufbewahrt.", advice)


def _originals() -> Iterator[Finding]:
    if number := photos.lying_open(timezone.now()):
        advice = "Der worker versucht es weiter. Bleibt die Zahl gleich, prüfen Sie Platz und Schreibrecht im Ordner media."
        yield Finding("hint", f"Noch nicht versiegelte Originale von Fotos zu Anliegen: {number}.", advice)


def report(write: Callable[[str], object]) -> int:
    """Write every finding and return the exit code: 1 where something is broken."""
    marks = {"good": "✓", "hint": "!", "fault": "✗"}
    faults = 0
    for finding in examine():
        faults += finding.level == "fault"
        write(f"{marks[finding.level]} {finding.text}")
        if finding.advice:
            write(f"    → {finding.advice}")
    write("")
    write("Alles in Ordnung." if not faults else f"{faults} Fehler gefunden.")
    return 1 if faults else 0
