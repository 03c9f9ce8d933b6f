"""Make something said of their messages: plain ones, spoken ones, and Glific's with buttons and lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.rapidpro import expressions, report
from buergerdraht.dialogs.rapidpro.board import Draft, Quick, Texts
from buergerdraht.dialogs.rapidpro.context import Context
from buergerdraht.dialogs.rapidpro.naming import words_key
from buergerdraht.dialogs.rapidpro.reading import Action, Node, Raw, listed, part, short, text

NO_BUTTONS = gettext_lazy("Auf diese Nachricht folgt keine Frage, zu der der Knopf gehörte.")
NO_TEMPLATE = gettext_lazy("Die WhatsApp-Vorlage „%(name)s“ gehört nicht dazu: Außerhalb des Fensters bitte eine eigene Vorlage einsetzen.")
NO_LABELS = gettext_lazy("Etiketten einzelner Nachrichten gibt es nicht.")
ONE_CHANNEL = gettext_lazy("Gesendet wird nur auf dem Kanal, auf dem jemand schreibt.")
KINDS = {
    "image": gettext_lazy("Ein Bild"),
    "video": gettext_lazy("Ein Video"),
    "audio": gettext_lazy("Ein Ton"),
    "document": gettext_lazy("Ein Dokument"),
    "application": gettext_lazy("Ein Dokument"),
    "geo": gettext_lazy("Ein Ort"),
}


def say(context: Context, node: Node, action: Action) -> list[Draft]:
    raw = action.raw
    texts, why, marks = context.texts(text(raw, "text"), (action.uuid, "text"), context.scope(node))
    if raw.get("template") or raw.get("templating"):
        name = text(raw, "template") if isinstance(raw.get("template"), str) else text(part(raw.get("templating"), "template"), "name")
        why = f"{why} {NO_TEMPLATE % {'name': short(name)}}".strip()
    if listed(raw, "labels"):
        why = f"{why} {NO_LABELS}".strip()
    if raw.get("all_urns") is True:
        why = f"{why} {ONE_CHANNEL}".strip()
    draft = _said(action, texts, why, marks)
    for ref, address in action.attachments:
        draft.marks.append(report.left(ref, _attachment(address)))
    if action.attachments:
        hosts = ", ".join(sorted({_host(address) for _ref, address in action.attachments}))
        draft.values["comment"] = (_("Hier fehlt noch eine Datei (im Original von %(hosts)s).") % {"hosts": hosts})[:2_000]
    for index, (ref, said) in enumerate(action.quick):
        title, lost, translated = context.texts(said, (action.uuid, "quick_replies"), context.scope(node), index)
        mark = report.changed(ref, lost) if lost else report.taken(ref)
        draft.quick.append(Quick(ref, title, said, marks=[mark, *translated]))
    return [draft]


def speak(context: Context, node: Node, action: Action) -> list[Draft]:
    texts, why, marks = context.texts(text(action.raw, "text"), (action.uuid, "text"), context.scope(node))
    why = f"{why} {_('Die Ansage des Telefondialogs wird als Text gesendet.')}".strip()
    return [_said(action, texts, why, marks)]


def _said(action: Action, texts: Texts, why: str, marks: list[report.Mark]) -> Draft:
    mark = report.changed(action.ref, why) if why else report.taken(action.ref)
    first = next(iter(texts.values()), "")
    return Draft(action.ref[1], "say", {"text": texts}, marks=[mark, *marks], wish=words_key(first, "say"))


def _host(address: str) -> str:
    _kind, _colon, rest = address.partition(":")
    try:
        return urlsplit(rest.strip()).hostname or _("unbekannter Adresse")
    except ValueError:
        return _("unbekannter Adresse")


def _attachment(address: str) -> str:
    named = {"what": KINDS.get(address.split(":")[0].split("/")[0], gettext_lazy("Eine Datei")), "host": _host(address)}
    if expressions.has_any(address):
        late = _("%(what)s, dessen Adresse sich erst im Ablauf ergibt. Das geht nicht; bitte eine feste Datei in diesem Schritt hochladen.")
        return late % named
    return _("%(what)s von %(host)s wird nicht geholt. Bitte die Datei im Editor in diesem Schritt hochladen.") % named


# ── Glific's messages with buttons ────────────────────────────────────────


def interactive(context: Context, node: Node, action: Action) -> list[Draft]:
    found = _content(context, action.raw)
    if not found:
        why = _("Die Nachricht mit Knöpfen steht nicht in der Datei. Bitte als Auswahl neu anlegen.")
        context.ledger_mark(report.left(action.ref, why))
        return []
    base, others, unnamed = found
    said, options = _parts(base)
    if not said and not options:
        why = _("Diese Art von Nachricht mit Knöpfen kennt der Import nicht. Bitte neu anlegen.")
        context.ledger_mark(report.left(action.ref, why))
        return []
    scope = context.scope(node)
    texts, why, marks = context.texts(said, (action.uuid, "-"), scope)
    titles = [context.texts(title, (action.uuid, "-"), scope)[0] for title, _description in options]
    descriptions = [context.texts(each, (action.uuid, "-"), scope)[0] for _title, each in options]
    for code, other in others.items():
        words, others_options = _parts(other)
        if words and code not in texts and len(context.languages) < 20:
            texts[code] = expressions.translate(words, scope).text
            context.languages += [code] if code not in context.languages else []
            for index, (title, description) in enumerate(others_options[: len(titles)]):
                titles[index] |= {code: title} if title else {}
                descriptions[index] |= {code: description} if description else {}
    if unnamed:
        numbered = _("Übersetzungen der Nachricht stehen in der Datei nur unter einer Nummer; bitte im Editor nachtragen.")
        why = f"{why} {numbered}".strip()
    draft = _said(action, texts, why, marks)
    if _kind(base) == "location_request_message":
        draft.values["hint"] = "location"
    for ref, address in action.attachments:
        draft.marks.append(report.left(ref, _attachment(address)))
    if text(action.raw, "attachment_url") or text(part(base, "content"), "url"):
        picture = _("Das Bild der Nachricht wird nicht geholt. Bitte im Editor in diesem Schritt hochladen.")
        draft.marks.append(report.changed(action.ref, picture))
    for index, (title, _description) in enumerate(options):
        draft.quick.append(Quick(action.ref, titles[index], title, descriptions[index], [draft.marks[0]]))
    for ref, words in action.quick:
        inside = _("Die Knöpfe stehen in der Nachricht selbst, nicht hier („%(words)s“).") % {"words": short(words)}
        draft.marks.append(report.left(ref, inside))
    return [draft]


def _content(context: Context, raw: Raw) -> tuple[Raw, dict[str, Raw], bool] | None:
    """What a message holds, and in other languages: written in the action, or among the file's messages."""
    own = _json(raw.get("text")) or part(raw, "interactive_content")
    template = context.house.interactive.get(text(raw, "id"), {})
    base = own or _json(template.get("interactive_content"))
    if not base:
        return None
    others, numbered = {}, 0
    for code, each in _mapping(template.get("translations")).items():
        numbered += str(code).isdigit()
        if len(str(code)) in {2, 3} and str(code).isalpha() and (found := _json(each)):
            others[str(code).lower()] = found
    return base, others, numbered > 1  # the first of them is the message itself


def _json(value: Any) -> Raw:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return _mapping(value)


def _mapping(value: Any) -> Raw:
    return value if isinstance(value, Mapping) else {}


def _kind(content: Raw) -> str:
    return text(content, "type")


def _parts(content: Raw) -> tuple[str, list[tuple[str, str]]]:
    """What is said, and what can be tapped: (title, description)."""
    inner = part(content, "content")
    if _kind(content) == "list":
        said = [text(content, "title"), text(content, "body")]
        options = [each for item in listed(content, "items") for each in listed(item, "options")]
    elif _kind(content) == "location_request_message":
        said, options = [text(part(content, "body"), "text")], []
    else:
        said = [text(inner, "header"), text(inner, "text"), text(inner, "caption")]
        options = listed(content, "options")
    named = [(text(each, "title"), text(each, "description")) for each in options]
    return "\n\n".join(each for each in said if each), [each for each in named if each[0]]
