"""Make forks of routers that look at something and go on, and conditions of their cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.document import END
from buergerdraht.dialogs.rapidpro import expressions, languages, report
from buergerdraht.dialogs.rapidpro.acting import topic
from buergerdraht.dialogs.rapidpro.board import Draft
from buergerdraht.dialogs.rapidpro.context import Context
from buergerdraht.dialogs.rapidpro.naming import key
from buergerdraht.dialogs.rapidpro.reading import Case, Node, short

NUMBER = r"^\s*-?\d+([.,]\d+)?\s*$"
DATE = r"^\s*(\d\d\d\d-\d\d?-\d\d?|\d\d?\.\d\d?\.(\d\d\d\d|\d\d))\b"
TIME, EMAIL, PHONE = r"^\s*\d\d?[:.]\d\d\b", r"^\s*[^\s@]+@[^\s@]+\.[^\s@]+\s*$", r"^\s*\+?[\d ()/-]*\d[\d ()/-]*\d[\d ()/-]*\d\s*$"
MOST_CASES = 30
NO_TEST = gettext_lazy("Die Prüfung „%(type)s“ gibt es bei uns nicht; wer sie erfüllte, geht jetzt den Weg „sonst“.")
NO_VALUE = gettext_lazy("Der Vergleichswert ließ sich nicht übertragen; wer den Fall erfüllte, geht jetzt den Weg „sonst“.")
NO_OPERAND = gettext_lazy("Worauf die Weiche schaut (%(operand)s), lässt sich nicht übertragen; es geht immer den Weg „sonst“.")
TIMED = gettext_lazy("Das Warten bis zum Ablauf der Frist regelt jetzt die Frage selbst.")
When = list[dict[str, str]]


@dataclass(frozen=True)
class Looked:
    """What a condition looks at."""

    of: str
    name: str = ""

    def __call__(self, op: str, value: str = "") -> dict[str, str]:
        found = {"of": self.of, "name": self.name, "op": op, "value": value}
        return {name: each for name, each in found.items() if each}


# ── What is looked at ─────────────────────────────────────────────────────


def looked(context: Context, node: Node, operand: str) -> tuple[Looked, list[Draft]] | None:
    """Say what a router looks at, with a step that works it out first where that is needed; None where it cannot be said."""
    router = node.router
    assert router is not None
    path = expressions.path_of(operand)
    if path in {"contact.groups", "groups"} or (router.cases and all(case.type == "has_group" for case in router.cases)):
        return Looked("topic"), []
    if re.fullmatch(r"(child|run\.child)(\.run)?(\.status)?", path):
        return Looked("outcome"), []
    if (parts := re.search(r"results\.(\w+)", path)) and any(case.type == "has_category" for case in router.cases):
        return Looked("answer", expressions.category(parts[1])), []
    if found := re.fullmatch(r"(?:contact\.|parent\.|child\.)*fields\.(\w+)", path):
        return Looked("field", found[1]), []
    if path == "contact.language":
        return Looked("language"), []
    if "urn_parts(contact.urn" in operand.replace(" ", "") or path in {"contact.channel", "contact.channel.name"}:
        return Looked("channel"), []
    filled = expressions.translate(operand, context.scope(node), spoken=False)
    if filled.lost:
        return None
    simple = re.fullmatch(r"\{\{ answers\.(\w+) \}\}", filled.text)
    if simple and simple[1] not in context.house.choices:
        return Looked("answer", simple[1]), []
    name = f"value_{node.number + 1}"
    worked = Draft(f"{node.uuid}#value", "set", {"what": "answer", "name": name, "value": filled.text}, wish=f"look_at_{name}")
    return Looked("answer", name), [worked]


# ── What is asked of it ───────────────────────────────────────────────────


def conditions(context: Context, node: Node, case: Case, look: Looked) -> tuple[list[When], str]:
    """Make conditions of a case: any of the lists, in which all hold. Empty with the reason where there are none."""
    groups = []
    for arguments in [case.arguments, *(values for _code, _ref, values in context.translations((case.uuid, "arguments")))]:
        filled = [expressions.translate(each, context.scope(node), spoken=False) for each in arguments]
        if any(each.lost for each in filled):
            return [], str(NO_VALUE)
        made = _conditions(case, [each.text.strip() for each in filled], look)
        if made is None:
            return [], NO_TEST % {"type": short(case.type)}
        groups += [each for each in made if each not in groups]
    return groups, ""


def _conditions(case: Case, values: list[str], look: Looked) -> list[When] | None:
    first = values[0] if values else ""
    if look.of == "topic":
        name = case.arguments[-1] if case.arguments else ""
        return [[Looked("topic", topic(name))("is")]] if case.type == "has_group" and name else None
    if look.of == "outcome":
        done = first.lower() in {"completed", "complete"} or case.type == "has_category"
        return [[look("is", "done")]] if done else None
    if look.of == "language" and case.type in _WORDS:
        return [[look("is", languages.ours(each) or each)] for each in re.split(r"[\s,]+", first) if each]
    made = _TESTS.get(case.type)
    try:
        return made(look, values) if made else None
    except IndexError:
        return None


_WORDS = frozenset({"has_any_word", "has_only_text", "has_only_phrase", "has_phrase"})


def _any_word(look: Looked, values: list[str]) -> list[When]:
    if "{" in values[0]:
        return [[look("contains", values[0])]]
    return [[look("contains", word)] for word in re.findall(r"[^\W_]+", values[0])]


def _all_words(look: Looked, values: list[str]) -> list[When]:
    return [[look("contains", word) for word in re.findall(r"[^\W_]+", values[0])[:10]]]


def _less(look: Looked, value: str, *, too: bool = False) -> list[When]:
    return [[look("matches", NUMBER), look("less", value)], *([[look("is", value)]] if too else [])]


def _more(look: Looked, value: str, *, too: bool = False) -> list[When]:
    return [[look("matches", NUMBER), look("more", value)], *([[look("is", value)]] if too else [])]


def _between(look: Looked, values: list[str]) -> list[When]:
    within = [look("matches", NUMBER), look("more", values[0]), look("less", values[1])]
    return [within, [look("is", values[0])], [look("is", values[1])]]


def _pattern(look: Looked, values: list[str]) -> list[When] | None:
    return [[look("matches", values[0])]] if pattern(values[0]) and "{{" not in values[0] and "{%" not in values[0] else None


def _beginning(look: Looked, values: list[str]) -> list[When] | None:
    return None if "{" in values[0] else [[look("matches", rf"^\s*{re.escape(values[0])}")]]


_TESTS: dict[str, Callable[[Looked, list[str]], list[When] | None]] = {
    "has_any_word": _any_word,
    "has_all_words": _all_words,
    "has_phrase": lambda look, values: [[look("contains", values[0])]],
    "has_only_phrase": lambda look, values: [[look("is", values[0])]],
    "has_only_text": lambda look, values: [[look("is", values[0])]],
    "has_category": lambda look, values: [[look("is", each)] for each in values],
    "has_beginning": _beginning,
    "has_text": lambda look, values: [[look("known")]],
    "has_value": lambda look, values: [[look("known")]],
    "has_pattern": _pattern,
    "has_number": lambda look, values: [[look("matches", NUMBER)]],
    "has_number_eq": lambda look, values: [[look("is", values[0])]],
    "has_number_lt": lambda look, values: _less(look, values[0]),
    "has_number_lte": lambda look, values: _less(look, values[0], too=True),
    "has_number_gt": lambda look, values: _more(look, values[0]),
    "has_number_gte": lambda look, values: _more(look, values[0], too=True),
    "has_number_between": _between,
    "has_date": lambda look, values: [[look("matches", DATE)]],
    "has_date_eq": lambda look, values: [[look("is", values[0])]],
    "has_date_lt": lambda look, values: [[look("matches", DATE), look("less", values[0])]],
    "has_date_gt": lambda look, values: [[look("matches", DATE), look("more", values[0])]],
    "has_time": lambda look, values: [[look("matches", TIME)]],
    "has_email": lambda look, values: [[look("matches", EMAIL)]],
    "has_phone": lambda look, values: [[look("matches", PHONE)]],
}


def pattern(value: str) -> bool:
    """Say whether a regular expression is one, is short, and cannot run for ever."""
    if not value or len(value) > 300 or re.search(r"\([^)]*[+*}][^)]*\)[+*{]", value):
        return False
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


# ── The fork ──────────────────────────────────────────────────────────────


def fork(context: Context, node: Node, place: str, look: Looked) -> str:
    """Put the fork of a router, and give the key where it begins."""
    router = node.router
    assert router is not None
    ways: list[tuple[When, str]] = []
    marks = [report.taken(router.ref)]
    for case in router.cases:
        if case.type == "has_wait_timed_out":
            marks.append(report.changed(case.ref, TIMED))
            continue
        groups, why = conditions(context, node, case, look)
        marks.append(report.left(case.ref, why) if why else report.taken(case.ref))
        translated = list(context.translations((case.uuid, "arguments")))
        marks += [
            report.left(ref, why) if why else report.changed(ref, _("Gilt jetzt in jeder Sprache.")) for _code, ref, _values in translated
        ]
        goal = context.through(node, case.category)
        ways += [(when, goal) for when in groups if when]
    return chain(context, Draft(place, "branch", marks=marks, wish=wish(look)), ways, context.through(node, router.default))


def wish(look: Looked) -> str:
    return key(f"check_{look.name or look.of}", "check", 36)


def chain(context: Context, first: Draft, ways: list[tuple[When, str]], otherwise: str) -> str:
    """Put a fork with its ways; one that is too long goes on in another."""
    if not ways:
        context.ledger_mark(*first.marks)
        context.board.other[first.key] = otherwise
        return first.key
    draft, begun = first, first.key
    while True:
        now, ways = ways[:MOST_CASES], ways[MOST_CASES:]
        draft.values["cases"] = [_case(when) for when, _goal in now]
        draft.goals = {f"cases.{index}": goal for index, (_when, goal) in enumerate(now)}
        draft.goals["next"] = f"{draft.key}+" if ways else otherwise
        context.board.put(draft)
        if not ways:
            return begun
        draft = Draft(f"{draft.key}+", "branch", wish=first.wish)


def _case(when: When) -> dict[str, Any]:
    return {"when": when}


def lot(context: Context, node: Node) -> str:
    """Put a fork by lot."""
    router = node.router
    assert router is not None
    goals = [context.through(node, uuid) for uuid in router.categories] or [END]
    place = f"{node.uuid}#router"
    draft = Draft(place, "branch", {"random": True}, marks=[report.taken(router.ref)], wish="by_lot")
    for case in router.cases:
        draft.marks.append(report.left(case.ref, _("Bei einer Weiche nach dem Los zählen keine Fälle.")))
    if len(goals) > MOST_CASES + 1:
        draft.marks.append(report.changed(router.ref, _("Höchstens %(n)s Wege; die weiteren entfallen.") % {"n": MOST_CASES + 1}))
    any_ = {"of": "channel", "op": "known"}  # a lot asks nothing, but a case must say something
    draft.values["cases"] = [{"when": [any_]} for _goal in goals[:-1][:MOST_CASES]]
    draft.goals = {f"cases.{index}": goal for index, goal in enumerate(goals[:-1][:MOST_CASES])}
    draft.goals["next"] = goals[-1]
    if not draft.values["cases"]:
        context.ledger_mark(*draft.marks)
        context.board.other[place] = goals[-1]
        return place
    return context.board.put(draft)


def straight(context: Context, node: Node) -> str:
    """Put what a router without a wait becomes, and give its key."""
    router = node.router
    assert router is not None
    place = f"{node.uuid}#router"
    if router.type == "random":
        return lot(context, node)
    if not router.cases:  # it looks at nothing
        context.ledger_mark(report.taken(router.ref))
        context.board.other[place] = context.through(node, router.default)
        return place
    found = looked(context, node, router.operand)
    if found is None or router.type not in {"switch", ""}:
        why = NO_OPERAND % {"operand": short(router.operand) or router.type}
        context.ledger_mark(report.left(router.ref, why), *(report.left(case.ref, why) for case in router.cases))
        context.board.other[place] = context.through(node, router.default)
        return place
    look, before = found
    place = fork(context, node, place, look)
    keeps = _kept(context, node)
    for draft in [*reversed(before), *keeps]:
        draft.goals["next"] = place
        place = context.board.put(draft)
    return place


def _kept(context: Context, node: Node) -> list[Draft]:
    """Keep what a router looked at under its own name, where somebody speaks of it."""
    router = node.router
    assert router is not None
    name = expressions.answer(router.result)
    filled = expressions.translate(router.operand, context.scope(node), spoken=False)
    if not router.result or name not in context.house.values or filled.lost or filled.text == f"{{{{ answers.{name} }}}}":
        return []
    return [Draft(f"{node.uuid}#kept", "set", {"what": "answer", "name": name, "value": filled.text}, wish=f"keep_{name}"[:36])]
