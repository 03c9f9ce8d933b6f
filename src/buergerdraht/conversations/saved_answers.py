"""Texts one says often: whose they are, their placeholders, and the signature under a reply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.accounts.rights import Right, may
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Conversation, Desk, SavedAnswer, TeamRule

PLACEHOLDER = re.compile(r"{(\w+)}")
PLACEHOLDERS = ("name", "vorname", "anrede", "team", "mein_name", "organisation", "datum")
IN_SIGNATURE = ("vorname", "name", "team", "organisation")
GREETINGS = {
    "de": {"sie": "Guten Tag", "du": "Hallo"}, "en": {"sie": "Hello", "du": "Hello"}, "ar": {"sie": "مرحبًا", "du": "مرحبًا"},
    "tr": {"sie": "Merhaba", "du": "Merhaba"}, "uk": {"sie": "Добрий день", "du": "Вітаю"}, "ru": {"sie": "Добрый день", "du": "Привет"},
    "pl": {"sie": "Dzień dobry", "du": "Cześć"}, "fr": {"sie": "Bonjour", "du": "Bonjour"}, "es": {"sie": "Hola", "du": "Hola"},
    "it": {"sie": "Buongiorno", "du": "Ciao"}, "ro": {"sie": "Bună ziua", "du": "Bună"}, "fa": {"sie": "سلام", "du": "سلام"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ready:
    """A saved answer with its placeholders filled in for one citizen."""

    answer: SavedAnswer
    text: str
    language: str


# ── Using them ────────────────────────────────────────────────────────────


def offered(conversation: Conversation, membership: Membership) -> list[Ready]:
    """List what this operator can say here, most used first, in the citizen's language where there is one."""
    teams = [*membership.teams.values_list("pk", flat=True), *([conversation.team_id] if conversation.team_id else [])]
    rows = SavedAnswer.objects.filter(Q(team=None) | Q(team__in=teams), organisation=conversation.organisation_id)
    values = placeholders(conversation, membership.operator)
    found = []
    for row in rows.select_related("team").order_by("-used", "title")[:500]:
        text, language = spoken(row, conversation.contact.language, conversation.organisation)
        if text:
            found.append(Ready(row, fill(text, values), language))
    return found


def spoken(row: SavedAnswer, language: str, organisation: Organisation) -> tuple[str, str]:
    """Choose the text: in the citizen's language, else in the organisation's first, else in any there is."""
    for code in (language, organisation.language, *row.texts):
        if row.texts.get(code):
            return str(row.texts[code]), code
    return "", ""


def placeholders(conversation: Conversation, operator: Operator) -> dict[str, str]:
    contact, organisation = conversation.contact, conversation.organisation
    with override(contact.language):
        today = date_format(timezone.localdate(), "DATE_FORMAT")
    return {
        "name": contact.name, "vorname": first_name(contact.name), "anrede": greeting(contact, organisation),
        "team": conversation.team.name if conversation.team else organisation.name, "mein_name": operator.name,
        "organisation": organisation.name, "datum": today,
    }  # fmt: skip


def example(organisation: Organisation, operator: Operator, language: str) -> dict[str, str]:
    """Fill placeholders for a preview, with a person that does not exist."""
    contact = Contact(organisation=organisation, name="Erika Mustermann", language=language)
    return placeholders(Conversation(organisation=organisation, contact=contact), operator)


def greeting(contact: Contact, organisation: Organisation) -> str:
    """Greet by name where we know it: the whole name for Sie, the first for du."""
    form = organisation.address_form
    hello = GREETINGS.get(contact.language, GREETINGS["en"]).get(form, "")
    name = contact.name if form == "sie" else first_name(contact.name)
    return f"{hello} {name}".strip()


def first_name(name: str) -> str:
    return name.split()[0] if name.split() else ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill in what is known; where a value is empty, no gap and no lonely comma stays behind."""
    filled = PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
    return re.sub(r"[ \t]+([,.!?;:])", r"\1", re.sub(r"[ \t]{2,}", " ", filled)).strip()


def unknown(text: str, known: Iterable[str] = PLACEHOLDERS) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(text)) - set(known))


def count(numbers: Sequence[int], organisation: Organisation) -> None:
    """Note that saved answers were sent."""
    SavedAnswer.objects.filter(organisation=organisation, pk__in=numbers[:20]).update(used=F("used") + 1)


# ── The signature ─────────────────────────────────────────────────────────


def signature(conversation: Conversation, operator: Operator) -> str:
    """What stands under a reply: the team's rule where it has one, else the organisation's."""
    rule = TeamRule.objects.filter(team=conversation.team_id).values_list("signature", flat=True).first() if conversation.team_id else ""
    text = rule or Desk.of(conversation.organisation).signature
    if not text:
        return ""
    team, organisation = conversation.team, conversation.organisation
    values = {
        "vorname": first_name(operator.name), "name": operator.name, "team": team.name if team else organisation.name,
        "organisation": organisation.name,
    }  # fmt: skip
    return fill(text, values)


def signed(text: str, name: str) -> str:
    return f"{text}\n\n{name}" if text and name else text


def unsigned(text: str, name: str) -> str:
    """Take the signature off again, for the field."""
    return text.removesuffix(name).rstrip() if name else text


# ── Keeping them ──────────────────────────────────────────────────────────


def changeable(membership: Membership) -> QuerySet[SavedAnswer]:
    """Those this member may change: all with the right to manage, else their own teams'."""
    rows = SavedAnswer.objects.filter(organisation=membership.organisation_id)
    if may(membership, Right.MANAGE):
        return rows
    return rows.filter(team__in=membership.teams.all()) if may(membership, Right.ANSWER) else rows.none()


def teams(membership: Membership) -> list[Team]:
    """The teams this member may keep answers for."""
    if may(membership, Right.MANAGE):
        return list(Team.objects.filter(organisation=membership.organisation_id))
    return list(membership.teams.all()) if may(membership, Right.ANSWER) else []


@transaction.atomic
def save(answer: SavedAnswer, membership: Membership) -> SavedAnswer:
    """Keep a saved answer, new or changed; everybody's only with the right to manage."""
    _need(answer, membership)
    answer.save()
    _log(answer, "conversations.save_answer", membership.operator)
    return answer


@transaction.atomic
def delete(answer: SavedAnswer, membership: Membership) -> None:
    _need(answer, membership)
    _log(answer, "conversations.delete_answer", membership.operator)
    answer.delete()


def _need(answer: SavedAnswer, membership: Membership) -> None:
    allowed = may(membership, Right.MANAGE) or (answer.team_id is not None and answer.team in teams(membership))
    if not allowed or answer.organisation_id != membership.organisation_id:
        raise PermissionDenied(_("Das darf ändern, wer die Einstellungen verwaltet oder in diesem Team antwortet."))


def _log(answer: SavedAnswer, action: str, operator: Operator) -> None:
    audit.record(answer.organisation, action, operator=operator, subject=f"answer:{answer.pk}", team=answer.team_id)
