"""What differs between two documents is told once, where it was changed."""

from __future__ import annotations

from typing import Any

from buergerdraht.dialogs import diffing

HELLO: dict[str, Any] = {"id": "hello", "kind": "say", "text": {"de": "Guten Tag."}, "next": "bye"}
BYE: dict[str, Any] = {"id": "bye", "kind": "end", "text": {"de": "Auf Wiedersehen."}}


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": "d", "title": {"de": "Ein Dialog"}, "languages": ["de"], "steps": list(steps), **more}


def test_a_step_with_another_text_does_not_change_the_ways_that_lead_to_it() -> None:
    found = diffing.differences(document(HELLO, BYE), document(HELLO, {**BYE, "text": {"de": "Tschüs."}}))
    assert [(each.step, each.kind) for each in found] == [("bye", "changed")]


def test_a_way_that_leads_elsewhere_is_told() -> None:
    found = diffing.differences(document(HELLO, BYE), document({**HELLO, "next": "person"}, BYE))
    assert [(each.step, each.changes[0].old, each.changes[0].new) for each in found] == [
        ("hello", "2 · Auf Wiedersehen.", "ein Mensch übernimmt")
    ]


def test_a_trigger_that_hears_slips_no_more_is_told() -> None:
    words = {"on": "words", "words": {"de": ["Hallo"]}}
    found = diffing.differences(document(BYE, triggers=[{**words, "fuzzy": True}]), document(BYE, triggers=[{**words, "fuzzy": False}]))
    assert [(each.old.endswith("(auch mit Tippfehlern und in kurzen Sätzen)"), each.new) for each in found[0].changes] == [
        (True, "jemand schreibt: Hallo")
    ]
