"""Make calls to the authority's own systems of their webhooks. Where the address leads is set up by hand, never taken over."""

from __future__ import annotations

import json
import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.rapidpro import expressions, parsing, report
from buergerdraht.dialogs.rapidpro.board import Draft
from buergerdraht.dialogs.rapidpro.context import Context
from buergerdraht.dialogs.rapidpro.expressions import Filled
from buergerdraht.dialogs.rapidpro.naming import key
from buergerdraht.dialogs.rapidpro.parsing import Tree
from buergerdraht.dialogs.rapidpro.reading import Action, Node, part, short, text

GLIFIC = gettext_lazy(
    "Eine eingebaute Funktion von Glific („%(name)s“). Bitte durch eine eigene Schnittstelle oder einen Menschen ersetzen."
)
MOST_FIELDS = 50


def webhook(context: Context, node: Node, action: Action) -> list[Draft]:
    method, url = text(action.raw, "method").upper() or "GET", text(action.raw, "url")
    if method == "FUNCTION":
        context.ledger_mark(report.left(action.ref, GLIFIC % {"name": short(url)}))
        return []
    found = re.match(r"\s*https?://(?:[^/@?#\s]*@)?([^/@?#:\s]+)", url)
    host = found[1] if found and "@" not in found[1] else ""
    system = key(host, "system")
    rest = re.sub(r"^\s*https?://[^/?#]*", "", url)
    path = expressions.translate(rest, context.scope(node), spoken=False)
    body, lost = _body(context, node, text(action.raw, "body")) if method != "GET" else ({}, "")
    named = {"system": system, "host": host}
    check = _("Bitte das System „%(system)s“ eintragen und die Verbindung prüfen.") % named
    if host:
        check = _("Bitte das System „%(system)s“ eintragen (im Original: %(host)s) und die Verbindung prüfen.") % named
    why = [check, path.why, lost]
    if headers := [short(str(name), 30) for name in part(action.raw, "headers")]:
        names = {"names": ", ".join(headers[:10])}
        why.append(_("Kopfzeilen (%(names)s) und Kennwörter gehören in die Einstellungen des Systems.") % names)
    if method not in {"GET", "POST", "PUT"}:
        why.append(_("Die Methode %(method)s gibt es nicht; eingesetzt ist POST.") % {"method": short(method, 10)})
        method = "POST"
    values: dict[str, object] = {"system": system, "method": method, "path": path.text, "body": body}
    return [_call(context, action, values, why)]


def resthook(context: Context, node: Node, action: Action) -> list[Draft]:
    name = text(action.raw, "resthook")
    system = key(name, "system")
    why = _("Bitte das System „%(system)s“ eintragen (im Original: Resthook „%(name)s“) und angeben, was gesendet wird.")
    return [_call(context, action, {"system": system, "method": "POST"}, [why % {"system": system, "name": short(name)}])]


def _call(context: Context, action: Action, values: dict[str, object], why: list[str]) -> Draft:
    result = text(action.raw, "result_name")
    own = f"results.{key(result)}." if result else "-"
    names = {name for path, name in context.takes.items() if path.startswith(("webhook.", "legacy_extra.", own))}
    take = {name: context.paths[name] for name in sorted(names)}
    if take:
        values["take"] = take
    mark = report.changed(action.ref, " ".join(each for each in why if each))
    return Draft(action.ref[1], "call", values, marks=[mark], wish=key(f"call_{values['system']}", "call", 36))


def _body(context: Context, node: Node, body: str) -> tuple[dict[str, str], str]:
    """What is sent, as names with texts; and what was lost."""
    if not body.strip():
        return {}, ""
    found, lost = {}, []
    pieces = list(parsing.pieces(body.strip()))
    leaves = _object_leaves(pieces[0][1]) if len(pieces) == 1 and pieces[0][0] else _json_leaves(body)
    if leaves is None:
        return {}, _("Der Inhalt der Anfrage ließ sich nicht übertragen; bitte neu eintragen.")
    for name, written in leaves[:MOST_FIELDS]:
        filled = expressions.translate(written, context.scope(node), spoken=False) if written else Filled("", (name,))
        if filled.lost:
            lost.append(name)
        else:
            found[name] = filled.text
    sentence = _("Nicht übertragen aus der Anfrage: %(names)s.") % {"names": ", ".join(lost[:10])}
    return found, sentence if lost or len(leaves) > MOST_FIELDS else ""


def _json_leaves(body: str) -> list[tuple[str, str]] | None:
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        return None
    leaves: list[tuple[str, str]] = []
    waiting = [("", plain)]
    for name, value in waiting:
        if isinstance(value, dict):
            waiting += [(f"{name}.{each}" if name else str(each), inner) for each, inner in value.items()]
        elif name:
            leaves.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return leaves or None


def _object_leaves(expression: str) -> list[tuple[str, str]] | None:
    """Read `json(object("name", value, ...))`; a value that is none of ours comes as ""."""
    try:
        tree = parsing.tree(expression)
    except (parsing.Unparsed, RecursionError):
        return None
    if tree.kind == "call" and tree.value == "json" and tree.parts:
        tree = tree.parts[0]
    leaves: list[tuple[str, str]] = []
    waiting: list[tuple[str, Tree]] = [("", tree)]
    for name, each in waiting:
        if each.kind == "call" and each.value == "object":
            for label, value in zip(each.parts[::2], each.parts[1::2], strict=False):
                waiting.append((f"{name}.{label.value}" if name else label.value, value))
        elif name:
            leaves.append((name, f"@({each.value})" if each.kind == "path" else each.value if each.kind in {"text", "number"} else ""))
    return leaves or None
