"""Bring one flow over: its nodes in the order they are reached, each with its actions and its router; then the questions; then the list."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.checking import LANGUAGES
from buergerdraht.dialogs.document import END, MOST_STEPS, PERSON, Dialog, Unreadable, load
from buergerdraht.dialogs.rapidpro import acting, asking, branching, languages, report, saying
from buergerdraht.dialogs.rapidpro.asked import Asked
from buergerdraht.dialogs.rapidpro.board import TICKET, WAIT, Draft, written
from buergerdraht.dialogs.rapidpro.context import Context, House, entry
from buergerdraht.dialogs.rapidpro.reading import Action, Flow, Node, Raw, listed, short, text, words

TANGLED = gettext_lazy("Zu viele Nachrichten führen zu denselben Fragen mit vielen Fällen. Bitte den Ablauf vorher teilen.")
MOST_PAIRS = 20_000  # messages before a wait times its cases
UNREACHABLE = gettext_lazy("Zu diesem Knoten führt vom ersten aus kein Weg.")
OUTCOMES = frozenset({"call_webhook", "call_resthook", "open_ticket", "transfer_airtime", "call_llm", "call_classifier", "request_optin"})
FAILED = re.compile(r"fail|error|fehler|nicht|other", re.IGNORECASE)
USUAL_EXPIRY = 4_320  # theirs, where nothing is said
TRIGGERS = {
    "C": gettext_lazy("Auf jede beliebige Nachricht antwortet hier kein Dialog: Das tun Wissensartikel und Posteingang."),
    "S": gettext_lazy("Bitte als Rundnachricht mit Zeitplan oder als Auslöser „täglich um“ neu anlegen."),
    "V": asking.DIAL, "M": asking.DIAL,
    "T": gettext_lazy(
        "Nach dem Abschluss einer Unterhaltung beginnt hier kein Dialog von selbst. Bitte einen Auslöser „Ereignis“ einrichten."
    ),
    "I": gettext_lazy("Eine Einwilligung beginnt hier keinen Dialog."), "O": gettext_lazy("Ein Widerruf beginnt hier keinen Dialog."),
}  # fmt: skip


def dialog_of(flow: Flow, house: House, name: str) -> tuple[Dialog | None, report.Report]:
    """Make a dialog of a flow, and the report of it."""
    if flow.problem:
        return None, flow.ledger.close(flow.problem)
    context = Context(house, flow)
    nodes = _reached(flow)
    for node in nodes:
        _node(context, node)
    _unreached(context, nodes)
    start = entry(nodes[0].uuid)
    _hand_overs(context)
    _swap(context)
    if not _questions(context, start):
        return None, flow.ledger.close(TANGLED)
    found = _triggers(context)
    order = context.board.ordered(start)
    for draft in order:
        _drop_buttons(draft)
        flow.ledger.mark(draft.marks)
    _open_translations(context)
    if not order:
        return None, flow.ledger.close(_("Von diesem Ablauf lässt sich kein Schritt übernehmen."))
    if len(order) > MOST_STEPS:
        long = _("Der Dialog hätte %(n)s Schritte; höchstens %(most)s. Bitte den Ablauf vorher teilen.")
        return None, flow.ledger.close(long % {"n": len(order), "most": MOST_STEPS})
    return _loaded(context, {"key": name, "triggers": found, "steps": written(context.board, order)})


def _loaded(context: Context, values: dict[str, Any]) -> tuple[Dialog | None, report.Report]:
    flow, ledger = context.flow, context.flow.ledger
    values |= {"title": {context.base: short(flow.name, 120)}, "languages": context.languages, **context.whole}
    values.setdefault("expire_after", _expires(context))
    values["purpose"] = _("Eingelesen aus „%(name)s“.") % {"name": short(flow.name, 120)}
    if flow.kind == "voice":
        ledger.note(_("Ein Telefondialog: Die Ansagen sind jetzt Texte. Bitte prüfen, ob sie sich lesen lassen."))
    if not languages.ours(flow.language):
        named = {"language": LANGUAGES.get(context.base, context.base)}
        ledger.note(_("Die Sprache des Ablaufs ist nicht angegeben; angenommen ist %(language)s.") % named)
    try:
        return load(values), ledger.close()
    except Unreadable as problem:
        why = _("Der Ablauf ließ sich nicht in einen Dialog fassen (%(why)s).") % {"why": short(str(problem), 200)}
        return None, ledger.close(why)


def _expires(context: Context) -> int:
    wanted = context.flow.expires
    minutes = max(5, min(wanted or USUAL_EXPIRY, 525_600))
    if wanted and minutes != wanted:
        times = {"wanted": wanted, "minutes": minutes}
        context.flow.ledger.note(_("Statt nach %(wanted)s endet der Dialog nach %(minutes)s Minuten Schweigen.") % times)
    return minutes


# ── Nodes ─────────────────────────────────────────────────────────────────


def _reached(flow: Flow) -> list[Node]:
    """Nodes in the order they are reached from the first."""
    found: dict[str, Node] = {}
    waiting = [next(iter(flow.nodes))]
    for uuid in waiting:
        if uuid in flow.nodes and uuid not in found:
            found[uuid] = flow.nodes[uuid]
            waiting += found[uuid].exits.values()
    return list(found.values())


def _unreached(context: Context, reached: list[Node]) -> None:
    """Leave out what stands in nodes without a way to them, so that it is not taken for our doing."""
    there = {f"n{node.number}" for node in reached}
    for ref, item in context.flow.ledger.items.items():
        if ref[0] not in {report.LOCALIZATION, report.TRIGGER} and ref[1].split(".")[0] not in there and not item.standing:
            context.ledger_mark(report.left(ref, UNREACHABLE))


def _node(context: Context, node: Node) -> None:
    """Put the steps of a node: its actions in a row, then its router, then the way out."""
    drafts: list[Draft] = []
    for action in sorted(node.actions, key=lambda each: each.type == "enter_flow"):  # another flow begins once the node is done
        drafts += acting.act(context, node, action)
    outcome = outcome_of(node)
    last = drafts[-1] if drafts else None
    own = last if outcome and last and last.key == outcome.ref[1] else None
    if node.router is None:
        goal = entry(node.first_exit) if node.first_exit in context.flow.nodes else END
    elif outcome:
        goal = _after_outcome(context, node, outcome, own)
    elif node.router.waits:
        goal = context.board.put(Draft(f"{node.uuid}#wait", WAIT, goals=_wait_goals(context, node), node=node))
    else:
        goal = branching.straight(context, node)
    for draft in reversed(drafts):
        if not draft.values.get("instead"):
            draft.goals.setdefault("next", goal)
        if draft.kind == "call":
            draft.goals.setdefault("on_no", draft.goals["next"])
            draft.goals.setdefault("on_failure", draft.goals["on_no"])
        goal = context.board.put(draft)
    context.board.other[entry(node.uuid)] = goal


def _wait_goals(context: Context, node: Node) -> dict[str, str]:
    assert node.router is not None
    return {f"ways.{place}": context.target(node, uuid) for place, uuid in enumerate(node.router.categories)}


def outcome_of(node: Node) -> Action | None:
    """The action whose success or failure the node's router looks at, where it does."""
    router = node.router
    if router is None or router.waits or router.type == "random" or not node.actions or node.actions[-1].type not in OUTCOMES:
        return None
    looks = re.match(r"@\(?\s*(results|webhook|locals|legacy_extra|step|ticket|run)\b", router.operand.strip(), re.IGNORECASE)
    return node.actions[-1] if looks or not router.operand else None


def _after_outcome(context: Context, node: Node, action: Action, draft: Draft | None) -> str:
    """Lead on from a call or a ticket: where it worked, and where not. What was left out counts as not having worked."""
    router = node.router
    assert router is not None
    good = [case for case in router.cases if not FAILED.search(" ".join([*case.arguments, *_category(node, case.category)]))]
    failed = next((uuid for uuid, each in router.categories.items() if FAILED.search(each.name)), router.default)
    success = good[0].category if good else router.default
    if draft is None:
        why = _("Die Aktion davor wurde nicht übernommen; es geht immer den Weg für den Fehlerfall.")
        context.ledger_mark(report.left(router.ref, why), *(report.left(case.ref, why) for case in router.cases))
        return context.through(node, failed)
    draft.marks += [report.taken(router.ref), *(report.taken(case.ref) for case in router.cases)]
    draft.goals["next"] = context.through(node, success)
    if draft.kind == "call":
        bad = context.through(node, failed if failed != success else router.default)
        if context.board.found(context.target(node, failed)) == END and not context.flow.nodes.get(_exit(node, failed)):
            bad = PERSON
            draft.marks.append(report.changed(action.ref, _("Der Fehlerfall endete ohne ein Wort; jetzt hilft ein Mensch.")))
        draft.goals["on_no"] = draft.goals["on_failure"] = bad
    elif failed != success:
        draft.marks.append(
            report.changed(router.ref, _("Ein Anliegen zu eröffnen misslingt hier nicht; der Weg für den Fehlerfall entfällt."))
        )
    return draft.goals["next"]


def _exit(node: Node, category: str) -> str:
    found = node.router.categories.get(category) if node.router else None
    return node.exits.get(found.exit, "") if found else ""


def _category(node: Node, uuid: str) -> list[str]:
    found = node.router.categories.get(uuid) if node.router else None
    return [found.name] if found else []


# ── What depends on what stands around it ─────────────────────────────────


def _hand_overs(context: Context) -> None:
    """A ticket at the end hands over, with the last message as its text; one in the middle opens a case."""
    board = context.board
    for draft in list(board.drafts.values()):
        if draft.kind != TICKET:
            continue
        note, goal = draft.values.pop("note"), board.found(draft.goals["next"])
        behind = board.drafts.get(goal)
        last = behind is not None and behind.kind == "say" and not behind.quick and board.found(behind.goals["next"]) == END
        if goal != END and not last:
            draft.kind, draft.wish = "case", "case"
            draft.values = {"summary": {context.base: note}} if note.strip() else {}
            continue
        draft.kind, draft.wish, draft.goals = "hand_over", "hand_over", {}
        draft.values = {"comment": _("Notiz im Original: %(note)s") % {"note": note}} if note.strip() else {}
        if note.strip():
            kept = _("Die Notiz steht im Kommentar; Mitarbeitende sehen alle Antworten.")
            draft.marks.append(report.changed(draft.marks[0].ref, kept))
        if behind is not None and last:
            draft.values["text"] = behind.text
            draft.marks += behind.marks


def _swap(context: Context) -> None:
    """Where something is only kept between a message and its wait, it is kept before, so that message and wait become one question."""
    board = context.board
    before = board.before()
    for draft in list(board.drafts.values()):
        if draft.kind != "say" or any("{" in each for each in draft.text.values()):
            continue
        goal, passed = board.found(draft.goals["next"]), []
        while (each := board.drafts.get(goal)) and each.kind in {"set", "subscribe"} and len(before[goal]) == 1 and each not in passed:
            passed.append(each)
            goal = board.found(each.goals["next"])
        end = board.drafts.get(goal)
        if not passed or end is None or end.kind != WAIT:
            continue
        old, new = draft.key, f"{draft.key}'"
        del board.drafts[old]
        board.other[old] = passed[0].key
        passed[-1].goals["next"] = new
        draft.key, draft.goals["next"] = new, end.key
        board.put(draft)


def _questions(context: Context, start: str) -> bool:
    """Make one question of each wait and each message before it. False where that would be too many."""
    board = context.board
    before, snapshot = board.before(), dict(board.drafts)
    first, waits = board.found(start), [each for each in snapshot.values() if each.kind == WAIT]
    if sum(len(before[wait.key]) * len(wait.router.cases) for wait in waits) > MOST_PAIRS:
        return False
    for wait in waits:
        for said in before[wait.key]:
            if said.kind == "say":
                asked = Asked(context, wait, said.key, said.text, list(said.marks), said.quick, snapshot=snapshot)
                asked.hint, asked.comment = said.values.get("hint", ""), said.values.get("comment", "")
                asking.ask(asked)
        if wait.key == first or any(each.kind != "say" for each in before[wait.key]):
            asking.ask(Asked(context, wait, wait.key, {}, [], snapshot=snapshot))
    return True


def _drop_buttons(draft: Draft) -> None:
    """A message without a question behind it has no buttons."""
    if draft.kind != "say":
        return
    draft.values.pop("hint", None)
    for quick in draft.quick:
        mark = report.changed if quick.ref[0] == report.ACTION else report.left
        draft.marks.append(mark(quick.ref, saying.NO_BUTTONS))
        draft.marks += [report.left(each.ref, saying.NO_BUTTONS) for each in quick.marks if each.ref[0] == report.LOCALIZATION]


# ── Triggers and translations ─────────────────────────────────────────────


def _triggers(context: Context) -> list[dict[str, Any]]:
    found = []
    for ref, raw in context.flow.triggers:
        kind = (text(raw, "trigger_type") or text(raw, "type"))[:1].upper()
        said = [each.strip()[:80] for each in [text(raw, "keyword"), *words(listed(raw, "keywords"))] if each.strip()]
        why = _narrowed(raw)
        if raw.get("is_archived") is True:
            context.ledger_mark(report.left(ref, _("Der Auslöser war abgelegt.")))
        elif kind == "K" and said:
            trigger: dict[str, Any] = {"on": "words", "words": {context.base: list(dict.fromkeys(said))}}
            if text(raw, "match_type") != "O" and raw.get("match_type"):
                trigger["fuzzy"] = True
                fuzzy = _("Im Original zählte das Wort am Anfang einer Nachricht, jetzt in jedem kurzen Satz.")
                why = f"{fuzzy} {why}".strip()
            found.append(trigger)
            context.ledger_mark(report.changed(ref, why) if why else report.taken(ref))
        elif kind == "N":
            found.append({"on": "first_contact"})
            first = _("Beginnt beim ersten Kontakt, auf allen Kanälen.")
            context.ledger_mark(report.changed(ref, f"{first} {why}".strip()))
        elif kind == "R" and text(raw, "referrer_id"):
            found.append({"on": "link", "name": text(raw, "referrer_id")[:60]})
            anew = _("Der Link muss neu erzeugt werden.")
            context.ledger_mark(report.changed(ref, f"{anew} {why}".strip()))
        else:
            context.ledger_mark(report.left(ref, TRIGGERS.get(kind, gettext_lazy("Diese Art von Auslöser gibt es nicht."))))
    return found


def _narrowed(raw: Raw) -> str:
    """What a trigger was bound to and is no more."""
    named = [text(each, "name") for name in ("groups", "exclude_groups", "contacts") for each in listed(raw, name)]
    names = {"names": ", ".join(short(each) for each in named[:5])}
    sentences = [_("Die Beschränkung auf %(names)s entfällt.") % names] if named else []
    if text(raw.get("channel"), "name") or isinstance(raw.get("channel"), str):
        sentences.append(_("Die Beschränkung auf einen Kanal bitte neu einstellen."))
    return " ".join(sentences)


def _open_translations(context: Context) -> None:
    """Say of every translation that nobody took why not."""
    ledger = context.flow.ledger
    owners: dict[str, report.Ref] = {}
    for node in context.flow.nodes.values():
        owners |= {action.uuid: action.ref for action in node.actions if action.uuid}
        if node.router:
            owners |= {case.uuid: case.ref for case in node.router.cases if case.uuid}
            owners |= dict.fromkeys(node.router.categories, node.router.ref)
    for ref, item in ledger.items.items():
        if ref[0] != report.LOCALIZATION or item.standing:
            continue
        owner = ledger.items.get(owners.get(ref[2], ()))
        if owner is None:
            why = _("Sie gehört zu keinem Baustein des Ablaufs.")
        elif ref[3] == "attachments":
            why = _("Dateien werden nicht geholt. Bitte im Editor hochladen; je Schritt gelten sie für alle Sprachen.")
        elif not owner.standing or owner.standing == report.LEFT:
            why = _("Der Baustein dazu wurde nicht übernommen.")
        else:
            why = _("Diese Angabe wird Menschen hier nicht gezeigt und darum nicht übersetzt.")
        ledger.mark([report.left(ref, why)])
