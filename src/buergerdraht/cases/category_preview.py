"""How the chat would ask for a report of a category: its own sentences, in the order in which it asks them."""

from __future__ import annotations

from dataclasses import dataclass, field

from buergerdraht.cases import questions, words
from buergerdraht.cases.models import Category


@dataclass(frozen=True)
class Bubble:
    text: str
    choices: list[str] = field(default_factory=list)


def bubbles(category: Category, language: str) -> list[Bubble]:
    """Give what is said, one question after the other, until all is read back."""
    organisation = category.organisation

    def say(key: str) -> str:
        return words.say(organisation, language, key, link="https://…")

    if refusal := questions.said(category.refusal, language):
        return [Bubble(refusal)]
    found = [Bubble(danger)] if (danger := questions.said(category.danger, language)) else []
    if category.needs_place:
        found.append(Bubble(say("place")))
    found.append(Bubble(say("describe")))
    for question in category.questions:
        options = [questions.said(option, language) for option in question.get("options", ())]
        if question["want"] == questions.YES_NO:
            options = [say("just_yes"), say("just_no")]
        optional = [] if question.get("required") else [say("leave_out")]
        found.append(Bubble(questions.said(question["text"], language), options + optional))
    found.append(Bubble(say("photo_needed")) if category.needs_photo else Bubble(say("photo"), [say("no_photo")]))
    summary = f"{category.title_in(language)} …"
    found.append(
        Bubble(words.say(organisation, language, "send", report=summary), [say(key) for key in ("do_send", "do_change", "do_drop")])
    )
    return found
