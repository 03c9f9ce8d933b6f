"""A case in the hands of a firm, by a link that needs no account: what our people do, and what the firm does. Only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import actions, deadlines, photos, states
from buergerdraht.cases.actions import NotNow, lock, record
from buergerdraht.cases.models import Case, Delegation, Entry, Firm, Photo
from buergerdraht.connectors.contract import MediaKind
from buergerdraht.conversations.models import Notice
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

BYTES = 32  # of a token
LONGEST_TOKEN = 60
MOST_WORDS = 4_000
MOST_PHOTOS, LARGEST_PHOTO = 20, 20 * 1024 * 1024  # of a delegation; bytes of one
MOST_PER_HOUR = 30  # things a firm may tell us: a link that went astray floods nobody
OPEN = Q(done_at=None, ended_at=None)


@dataclass(frozen=True)
class Task:
    """What a firm is asked: its words, until when, and whether their "erledigt" closes the case."""

    firm: Firm
    words: str
    until: datetime
    closes: bool = False


# ── Firms ─────────────────────────────────────────────────────────────────


@transaction.atomic
def save(firm: Firm, *, operator: Operator) -> Firm:
    """Keep a firm. Raises NotNow where another has its name."""
    try:
        with transaction.atomic():
            firm.save()
    except IntegrityError as problem:
        raise NotNow(_("Diesen Namen hat schon eine andere Firma.")) from problem
    audit.record(firm.organisation, "cases.save_firm", operator=operator, subject=f"firm:{firm.pk}", active=firm.active)
    return firm


# ── What our people do ────────────────────────────────────────────────────


@transaction.atomic
def delegate(case: Case, task: Task, *, operator: Operator) -> tuple[Delegation, str]:
    """Give a case to a firm. Returns the delegation and its link, which nobody can make again. Raises NotNow."""
    row = lock(case.pk)
    if row.confidential:
        raise NotNow(_("Ein vertrauliches Anliegen bleibt im Haus."))
    if row.state in Case.CLOSED:
        raise NotNow(_("Dieses Anliegen ist schon abgeschlossen."))
    if task.firm.organisation_id != row.organisation_id or not task.firm.active:
        raise NotNow(_("Diese Firma steht nicht zur Wahl."))
    if row.delegations.filter(OPEN, firm=task.firm, expires_at__gt=timezone.now()).exists():
        raise NotNow(_("Diese Firma hat den Auftrag schon. Nehmen Sie ihn erst zurück."))
    token = secrets.token_urlsafe(BYTES)
    made = Delegation.objects.create(
        case=row, firm=task.firm, token_hash=hashed(token), words=task.words.strip()[:MOST_WORDS], closes=task.closes,
        operator=operator, expires_at=task.until,
    )  # fmt: skip
    record(row, "delegated", operator=operator, text=made.words, data={"firm": task.firm.pk, "delegation": made.pk})
    return made, f"{settings.PUBLIC_URL}/auftrag/{token}/"


@transaction.atomic
def take_back(delegation: Delegation, *, operator: Operator) -> bool:
    """End a delegation: its link opens nothing from now on. Twice is once."""
    case = lock(delegation.case_id)
    if not Delegation.objects.filter(OPEN, pk=delegation.pk).update(ended_at=timezone.now()):
        return False
    record(case, "undelegated", operator=operator, data={"firm": delegation.firm_id, "delegation": delegation.pk})
    return True


def can_mail() -> bool:
    """Say whether this installation can send e-mail."""
    return bool(settings.EMAIL_HOST)


def mail(delegation: Delegation, link: str) -> bool:
    """Send a firm its link. Returns False where it could not be sent. After the commit, never inside."""
    organisation = delegation.case.organisation
    subject = _("Auftrag %(number)s von %(organisation)s") % {"number": delegation.case.number, "organisation": organisation.name}
    text = _(
        "Guten Tag,\n\n%(organisation)s bittet Sie um eine Arbeit. Was zu tun ist, steht unter diesem Link, ohne Anmeldung:\n\n%(link)s\n\n"
        "Dort können Sie den Auftrag annehmen, uns schreiben, Fotos schicken und sagen, dass er erledigt ist. Der Link gilt bis %(day)s.\n"
        "Geben Sie ihn nur an die Menschen weiter, die die Arbeit tun."
    ) % {"organisation": organisation.name, "link": link, "day": f"{timezone.localtime(delegation.expires_at):%d.%m.%Y}"}
    try:
        EmailMessage(subject, text, to=[delegation.firm.email], headers={"Auto-Submitted": "auto-generated"}).send()
    except (smtplib.SMTPException, OSError):
        return False
    return True


# ── What the firm does ────────────────────────────────────────────────────


def hashed(token: str) -> bytes:
    """A token is long and random, so a plain hash tells nothing of it."""
    return hashlib.sha256(token.encode()).digest()


def find(token: str) -> Delegation | None:
    """Find what a link opens: unknown, over, taken back and confidential all are nothing. What is done stays to be read."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    rows = Delegation.objects.select_related("case__organisation", "case__category", "case__district", "firm", "operator")
    found = rows.filter(token_hash=hashed(token), expires_at__gt=timezone.now(), case__confidential=False, case__emptied=False).first()
    return found if found and (found.ended_at is None or found.done_at is not None) else None


def opened(delegation: Delegation) -> None:
    """Note that a firm has seen it, the first time."""
    Delegation.objects.filter(pk=delegation.pk, opened_at=None).update(opened_at=timezone.now())


@transaction.atomic
def accept(delegation: Delegation) -> None:
    """Say that the firm takes it. Twice is once."""
    case = _held(delegation)
    if not accepted(delegation):
        _told(case, delegation, "firm_accepted")


def accepted(delegation: Delegation) -> bool:
    return _of(delegation).filter(what="firm_accepted").exists()


@transaction.atomic
def write(delegation: Delegation, text: str) -> Entry:
    """Keep what a firm writes to us. It is for our people alone."""
    case = _held(delegation)
    if not text.strip():
        raise NotNow(_("Die Nachricht ist leer."))
    return _told(case, delegation, "firm_wrote", text)


def bring(delegation: Delegation, pictures: Sequence[tuple[str, bytes]]) -> list[Photo]:
    """Keep pictures of the work, (name, bytes) each. Raises NotNow with a sentence; then none is kept."""
    had = _of(delegation).filter(what="firm_photo").count()
    if had + len(pictures) > MOST_PHOTOS:
        raise NotNow(_("Mehr als %(most)s Fotos nehmen wir zu einem Auftrag nicht an.") % {"most": MOST_PHOTOS})
    with transaction.atomic():
        case = _held(delegation)
        made = []
        for media in stored(case.organisation, pictures):
            made.append(photos.attach(case, media, kind=Photo.Kind.AFTER))
            _told(case, delegation, "firm_photo", photo=made[-1].pk)
    return made


def stored(organisation: Organisation, pictures: Sequence[tuple[str, bytes]]) -> list[Media]:
    """Keep pictures as files: sniffed, bounded, without EXIF. Raises NotNow where one is no picture; then none is kept."""
    made: list[Media] = []
    try:
        for name, data in pictures:
            media = files.store(organisation, data, name)
            made.append(media)
            if media.kind != MediaKind.IMAGE:
                raise ValidationError(_("„%(name)s“ ist kein Bild.") % {"name": files.clean_name(name)})
    except ValidationError as problem:
        for media in made:
            files.remove(media)
        raise NotNow(problem.messages[0]) from problem
    return made


@transaction.atomic
def done(delegation: Delegation, text: str = "") -> Entry:
    """Say that the work is done. Where it closes the case, followers hear it; else one of us looks first."""
    case = _held(delegation)
    Delegation.objects.filter(pk=delegation.pk).update(done_at=timezone.now())
    entry = _told(case, delegation, "firm_done", text)
    if delegation.closes and states.may_follow(case.state, Case.State.DONE):
        actions.moved(case, Case.State.DONE, operator=None, words="", tell=True, by="firm", firm=delegation.firm_id)
    return entry


@transaction.atomic
def refuse(delegation: Delegation, text: str) -> Entry:
    """Say that the firm cannot do it, and why. The link ends with it."""
    case = _held(delegation)
    if not text.strip():
        raise NotNow(_("Bitte schreiben Sie kurz, warum es nicht geht."))
    entry = _told(case, delegation, "firm_cannot", text)
    Delegation.objects.filter(pk=delegation.pk).update(ended_at=timezone.now())
    return entry


def _of(delegation: Delegation) -> QuerySet[Entry]:
    return Entry.objects.filter(case=delegation.case_id, data__delegation=delegation.pk, what__startswith="firm_")


def _held(delegation: Delegation) -> Case:
    """Lock the case of a delegation that still holds. Raises NotNow."""
    case = lock(delegation.case_id)
    if not Delegation.objects.filter(OPEN, pk=delegation.pk, expires_at__gt=timezone.now()).exists() or case.confidential:
        raise NotNow(_("Dieser Auftrag ist beendet."))
    if _of(delegation).filter(at__gt=timezone.now() - timedelta(hours=1)).count() >= MOST_PER_HOUR:
        raise NotNow(_("Das war viel auf einmal. Bitte versuchen Sie es in einer Stunde wieder."))
    return case


def _told(case: Case, delegation: Delegation, what: str, text: str = "", **data: Any) -> Entry:
    """Write down what a firm did, in the audit log too; whoever works on the case hears the bell."""
    given: dict[str, Any] = {"firm": delegation.firm_id, "delegation": delegation.pk, **data}
    entry = record(case, what, text=text.strip()[:MOST_WORDS], data=given)
    audit.record(case.organisation, f"cases.{what}", subject=f"case:{case.pk}", **given)
    people = deadlines.concerned(case, timezone.now())
    transaction.on_commit(lambda: actions.bell(case, people, Notice.Kind.MESSAGE), robust=True)
    return entry
