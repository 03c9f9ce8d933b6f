"""Make sense of an exported file: its flows with their nodes, and a list of every item in it. Odd values are read as empty, not refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from buergerdraht.dialogs.document import Unreadable
from buergerdraht.dialogs.rapidpro import report
from buergerdraht.dialogs.rapidpro.report import Ledger, Ref

MOST_BYTES, MOST_NODES, MOST_FLOWS, MOST_ITEMS = 10_000_000, 1_000, 500, 20_000
MOST_IN_NODE = 200  # actions or cases; theirs have at most 100
Raw = Mapping[str, Any]


@dataclass
class Action:
    ref: Ref
    uuid: str
    type: str
    raw: Raw
    where: str
    attachments: list[tuple[Ref, str]] = field(default_factory=list)
    quick: list[tuple[Ref, str]] = field(default_factory=list)


@dataclass
class Case:
    ref: Ref
    uuid: str
    type: str
    arguments: list[str]
    category: str


@dataclass
class Category:
    uuid: str
    name: str
    exit: str


@dataclass
class Router:
    ref: Ref
    type: str
    operand: str
    cases: list[Case]
    categories: dict[str, Category]
    default: str  # a category
    result: str
    waits: str = ""  # "msg", "dial" ...; "": it looks and goes on
    hint: str = ""
    timeout: tuple[Ref, int, str] | None = None  # seconds, category
    where: str = ""


@dataclass
class Node:
    number: int
    uuid: str
    where: str
    actions: list[Action]
    router: Router | None
    exits: dict[str, str]  # exit -> node, "": the end

    @property
    def first_exit(self) -> str:
        return next(iter(self.exits.values()), "")


@dataclass
class Localized:
    """All translations of a flow: item -> property -> language -> (reference, texts). Whoever uses one takes its reference."""

    found: dict[tuple[str, str], dict[str, tuple[Ref, list[str]]]] = field(default_factory=dict)

    def of(self, uuid: str, name: str) -> dict[str, tuple[Ref, list[str]]]:
        return self.found.get((uuid, name), {}) if uuid else {}


@dataclass
class Flow:
    uuid: str
    name: str
    kind: str
    language: str
    expires: int | None
    nodes: dict[str, Node]
    localized: Localized
    ledger: Ledger
    raw: Raw
    triggers: list[tuple[Ref, Raw]] = field(default_factory=list)
    problem: str = ""


@dataclass
class Export:
    flows: list[Flow]
    interactive: dict[str, Raw]  # Glific's messages with buttons, by number
    rest: Ledger  # what belongs to no flow


# ── Odd values ────────────────────────────────────────────────────────────


def text(raw: Any, name: str) -> str:
    value = raw.get(name) if isinstance(raw, Mapping) else None
    if isinstance(value, bool) or value is None:
        return ""
    return value.replace("\x00", "") if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def part(raw: Any, name: str) -> Raw:
    value = raw.get(name) if isinstance(raw, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def listed(raw: Any, name: str) -> list[Any]:
    value = raw.get(name) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []


def number(raw: Any, name: str) -> int:
    try:
        return max(0, min(int(float(text(raw, name))), 10**9))
    except (ValueError, OverflowError):
        return 0


def words(values: list[Any]) -> list[str]:
    return [text({"it": each}, "it") for each in values]


def short(value: str, most: int = 40) -> str:
    """Give the beginning of a text, for the report."""
    value = " ".join(value.split())
    return value if len(value) <= most else f"{value[: most - 1].rstrip()}…"


# ── The file ──────────────────────────────────────────────────────────────


def read(export: bytes | Raw) -> Export:
    """Read a file. Raises Unreadable where it is none of theirs."""
    raw = _parsed(export) if isinstance(export, bytes | bytearray) else export
    if not isinstance(raw, Mapping):
        raise Unreadable([("", _("Das ist kein Export aus RapidPro, TextIt oder Glific."))])
    found = [raw] if "nodes" in raw and "flows" not in raw else listed(raw, "flows")
    if not found:
        raise Unreadable([("", _("In dieser Datei steht kein Ablauf („flows“)."))])
    if len(found) > MOST_FLOWS:
        many = _("Die Datei hat %(n)s Abläufe; höchstens %(most)s auf einmal. Bitte teilen.") % {"n": len(found), "most": MOST_FLOWS}
        raise Unreadable([("", many)])
    rest = Ledger()
    flows = [_flow(each, place) for place, each in enumerate(found)]
    if sum(len(each.ledger.items) for each in flows) > MOST_ITEMS * 10:
        raise Unreadable([("", _("Die Datei ist zu umfangreich. Bitte in mehreren Teilen exportieren."))])
    _triggers(raw, flows, rest)
    _rest(raw, rest)
    interactive = {text(each, "source_id") or text(each, "id"): each for each in listed(raw, "interactive_templates")}
    return Export(flows, {name: each for name, each in interactive.items() if isinstance(each, Mapping)}, rest)


def _parsed(data: bytes | bytearray) -> Any:
    if len(data) > MOST_BYTES:
        raise Unreadable([("", _("Die Datei ist zu groß: höchstens 10 MB."))])
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable([("", _("Das ist kein lesbares JSON."))]) from None


def _triggers(raw: Raw, flows: list[Flow], rest: Ledger) -> None:
    by_uuid = {each.uuid: each for each in flows if each.uuid}
    by_name = {each.name: each for each in flows}
    for place, each in enumerate(listed(raw, "triggers")):
        begun = part(each, "flow")
        flow = by_uuid.get(text(begun, "uuid")) or by_name.get(text(begun, "name"))
        ref = (report.TRIGGER, f"t{place}")
        sort = text(each, "trigger_type") or text(each, "type")
        what = _("Auslöser %(what)s") % {"what": f"{sort} {short(text(each, 'keyword'))}".strip()}
        if flow is None:
            rest.item(ref, what, _("Datei"))
            rest.mark([report.left(ref, _("Der Ablauf, den er beginnt, steht nicht in der Datei."))])
        else:
            flow.ledger.item(ref, what, _("Auslöser"))
            flow.triggers.append((ref, each if isinstance(each, Mapping) else {}))


def _rest(raw: Raw, rest: Ledger) -> None:
    """List what stands beside the flows: we take none of it, but say what it was for."""
    field = (_("Feld"), _("Das Feld entsteht, sobald ein Dialog es füllt; vorhandene Werte bitte getrennt einlesen."))
    group = (_("Gruppe"), _("Bitte bei Bedarf als Thema anlegen; ihre Mitglieder stehen nicht in der Datei."))
    advice = {
        "campaigns": (_("Kampagne"), _("Bitte als Erinnerung oder Rundnachricht neu anlegen.")),
        "fields": field,
        "contact_field": field,
        "groups": group,
        "collections": group,
        "templates": (_("WhatsApp-Vorlage"), _("Bitte bei den Vorlagen des WhatsApp-Kanals neu einreichen.")),
    }
    for name, (title, why) in advice.items():
        for place, each in enumerate(listed(raw, name)):
            called = text(each, "name") or text(each, "label") or text(each, "key") or str(place + 1)
            ref = rest.item((report.PART, f"{name}{place}"), f"{title} „{short(called)}“", _("Datei"))
            rest.mark([report.left(ref, why)])


# ── A flow ────────────────────────────────────────────────────────────────


def _flow(raw: Any, place: int) -> Flow:
    """Read a flow; Glific wraps each in a "definition" with its keywords beside it."""
    outer = raw if isinstance(raw, Mapping) else {}
    inner = part(outer, "definition") or outer
    ledger = Ledger()
    name = text(inner, "name") or text(outer, "name") or _("Ablauf %(n)s") % {"n": place + 1}
    expires = number(inner, "expire_after_minutes") if "expire_after_minutes" in inner else None
    flow = Flow(
        text(inner, "uuid"), short(name, 200), text(inner, "type"), text(inner, "language") or text(inner, "base_language"),
        expires, {}, Localized(), ledger, inner,
    )  # fmt: skip
    for index, word in enumerate(words(listed(outer, "keywords"))):
        ref = ledger.item((report.TRIGGER, f"k{index}"), _("Auslöser %(what)s") % {"what": f"K {short(word)}"}, _("Auslöser"))
        flow.triggers.append((ref, {"trigger_type": "K", "keyword": word, "match_type": "O"}))
    if (
        "rule_sets" in inner
        or "action_sets" in inner
        or re.match(r"([1-9]|10)(\.|$)", text(inner, "spec_version") or text(inner, "version"))
    ):
        flow.problem = _(
            "Dieser Ablauf ist im alten Format (vor Version 11). Bitte mit einer neueren RapidPro-Fassung noch einmal exportieren."
        )
        return flow
    nodes = listed(inner, "nodes")
    if len(nodes) > MOST_NODES:
        many = {"n": len(nodes), "most": MOST_NODES}
        flow.problem = _("Dieser Ablauf hat %(n)s Knoten; höchstens %(most)s. Bitte vorher teilen.") % many
        return flow
    if not nodes:
        flow.problem = _("Dieser Ablauf ist leer.")
    for index, each in enumerate(nodes):
        node = _node(each, index, ledger)
        flow.nodes.setdefault(node.uuid, node)
    _localization(part(inner, "localization"), flow)
    crowded = any(
        len(each.actions) > MOST_IN_NODE or (each.router and len(each.router.cases) > MOST_IN_NODE) for each in flow.nodes.values()
    )
    if len(ledger.items) > MOST_ITEMS or crowded:
        flow.problem = _("Dieser Ablauf ist zu umfangreich. Bitte vorher teilen.")
    return flow


def _node(raw: Any, index: int, ledger: Ledger) -> Node:
    uuid = text(raw, "uuid") or f"ohne-{index}"
    where = _("Knoten %(n)s (%(name)s)") % {"n": index + 1, "name": uuid[:8]}
    actions = [_action(each, place, (index, where), ledger) for place, each in enumerate(listed(raw, "actions"))]
    exits = {text(each, "uuid") or f"exit{place}": text(each, "destination_uuid") for place, each in enumerate(listed(raw, "exits"))}
    found = part(raw, "router")
    router = _router(found, index, where, ledger) if found else None
    return Node(index, uuid, where, actions, router, exits)


def _action(raw: Any, place: int, node: tuple[int, str], ledger: Ledger) -> Action:
    index, where = node
    here, base = _("%(where)s, Aktion %(n)s") % {"where": where, "n": place + 1}, f"n{index}.a{place}"
    kind = text(raw, "type")
    inner = raw if isinstance(raw, Mapping) else {}
    words_of_it = text(inner, "text") or text(inner, "name") or text(part(inner, "field"), "name") or text(part(inner, "flow"), "name")
    sort = kind or _("ohne Art")
    what = f"{sort} „{short(words_of_it)}“" if words_of_it else sort
    action = Action(ledger.item((report.ACTION, base), what, here), text(inner, "uuid"), kind, inner, here)
    for number_, each in enumerate(words(listed(inner, "attachments"))):
        ref = ledger.item((report.ATTACHMENT, f"{base}.f{number_}"), _("Anhang %(name)s") % {"name": short(each, 60)}, here)
        action.attachments.append((ref, each))
    for number_, each in enumerate(listed(inner, "quick_replies")):
        said = text(each, "text") if isinstance(each, Mapping) else text({"it": each}, "it")
        what = _("Schnellantwort „%(words)s“") % {"words": short(said)}
        ref = ledger.item((report.QUICK_REPLY, f"{base}.q{number_}"), what, here)
        action.quick.append((ref, said))
    return action


def _router(raw: Raw, index: int, where: str, ledger: Ledger) -> Router:
    base, waiting = f"n{index}", part(raw, "wait")
    categories: dict[str, Category] = {}
    for place, each in enumerate(listed(raw, "categories")):
        uuid = text(each, "uuid") or f"category{place}"
        categories[uuid] = Category(uuid, text(each, "name") or _("Weg %(n)s") % {"n": place + 1}, text(each, "exit_uuid"))
    kind, operand = text(raw, "type") or "switch", text(raw, "operand")
    ref = ledger.item((report.ROUTER, base), _("Weiche %(what)s") % {"what": f"{kind} {short(operand)}".strip()}, where)
    cases = []
    for place, each in enumerate(listed(raw, "cases")):
        arguments = words(listed(each, "arguments"))
        what = _("Fall %(what)s") % {"what": f"{text(each, 'type')} {short(', '.join(arguments))}".strip()}
        case_ref = ledger.item((report.CASE, f"{base}.c{place}"), what, where)
        cases.append(Case(case_ref, text(each, "uuid"), text(each, "type"), arguments, text(each, "category_uuid")))
    hint = part(waiting, "hint")
    router = Router(
        ref, kind, operand, cases, categories, text(raw, "default_category_uuid"), text(raw, "result_name"),
        (text(waiting, "type") or "msg") if waiting else "", text(hint, "type") or text(waiting, "hint"), where=where,
    )  # fmt: skip
    within = part(waiting, "timeout")
    if within or number(waiting, "timeout"):  # older ones have the number itself, and the category beside it
        seconds = number(within, "seconds") or number(waiting, "timeout")
        category = text(within, "category_uuid") or text(waiting, "timeout_category_uuid")
        category = category or next((case.category for case in cases if case.type == "has_wait_timed_out"), "")
        what = _("Frist von %(n)s Sekunden") % {"n": seconds}
        router.timeout = ledger.item((report.TIMEOUT, base), what, where), seconds, category
    return router


def _localization(raw: Raw, flow: Flow) -> None:
    for language, found in raw.items():
        for uuid, properties in (found if isinstance(found, Mapping) else {}).items():
            for name, values in (properties if isinstance(properties, Mapping) else {}).items():
                if name.startswith("_"):
                    continue
                texts = words(values if isinstance(values, list) else [values])
                ref = (report.LOCALIZATION, str(language), str(uuid), str(name))
                named = {"language": language, "name": name, "words": short(" / ".join(texts))}
                what = _("Übersetzung (%(language)s, %(name)s) „%(words)s“") % named
                flow.ledger.item(ref, what, _("Baustein %(name)s") % {"name": str(uuid)[:8]})
                flow.localized.found.setdefault((str(uuid), str(name)), {})[str(language)] = (ref, texts)
