"""Change a draft: pure edits of a document's plain values, each of which leaves every way in it leading somewhere."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from buergerdraht.dialogs import document
from buergerdraht.dialogs.document import END, MOST_STEPS, PERSON, PLACES

Values = dict[str, Any]
GOALS = ("next", "otherwise", "on_none", "on_no", "on_failure", "on_locked", "on_nothing", "on_doubt", "on_message")
ANSWERING = frozenset({"ask", "choose", "book", "meter"})
DEAD_ENDS = {"end": END, "hand_over": PERSON}  # kinds that lead nowhere, and the place that means the same
ENDINGS = "(?:_words|_code|_where|_number|_list)?"  # what steps keep beside their answer
USUAL = {
    "otherwise": PERSON,
    "on_none": PERSON,
    "on_locked": PERSON,
}  # where a goal that is not written leads; else to the next in the list
OUT = "out"  # in a ready-made section: to whatever follows it
ASIDE = frozenset({"on_doubt", "on_message"})  # not written they mean: as `next`


class Refused(Exception):
    """An edit that cannot be made; the sentence says why."""


@dataclass(frozen=True)
class Edit:
    """A change: `what` names it in the history, `step` is what it touches, `seen` the digest of that step as the editor saw it."""

    what: str
    apply: Callable[[Values], Values]
    step: str = ""
    seen: str = ""


def add(values: Mapping[str, Any], after: str) -> Edit:
    """Put a new step behind another, or at the beginning. Whatever led on from there leads through the new one."""

    def apply(draft: Values) -> Values:
        step = {**deepcopy(dict(values)), "id": free_id(draft, str(values["id"]))}
        return _insert(draft, step, after)

    return Edit(f"add:{values['id']}", apply)


def add_section(name: str, steps: Sequence[Mapping[str, Any]], after: str) -> Edit:
    """Put steps that belong together behind another, or at the beginning. Their ids and answers get names that are free.

    Where one of them leads "out" it leads to whatever follows all of them, as the last one does.
    """

    def apply(draft: Values) -> Values:
        if len(draft["steps"]) + len(steps) > MOST_STEPS:
            raise Refused(_("Mehr als %(n)s Schritte hat ein Dialog nicht. Teilen Sie ihn in zwei.") % {"n": MOST_STEPS})
        made = _with_free_names(draft, [deepcopy(dict(step)) for step in steps])
        at = place(draft, after) + 1 if after else 0
        goal = draft["steps"][at]["id"] if at < len(draft["steps"]) else END
        if after and "next" in _keys(before := draft["steps"][at - 1]) and (led := before.pop("next", "")):
            goal = led
            if "next" in _keys(made[-1]):
                made[-1]["next"] = led
        for step in made:
            for holder, key in slots(step):
                if holder.get(key) == OUT:
                    holder[key] = goal
        draft["steps"][at:at] = made
        return draft

    return Edit(f"section:{name}", apply)


def change(name: str, values: Mapping[str, Any], seen: str = "") -> Edit:
    """Put new values in the place of a step's; its id stays."""

    def apply(draft: Values) -> Values:
        at = place(draft, name)
        before = draft["steps"][at]
        after = draft["steps"][at] = {**deepcopy(dict(values)), "id": name, "kind": before["kind"]}
        old, new = before.get("save") or name, after.get("save") or name
        return rename_answer(draft, old, new) if old != new and before["kind"] in ANSWERING else draft

    return Edit(f"change:{name}", apply, name, seen)


def move(name: str, after: str) -> Edit:
    """Put a step behind another, or at the beginning. What leads to the next in the list follows the list."""

    def apply(draft: Values) -> Values:
        step = draft["steps"].pop(place(draft, name))
        draft["steps"].insert(place(draft, after) + 1 if after and after != name else 0, step)
        return draft

    return Edit(f"move:{name}", apply if name != after else _same)


def shift(name: str, by: int) -> Edit:
    """Move a step up or down the list by a number of places."""

    def apply(draft: Values) -> Values:
        at = place(draft, name)
        step = draft["steps"].pop(at)
        draft["steps"].insert(min(max(at + by, 0), len(draft["steps"])), step)
        return draft

    return Edit(f"move:{name}", apply)


def copy(name: str) -> Edit:
    """Make a second step like one, behind it, which keeps an answer of its own."""

    def apply(draft: Values) -> Values:
        step = deepcopy(draft["steps"][place(draft, name)])
        step["id"] = free_id(draft, re.sub(r"_\d+$", "", name))
        if step["kind"] in ANSWERING:
            step.pop("save", None)
        return _insert(draft, step, name)

    return Edit(f"copy:{name}", apply)


def remove(name: str) -> Edit:
    """Take a step out; what led to it leads to where it led."""

    def apply(draft: Values) -> Values:
        if len(draft["steps"]) == 1:
            raise Refused(_("Ein Dialog braucht mindestens einen Schritt. Ändern Sie diesen, statt ihn zu löschen."))
        at = place(draft, name)
        goal = _follower(draft, at)
        before = draft["steps"][at - 1] if at else None
        if before is not None and goal != _after(draft, at):
            for holder, key in slots(before):
                if key not in ASIDE and holder.get(key, USUAL.get(key, "")) == "":
                    holder[key] = goal
        del draft["steps"][at]
        for step in draft["steps"]:
            for holder, key in slots(step):
                if holder.get(key) == name:
                    holder[key] = goal
        return draft

    return Edit(f"remove:{name}", apply)


def rename(name: str, new: str) -> Edit:
    """Give a step another id, everywhere it is spoken of: ways, conditions, placeholders."""

    def apply(draft: Values) -> Values:
        at = place(draft, name)
        if new == name:
            return draft
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", new):
            raise Refused(_("Der Kurzname besteht aus kleinen Buchstaben, Ziffern und Unterstrichen und beginnt mit einem Buchstaben."))
        if new in PLACES or any(step["id"] == new for step in draft["steps"]):
            raise Refused(_("„%(name)s“ ist schon vergeben. Bitte wählen Sie einen anderen Kurznamen.") % {"name": new})
        step = draft["steps"][at]
        step["id"] = new
        for each in draft["steps"]:
            for holder, key in slots(each):
                if holder.get(key) == name:
                    holder[key] = new
        return draft if step.get("save") else rename_answer(draft, name, new)

    return Edit(f"rename:{name}", apply)


def rename_answer(draft: Values, old: str, new: str) -> Values:
    """Give an answer another name wherever it is asked for."""
    spoken = re.compile(rf"\b(answers|raw)\.{re.escape(old)}(?={ENDINGS}(?![A-Za-z0-9_]))")
    named = re.compile(rf"^{re.escape(old)}(?={ENDINGS}(?:\.|$))")
    for step in draft["steps"]:
        for case in step.get("cases", []):
            for condition in case["when"]:
                if condition["of"] == "answer":
                    condition["name"] = named.sub(new, condition.get("name", ""))
        if step.get("near"):
            step["near"] = named.sub(new, step["near"])
    renamed: Values = _replaced(draft, lambda text: spoken.sub(rf"\1.{new}", text))
    return renamed


def head(values: Mapping[str, Any], seen: str = "") -> Edit:
    """Change what belongs to the dialog as a whole; its steps stay."""

    def apply(draft: Values) -> Values:
        return {**deepcopy(dict(values)), "key": draft["key"], "steps": draft["steps"]}

    return Edit("head", apply, "", seen)


def whole(what: str, values: Mapping[str, Any]) -> Edit:
    """Put another document in the draft's place; its key stays."""
    return Edit(what, lambda draft: {**deepcopy(dict(values)), "key": draft["key"]})


# ── What edits stand on ───────────────────────────────────────────────────


def place(draft: Mapping[str, Any], name: str) -> int:
    """Where a step stands. Raises Refused where it is gone."""
    for number, step in enumerate(draft["steps"]):
        if step["id"] == name:
            return number
    raise Refused(_("Diesen Schritt gibt es nicht mehr."))


def step_of(draft: Mapping[str, Any], name: str) -> Values | None:
    return next((step for step in draft["steps"] if step["id"] == name), None)


def head_of(draft: Mapping[str, Any]) -> Values:
    return {key: value for key, value in draft.items() if key != "steps"}


def digest(values: Mapping[str, Any] | None) -> str:
    """Tell two states of a step apart."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def slots(step: Values) -> Iterator[tuple[Values, str]]:
    """Every place in a step where a goal is written or could be."""
    kind = next(each for each in document.KINDS if each.model_fields["kind"].default == step["kind"])
    for key in GOALS:
        if key in kind.model_fields:
            yield step, key
    for each in (*step.get("options", []), *step.get("cases", [])):
        yield each, "next"


def free_id(draft: Mapping[str, Any], wish: str) -> str:
    """An id nobody has yet, like the one wished for."""
    taken = {step["id"] for step in draft["steps"]} | PLACES
    if wish not in taken:
        return wish
    return next(name for number in range(2, MOST_STEPS + 3) if (name := f"{wish[:35]}_{number}") not in taken)


GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def slug(words: str, otherwise: str) -> str:
    """Make an id of words."""
    plain = words.lower().translate(GERMAN)
    found = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:30].strip("_")
    return found if re.match(r"[a-z]", found) else otherwise


def _with_free_names(draft: Values, steps: list[Values]) -> list[Values]:
    """Steps whose ids and answers nobody in the draft has yet, wherever they speak of each other."""
    taken = {step["id"] for step in draft["steps"]} | {str(step.get("save", "")) for step in draft["steps"]} | PLACES
    own = {name for step in steps for name in (step["id"], step.get("save", "")) if name}
    part: Values = {"steps": steps}
    for name in sorted(own & taken):
        free = next(new for number in range(2, MOST_STEPS + 3) if (new := f"{name[:35]}_{number}") not in taken | own)
        own.add(free)
        for step in part["steps"]:
            for key in ("id", "save"):
                if step.get(key) == name:
                    step[key] = free
            for holder, key in slots(step):
                if holder.get(key) == name:
                    holder[key] = free
        part = rename_answer(part, name, free)
    made: list[Values] = part["steps"]
    return made


def _insert(draft: Values, step: Values, after: str) -> Values:
    if len(draft["steps"]) >= MOST_STEPS:
        raise Refused(_("Mehr als %(n)s Schritte hat ein Dialog nicht. Teilen Sie ihn in zwei.") % {"n": MOST_STEPS})
    at = place(draft, after) + 1 if after else 0
    draft["steps"].insert(at, step)
    if after and "next" in _keys(before := draft["steps"][at - 1]) and (goal := before.pop("next", "")) and "next" in _keys(step):
        step["next"] = goal
    return draft


def _keys(step: Values) -> set[str]:
    return {key for holder, key in slots(step) if holder is step}


def _after(draft: Values, at: int) -> str:
    return draft["steps"][at + 1]["id"] if at + 1 < len(draft["steps"]) else END


def _follower(draft: Values, at: int) -> str:
    """Where a step leads as a rule."""
    step = draft["steps"][at]
    if step["kind"] in DEAD_ENDS:
        return DEAD_ENDS[step["kind"]]
    goal = step.get("next", "")
    return goal if goal and goal != step["id"] else _after(draft, at)


def _replaced(found: Any, change: Callable[[str], str]) -> Any:
    """Every text in plain values, changed."""
    if isinstance(found, str):
        return change(found) if "{" in found else found
    if isinstance(found, dict):
        return {key: _replaced(value, change) for key, value in found.items()}
    return [_replaced(each, change) for each in found] if isinstance(found, list) else found


def _same(draft: Values) -> Values:
    return draft
