"""What must be right before a broadcast may go: each finding a sentence, with the step it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from buergerdraht.broadcasts import content, posts
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts import audience
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel


@dataclass(frozen=True)
class Finding:
    level: Literal["error", "warning", "info", "ok"]
    text: str


def chosen_channels(broadcast: Broadcast) -> list[Channel]:
    """List the channels it goes through: those chosen, else all that are set up."""
    rows = channels.people(broadcast.organisation).exclude(state=Channel.State.SETUP).order_by("kind", "name")
    wanted = broadcast.audience.get("channels")
    return list(rows.filter(pk__in=wanted) if wanted else rows)


def examine(broadcast: Broadcast, size: audience.Count | None = None) -> list[Finding]:
    """Look at everything; errors keep it from being released."""
    findings = [*_texts(broadcast), *_audience(broadcast, size), *_messengers(broadcast), *_templates(broadcast, size)]
    findings += _places(broadcast)
    return findings or [Finding("ok", _("Es fehlt nichts."))]


def size_of(broadcast: Broadcast) -> audience.Count:
    """Count whom it goes to: what is urgent goes on other ways than the rest (see audience.warned)."""
    return audience.count(broadcast.organisation, broadcast.audience, urgent=broadcast.urgent)


def errors(broadcast: Broadcast) -> list[str]:
    return [finding.text for finding in examine(broadcast, size_of(broadcast)) if finding.level == "error"]


def _texts(broadcast: Broadcast) -> list[Finding]:
    written = content.languages(broadcast)
    findings = []
    if not broadcast.title.strip():
        findings.append(Finding("error", _("Geben Sie der Rundnachricht eine Überschrift.")))
    if not written:
        return [*findings, Finding("error", _("Schreiben Sie einen Text."))]
    first = broadcast.organisation.language
    if first not in written:
        findings.append(Finding("error", _("Der Text in der Sprache, auf die zurückgegriffen wird, fehlt.")))
    for language in written:
        version = content.version(broadcast, language)
        if any(not media.alt.strip() for media in version.media if media.kind == "image"):
            name = LANGUAGES.get(language, language)
            findings.append(Finding("error", _("Ein Bild hat in „%(language)s“ noch keine Beschreibung.") % {"language": name}))
    return findings


def _audience(broadcast: Broadcast, size: audience.Count | None) -> list[Finding]:
    if size is not None and not size.total and broadcast.postings.exists():
        return [Finding("warning", _("Mit dieser Auswahl erreicht die Nachricht niemanden. Sie erscheint nur öffentlich."))]
    if size is not None and not size.total:
        return [Finding("error", _("Mit dieser Auswahl erreicht die Nachricht niemanden."))]
    return []


def _messengers(broadcast: Broadcast) -> list[Finding]:
    found: dict[str, Finding] = {}
    for kind in sorted({channel.kind for channel in chosen_channels(broadcast)}):
        for language in content.languages(broadcast):
            for note in channels.plan_of(kind, content.version(broadcast, language)).notes:
                text = _(note.text).format(**note.values)
                found.setdefault(f"{kind}{note.code}", Finding(note.level, f"{channels.title(kind)}: {text}"))
    return list(found.values())


def _places(broadcast: Broadcast) -> list[Finding]:
    """Look at what is said in public, place by place."""
    findings = []
    for draft in posts.drafts(broadcast):
        if not draft.chosen:
            continue
        name = draft.channel.name
        for note in draft.notes:
            findings.append(Finding(note.level, f"{name}: {_(note.text).format(**note.values)}"))
        if draft.channel.state in {Channel.State.BROKEN, Channel.State.PAUSED}:
            text = _("%(name)s steht gerade: Der Beitrag erscheint dort erst, wenn der Kanal wieder läuft.")
            findings.append(Finding("warning", text % {"name": name}))
        if draft.by_hand:
            text = _("%(name)s: Diesen Beitrag veröffentlicht ein Mensch. Sie werden erinnert.")
            findings.append(Finding("info", text % {"name": name}))
    version = content.version(broadcast, broadcast.organisation.language)
    if broadcast.postings.exists() and any(not choice.url for choice in version.choices):
        findings.append(
            Finding("info", _("Öffentlich entfallen Schaltflächen, die eine Unterhaltung beginnen: Dort kann sie niemand tippen."))
        )
    return findings


def _templates(broadcast: Broadcast, size: audience.Count | None) -> list[Finding]:
    findings = []
    for channel in chosen_channels(broadcast):
        if not channels.limits(channel).templates or (size is not None and not size.by_channel.get(channel.pk)):
            continue
        chosen = broadcast.templates.get(str(channel.pk))
        if not chosen:
            text = _("%(name)s: Ohne Vorlage erhalten es nur Personen, die in den letzten 24 Stunden geschrieben haben.")
            findings.append(Finding("warning", text % {"name": channel.name}))
        elif content.template(broadcast, channel, broadcast.organisation.language) is None:
            text = _("%(name)s: Die Vorlage „%(template)s“ ist nicht genehmigt oder angehalten. Wählen Sie eine andere.")
            findings.append(Finding("error", text % {"name": channel.name, "template": chosen["name"]}))
        else:
            text = _("%(name)s: Die Vorlage „%(template)s“ ist genehmigt.")
            findings.append(Finding("ok", text % {"name": channel.name, "template": chosen["name"]}))
    return findings
