"""Make a question of a message and the wait behind it: a choice, an answer that is checked, or free words with a fork."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.rapidpro import branching, choosing, expressions, report
from buergerdraht.dialogs.rapidpro.asked import Asked, retry, wait_for
from buergerdraht.dialogs.rapidpro.board import Draft
from buergerdraht.dialogs.rapidpro.branching import Looked
from buergerdraht.dialogs.rapidpro.reading import Case, Router, short

NEUTRAL = {"de": "Bitte hier antworten.", "en": "Please answer here."}
HINTS = {"image": "photo", "video": "document", "audio": "voice", "location": "place", "document": "document"}
NUMBERS = frozenset(
    {"has_number", "has_number_between", "has_number_lt", "has_number_lte", "has_number_gt", "has_number_gte", "has_number_eq"}
)
NO_TEXT = gettext_lazy("Vor dieser Frage steht kein Text; bitte einen schreiben.")
IN_WORDS = gettext_lazy("Die Möglichkeiten stehen im Text der Frage, weil auch freie Worte oder andere Zahlen zählen.")
DIAL = gettext_lazy("Telefonanrufe gibt es nicht.")


def ask(asked: Asked) -> None:
    """Put the question on the board."""
    context, router = asked.context, asked.router
    if not asked.text:
        asked.text = {code: NEUTRAL.get(code, NEUTRAL["en"]) for code in context.languages[:1]}
        asked.marks.append(report.changed(router.ref, NO_TEXT))
    cases = [case for case in router.cases if case.type != "has_wait_timed_out"]
    for case in router.cases:
        if case not in cases:
            asked.marks.append(report.changed(case.ref, branching.TIMED))
    path = expressions.path_of(router.operand)
    if router.waits == "dial":
        _skip(asked)
    elif wanted := HINTS.get(asked.hint or router.hint) or _media(router):
        _files(asked, wanted, cases)
    elif not cases:
        _open(asked, router.default)
    elif router.operand and not (path.startswith("input") or path == "step.value" or _folded(router.operand)):
        _elsewhere(asked)
    elif choosing.possible(asked, cases):
        choosing.choose(asked, cases)
    elif len(cases) == 1 and cases[0].type == "has_text":
        asked.marks += [report.taken(cases[0].ref)]
        _open(asked, cases[0].category)
    elif len(cases) == 1 and (check := _check(asked, cases[0])):
        _checked(asked, cases[0], *check)
    else:
        _free(asked, cases)


def _media(router: Router) -> str:
    return "photo" if "input.attachments" in router.operand.lower() else ""


def _folded(operand: str) -> bool:
    """The message itself, only made small or trimmed before it is compared: that happens here anyway."""
    return bool(re.fullmatch(r"@?\((lower|upper|trim|title|text)\(input(\.text)?\)\)", operand.replace(" ", ""), re.IGNORECASE))


# ── Kinds ─────────────────────────────────────────────────────────────────


def _skip(asked: Asked) -> None:
    router, context = asked.router, asked.context
    asked.marks += [report.left(router.ref, DIAL), *(report.left(case.ref, DIAL) for case in router.cases)]
    draft = Draft(asked.key, "say", {"text": asked.text}, {"next": context.through(asked.node, router.default)}, asked.marks, "say")
    context.board.put(draft)


def _buttons(asked: Asked, draft: Draft) -> None:
    """Write quick replies into the text, where a question has no room for buttons."""
    if not asked.quick:
        return
    text = dict(draft.text)
    for code in text:
        titles = [quick.title.get(code) or next(iter(quick.title.values()), "") for quick in asked.quick]
        text[code] = f"{text[code]}\n\n{' · '.join(title for title in titles if title)}"
    draft.values["text"] = text
    for quick in asked.quick:
        draft.marks += [*quick.marks, report.changed(quick.ref, IN_WORDS)]


def _open(asked: Asked, category: str) -> None:
    """Anything is an answer."""
    draft = asked.draft("ask")
    _buttons(asked, draft)
    draft.goals["next"] = asked.context.through(asked.node, category)
    wait_for(asked, draft)
    asked.context.board.put(draft)


def _files(asked: Asked, wanted: str, cases: list[Case]) -> None:
    """A photo, a place, a voice message: whatever case there is, it asks whether one came."""
    draft = asked.draft("ask", want=wanted)
    _buttons(asked, draft)
    if asked.router.hint == "video":
        draft.marks.append(report.changed(asked.router.ref, _("Statt eines Videos wird ein Dokument oder Bild verlangt.")))
    for case in cases:
        only = _("Hier zählt nur, ob das Gewünschte kam.")
        draft.marks.append(report.taken(case.ref) if case is cases[0] else report.left(case.ref, only))
    category = cases[0].category if cases else asked.router.default
    draft.goals["next"] = asked.context.through(asked.node, category)
    if cases:
        retry(asked, draft)
    wait_for(asked, draft)
    asked.context.board.put(draft)


def _elsewhere(asked: Asked) -> None:
    """It waits for a message, but looks at something else."""
    context, node, router = asked.context, asked.node, asked.router
    draft = asked.draft("ask")
    _buttons(asked, draft)
    place = f"{asked.key}#fork"
    context.lasts[node.uuid] = asked.name
    found = branching.looked(context, node, router.operand)
    if found is None:
        why = branching.NO_OPERAND % {"operand": short(router.operand)}
        draft.marks += [report.changed(router.ref, why), *(report.left(case.ref, why) for case in router.cases)]
        context.board.other[place] = context.through(node, router.default)
    else:
        look, before = found
        place = branching.fork(context, node, place, look)
        for each in before:
            each.goals["next"] = place
            place = context.board.put(each)
    draft.goals["next"] = place
    wait_for(asked, draft)
    context.board.put(draft)


def _check(asked: Asked, case: Case) -> tuple[str, dict[str, Any]] | None:
    """What is wanted and how it is checked, where one case says it all."""
    values = [expressions.translate(each, asked.context.scope(), spoken=False) for each in case.arguments]
    plain = [each.text.strip() for each in values]
    fixed = all(re.fullmatch(r"-?\d+(\.\d+)?", each) for each in plain) and not any(each.lost for each in values)
    if case.type in {"has_phone", "has_email", "has_date", "has_time"}:
        return case.type.removeprefix("has_"), {}
    if case.type == "has_number":
        return "number", {"decimals": 6}
    if case.type == "has_number_between" and fixed and len(plain) > 1:
        return "number", {"least": plain[0], "most": plain[1], "decimals": 6}
    if case.type in {"has_number_gte", "has_number_lte"} and fixed and plain:
        return "number", {"least" if case.type == "has_number_gte" else "most": plain[0], "decimals": 6}
    if case.type == "has_pattern" and case.arguments and branching.pattern(case.arguments[0]):
        return "text", {"pattern": _whole(case.arguments[0])}
    return None


def _whole(pattern: str) -> str:
    """A pattern for the whole answer, of one that may stand anywhere in it."""
    ahead = "" if pattern.startswith("^") else r"[\s\S]*"
    behind = "" if pattern.endswith("$") and not pattern.endswith("\\$") else r"[\s\S]*"
    return f"{ahead}(?:{pattern}){behind}" if ahead or behind else pattern


def _checked(asked: Asked, case: Case, want: str, check: dict[str, Any]) -> None:
    draft = asked.draft("ask", want=want, **({"check": check} if check else {}))
    _buttons(asked, draft)
    draft.marks.append(report.taken(case.ref))
    draft.goals["next"] = asked.context.through(asked.node, case.category)
    retry(asked, draft)
    wait_for(asked, draft)
    asked.context.board.put(draft)


def _free(asked: Asked, cases: list[Case]) -> None:
    """Free words or any number, and a fork behind it."""
    context, node = asked.context, asked.node
    numbers = all(case.type in NUMBERS for case in cases)
    draft = asked.draft("ask", **({"want": "number", "check": {"decimals": 6}} if numbers else {}))
    _buttons(asked, draft)
    place = f"{node.uuid}#fork"
    if place not in context.board.drafts and place not in context.board.other:
        context.lasts[node.uuid] = asked.name
        branching.fork(context, node, place, Looked("answer", asked.name))
    draft.goals["next"] = place
    if numbers:
        retry(asked, draft)
    wait_for(asked, draft)
    context.board.put(draft)
