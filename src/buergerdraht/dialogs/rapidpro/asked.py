"""One question in the making: its text, what becomes of an answer that does not fit, and of silence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.document import END, PERSON
from buergerdraht.dialogs.rapidpro import expressions, report
from buergerdraht.dialogs.rapidpro.board import WAIT, Draft, Quick, Texts
from buergerdraht.dialogs.rapidpro.context import Context, saved
from buergerdraht.dialogs.rapidpro.naming import key, words_key
from buergerdraht.dialogs.rapidpro.reading import Node, Router

GO_ON = {"de": "In Ordnung, es geht weiter.", "en": "All right, let us go on."}
TRIES = 3
AGAIN = gettext_lazy("Wer %(n)s Mal nichts Passendes antwortet, kommt zu einem Menschen; im Original wurde endlos gefragt.")
SILENT_END = gettext_lazy("Bei einer unpassenden Antwort endete der Ablauf stumm; jetzt wird %(n)s Mal gefragt, dann hilft ein Mensch.")
LATE = gettext_lazy("Bei Schweigen ging der Ablauf woanders weiter; das kann eine Frage hier nicht. Es bleibt bei Erinnerung und Ende.")


@dataclass
class Asked:
    """One question in the making: what waits, under which key, and the message before it."""

    context: Context
    wait: Draft
    key: str
    text: Texts
    marks: list[report.Mark]
    quick: list[Quick] = field(default_factory=list)
    hint: str = ""
    comment: str = ""
    snapshot: dict[str, Draft] = field(default_factory=dict)  # all drafts, before any question was made

    @property
    def node(self) -> Node:
        assert self.wait.node is not None
        return self.wait.node

    @property
    def router(self) -> Router:
        return self.wait.router

    @property
    def name(self) -> str:
        return saved(self.node, self.router)

    def wish(self) -> str:
        router = self.router
        return expressions.answer(router.result) if router.result else words_key(next(iter(self.text.values()), ""), "question")

    def draft(self, kind: str, **values: Any) -> Draft:
        plain = {"text": self.text, "save": self.name, **values}
        if self.comment:
            plain["comment"] = self.comment
        return Draft(self.key, kind, plain, marks=[*self.marks, report.taken(self.router.ref)], wish=self.wish())


def retry(asked: Asked, draft: Draft) -> None:
    """Say what happens to an answer that fits no case: asked again, or on by the way "other"."""
    context, router = asked.context, asked.router
    target = context.target(asked.node, router.default)
    goal = context.board.found(target)
    if goal == END:
        draft.marks.append(report.changed(router.ref, SILENT_END % {"n": TRIES}))
        draft.goals["otherwise"] = PERSON
        return
    said, then = spoken_way(asked, goal)
    if then == asked.wait.key:
        if said and _same(said[-1].text, asked.text):
            said[-1:] = []
        _absorb(draft, said)
        draft.values["error"] = joined([each.text for each in said])
        draft.goals["otherwise"] = PERSON
        draft.marks.append(report.changed(router.ref, AGAIN % {"n": TRIES}))
        return
    draft.values["tries"] = 1
    if said:
        _absorb(draft, said[:1])
        draft.values["error"], goal = said[0].text, said[0].goals["next"]
    elif not _comes_back(asked, goal):
        draft.values["error"] = {code: GO_ON.get(code, GO_ON["en"]) for code in context.languages[:1]}
    draft.goals["otherwise"] = goal if said else target
    if context.asked(router):
        draft.goals["otherwise"] = _sorted(asked, draft.goals["otherwise"])


def _sorted(asked: Asked, goal: str) -> str:
    """Keep the category on the way "other", where somebody asks for it."""
    context, router = asked.context, asked.router
    found = router.categories.get(router.default)
    if found is None:
        return goal
    name = expressions.category(router.result)
    values = {"what": "answer", "name": name, "value": found.name}
    return context.board.put(Draft(f"{asked.key}#other", "set", values, {"next": goal}, wish=key(f"keep_{name}", "keep", 36)))


def _absorb(draft: Draft, said: list[Draft]) -> None:
    for each in said:
        draft.marks += [mark for mark in each.marks if mark not in draft.marks]
        for quick in each.quick:
            draft.marks += [mark for mark in quick.marks if mark not in draft.marks]


def spoken_way(asked: Asked, goal: str) -> tuple[list[Draft], str]:
    """The messages on a way until something else stands there, and what that is. The message of another question counts to that one."""
    board = asked.context.board
    said: list[Draft] = []
    seen: set[str] = set()
    while (draft := asked.snapshot.get(goal)) is not None and draft.kind == "say" and goal not in seen and len(said) < 6:
        seen.add(goal)
        said.append(draft)
        goal = board.found(draft.goals["next"])
    then = asked.snapshot.get(goal)
    if then is not None and then.kind == WAIT and goal != asked.wait.key and said:
        goal = said.pop().key
    return said, goal


def _comes_back(asked: Asked, goal: str) -> bool:
    """Say whether a way leads back to the question before anything else is asked."""
    seen, waiting = set(), [goal]
    for each in waiting:
        if each == asked.wait.key:
            return True
        draft = asked.snapshot.get(each)
        if draft is None or each in seen or draft.kind == WAIT:
            continue
        seen.add(each)
        waiting += asked.context.board.goals(draft)
    return False


def _same(left: Texts, right: Texts) -> bool:
    return next(iter(left.values()), "") == next(iter(right.values()), "")


def joined(texts: list[Texts]) -> Texts:
    codes = list(dict.fromkeys(code for each in texts for code in each))
    return {code: "\n\n".join(each[code] for each in texts if code in each)[:10_000] for code in codes}


def wait_for(asked: Asked, draft: Draft) -> None:
    """Say what happens to silence: a reminder, the end, or nothing of the kind."""
    if asked.router.timeout is None:
        return
    ref, seconds, category = asked.router.timeout
    whole, minutes = asked.context.whole, max(1, math.ceil(seconds / 60))
    said, then = spoken_way(asked, asked.context.board.found(asked.context.target(asked.node, category)))
    if then == asked.wait.key and minutes <= 10_080:
        if said and _same(said[-1].text, asked.text):
            said[-1:] = []
        draft.values["remind_after"] = minutes
        text, place, sentence = (
            joined([each.text for each in said]),
            "remind",
            _("Nach %(n)s Minuten wird einmal erinnert.") % {"n": minutes},
        )
    elif then == END:
        whole["expire_after"] = max(whole.get("expire_after", 5), minutes)
        text, place, sentence = (
            joined([each.text for each in said]),
            "expired",
            _("Die Frist gilt jetzt für den ganzen Dialog, der dann endet."),
        )
    else:
        draft.marks.append(report.left(ref, LATE))
        return
    if text and whole.setdefault(place, text) != text:
        sentence = f"{sentence} {_('Ein Dialog hat nur einen Text dafür; dieser entfällt.')}"
    _absorb(draft, said)
    draft.marks.append(report.changed(ref, sentence))
