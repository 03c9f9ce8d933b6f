"""Make steps of their actions. One that has no step of ours is left out with what to do instead."""

from __future__ import annotations

import math
from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.rapidpro import calling, expressions, languages, report, saying
from buergerdraht.dialogs.rapidpro.board import TICKET, Draft
from buergerdraht.dialogs.rapidpro.context import Context
from buergerdraht.dialogs.rapidpro.naming import key
from buergerdraht.dialogs.rapidpro.reading import Action, Node, listed, number, part, short, text

ADVICE = {
    "send_email": gettext_lazy(
        "E-Mails verschickt ein Dialog nicht. Bitte statt dessen ein Anliegen eröffnen; das Team wird benachrichtigt."
    ),
    "send_broadcast": gettext_lazy("Ein Dialog schreibt nur der Person, die ihn führt. Bitte als Rundnachricht anlegen."),
    "start_session": gettext_lazy(
        "Ein Dialog beginnt nur bei der Person, die ihn führt. Bitte als Rundnachricht mit Knopf oder Link anlegen."
    ),
    "add_input_labels": gettext_lazy(
        "Einzelne Nachrichten tragen bei uns keine Etiketten. Bitte bei Bedarf ein Anliegen mit Etikett eröffnen."
    ),
    "transfer_airtime": gettext_lazy("Guthaben lässt sich nicht überweisen."),
    "call_llm": gettext_lazy(
        "Ein Sprachmodell wird hier nicht gefragt. Bitte einen festen Text oder die Übergabe an einen Menschen einsetzen."
    ),
    "call_classifier": gettext_lazy("Eine Einordnung durch ein fremdes System gibt es nicht. Bitte eine Auswahl einsetzen."),
    "request_optin": gettext_lazy("Die Einwilligung holt das Anmelden zu einem Thema ein. Bitte den Schritt „Abonnieren“ einsetzen."),
    "play_audio": gettext_lazy("Eine Tonaufnahme des Telefondialogs. Bitte bei Bedarf als Datei an einen Text hängen."),
    "add_contact_urn": gettext_lazy("Adressen kommen nur vom Messenger selbst und werden nicht von Hand ergänzt."),
    "set_contact_timezone": gettext_lazy("Zeiten gelten bei uns für den Ort der Behörde."),
    "set_contact_channel": gettext_lazy("Geantwortet wird immer auf dem Kanal, auf dem jemand schreibt."),
    "set_contact_profile": gettext_lazy("Mehrere Profile einer Person gibt es nicht. Bitte die Angaben als Felder führen."),
    "link_google_sheet": gettext_lazy(
        "Fremde Tabellen werden nicht abgefragt. Bitte als eigene Tabelle einlesen und „Nachschlagen“ einsetzen."
    ),
    "set_wa_group_field": gettext_lazy("Gruppen gibt es bei uns nicht."),
}
UNKNOWN = gettext_lazy("Diese Art von Aktion kennt der Import nicht.")
STOPPED = gettext_lazy("Abmelden kann sich nur, wer STOPP schreibt, oder ein Schritt „Abonnieren“ mit „verlassen“. Bitte so einsetzen.")
NO_GROUP_LEFT = gettext_lazy("Aus allen Gruppen austragen geht nicht; bitte die Themen einzeln nennen.")
NO_GROUP = gettext_lazy("Welche Gruppe gemeint ist, steht nicht fest.")
STATUS = gettext_lazy("Der Zustand eines Kontakts wird nicht von Dialogen gesetzt.")


def act(context: Context, node: Node, action: Action) -> list[Draft]:
    """Make the steps of an action, in order; none where it is left out."""
    made = _ACTS.get(action.type)
    if made is None:
        leave(context, action, ADVICE.get(action.type, UNKNOWN))
        return []
    return made(context, node, action)


def leave(context: Context, action: Action, why: str | Promise) -> None:
    """Leave an action out, with all that hangs on it."""
    context.ledger_mark(report.left(action.ref, why))
    for ref, _words in [*action.attachments, *action.quick]:
        context.ledger_mark(report.left(ref, _("Die Aktion dazu wurde nicht übernommen.")))


def kept(action: Action, kind: str, values: dict[str, object], why: str = "", tail: str = "") -> Draft:
    """Make the draft of an action's step."""
    mark = report.changed(action.ref, why) if why else report.taken(action.ref)
    return Draft(f"{action.ref[1]}{tail}", kind, dict(values), marks=[mark])


def _why(*sentences: str) -> str:
    return " ".join(each for each in sentences if each)


# ── Keep ──────────────────────────────────────────────────────────────────


def _field(context: Context, node: Node, action: Action) -> list[Draft]:
    field = part(action.raw, "field")
    name = text(field, "key") or key(text(field, "name"))
    if not name:
        leave(context, action, _("Es ist nicht angegeben, welches Feld gemeint ist."))
        return []
    filled = expressions.translate(text(action.raw, "value"), context.scope(node), spoken=False)
    draft = kept(action, "set", {"what": "field", "name": name, "value": filled.text}, filled.why)
    draft.wish = key(f"keep_{name}", "keep", 36)
    return [draft]


def _name(context: Context, node: Node, action: Action) -> list[Draft]:
    filled = expressions.translate(text(action.raw, "name"), context.scope(node), spoken=False)
    draft = kept(action, "set", {"what": "name", "value": filled.text}, filled.why)
    draft.wish = "keep_name"
    return [draft]


def _language(context: Context, node: Node, action: Action) -> list[Draft]:
    wanted = text(action.raw, "language")
    code = languages.ours(wanted)
    if not code:
        leave(context, action, _("Die Sprache „%(language)s“ lässt sich nicht zuordnen.") % {"language": short(wanted)})
        return []
    draft = kept(action, "set", {"what": "language", "value": code})
    draft.wish = f"language_{key(code)}"
    return [draft]


def _status(context: Context, node: Node, action: Action) -> list[Draft]:
    leave(context, action, STOPPED if text(action.raw, "status") == "stopped" else STATUS)
    return []


def _result(context: Context, node: Node, action: Action) -> list[Draft]:
    called = text(action.raw, "name")
    if not called:
        leave(context, action, _("Das Ergebnis hat keinen Namen."))
        return []
    name = expressions.answer(called)
    filled = expressions.translate(text(action.raw, "value"), context.scope(node), spoken=False)
    first = kept(action, "set", {"what": "answer", "name": name, "value": filled.text}, filled.why)
    first.wish = key(f"set_{name}", "set", 36)
    if name not in context.house.categories:
        return [first]
    sort = expressions.translate(text(action.raw, "category"), context.scope(node), spoken=False)
    values = {"what": "answer", "name": expressions.category(called), "value": sort.text}
    return [first, Draft(f"{first.key}c", "set", dict(values), wish=key(f"sort_{name}", "sort", 36))]


def _local(context: Context, node: Node, action: Action) -> list[Draft]:
    name, operation = expressions.local(text(action.raw, "name") or text(action.raw, "local")), text(action.raw, "operation")
    filled = expressions.translate(text(action.raw, "value"), context.scope(node), spoken=False)
    value = filled.text
    if operation == "increment":
        by = value if value.lstrip("-").isdigit() else "1"
        value = f"{{{{ raw.{name} | plus: {by} }}}}"
    if operation == "clear":
        value = ""
    draft = kept(action, "set", {"what": "answer", "name": name, "value": value}, filled.why)
    draft.wish = key(f"set_{name}", "set", 36)
    return [draft]


# ── Topics ────────────────────────────────────────────────────────────────


def topic(group: str) -> str:
    """The topic that a group becomes."""
    return key(group, "thema")


def _groups(context: Context, node: Node, action: Action) -> list[Draft]:
    leaving = action.type == "remove_contact_groups"
    names = [text(each, "name") or text(each, "name_match") for each in listed(action.raw, "groups")]
    known = [name for name in names if name and not expressions.has_any(name)]
    if not known:
        leave(context, action, NO_GROUP_LEFT if leaving else NO_GROUP)
        return []
    topics = list(dict.fromkeys(topic(name) for name in known))[:20]
    said = [
        _("Gruppe „%(group)s“ wird zum Thema „%(topic)s“: bitte Thema anlegen.") % {"group": short(name), "topic": topic(name)}
        for name in known[:20]
    ]
    if len(known) < len(names) or len(known) > 20:
        said.append(_("Weitere Gruppen ließen sich nicht übernehmen."))
    if not leaving:
        said.append(_("Bitte den Einwilligungstext ergänzen."))
    draft = kept(action, "subscribe", {"topics": topics, **({"leave": True} if leaving else {})}, " ".join(said))
    draft.wish = key(f"{'leave' if leaving else 'join'}_{topics[0]}", "topics", 36)
    return [draft]


# ── Go elsewhere ──────────────────────────────────────────────────────────


def _enter(context: Context, node: Node, action: Action) -> list[Draft]:
    flow = part(action.raw, "flow")
    uuid, called = text(flow, "uuid"), text(flow, "name")
    found = context.house.keys.get(uuid) or context.house.keys.get(called)
    missing = _("Der Ablauf „%(name)s“ steht nicht in der Datei: bitte auch einlesen oder einen Dialog wählen.") % {"name": short(called)}
    name = found or key(called, "dialog")
    values: dict[str, object] = {"dialog": name}
    if action.raw.get("terminal") is True:
        values["instead"] = True
    draft = kept(action, "start", values, "" if found else missing)
    draft.wish = key(f"start_{name}", "start", 36)
    return [draft]


def _ticket(context: Context, node: Node, action: Action) -> list[Draft]:
    filled = expressions.translate(text(action.raw, "body") or text(action.raw, "note"), context.scope(node))
    about = text(part(action.raw, "topic"), "name") or text(part(action.raw, "ticketer"), "name")
    assigned = text(part(action.raw, "assignee"), "name") or text(part(action.raw, "assignee"), "email")
    named = [_("Thema „%(name)s“") % {"name": short(about)}] if about else []
    named += [_("Zuweisung an „%(name)s“") % {"name": short(assigned)}] if assigned else []
    choose = (
        _("Bitte das Team wählen (im Original: %(what)s).") % {"what": _(" und ").join(named)} if named else _("Bitte das Team wählen.")
    )
    why = _why(choose, filled.why)
    return [kept(action, TICKET, {"note": filled.text[: report.MOST_NOTE]}, why)]


def _pause(context: Context, node: Node, action: Action) -> list[Draft]:
    seconds = number(action.raw, "delay") or number(action.raw, "wait_time")
    minutes = max(1, min(math.ceil(seconds / 60), 525_600))
    rounded = _("Statt %(seconds)s Sekunden: %(minutes)s Minuten.") % {"seconds": seconds, "minutes": minutes}
    why = "" if seconds % 60 == 0 and seconds else rounded
    draft = kept(action, "wait", {"minutes": minutes}, why)
    draft.wish = "pause"
    return [draft]


def _result_waited(context: Context, node: Node, action: Action) -> list[Draft]:
    context.ledger_mark(report.changed(action.ref, _("Auf die Antwort eines Systems wartet der Schritt, der es fragt, von selbst.")))
    return []


_ACTS: dict[str, Callable[[Context, Node, Action], list[Draft]]] = {
    "send_msg": saying.say, "say_msg": saying.speak, "send_interactive_msg": saying.interactive, "set_contact_field": _field,
    "set_contact_name": _name, "set_contact_language": _language, "set_contact_status": _status, "set_run_result": _result,
    "set_run_local": _local, "add_contact_groups": _groups, "remove_contact_groups": _groups, "enter_flow": _enter, "open_ticket": _ticket,
    "call_webhook": calling.webhook, "call_resthook": calling.resthook, "wait_for_time": _pause, "wait_for_result": _result_waited,
}  # fmt: skip
