"""Ask Meta how a Page or an account is, and whether our app still hears of it; say it in plain German."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from buergerdraht.connectors.contract import ChannelBroken, Health, Note, SendError
from buergerdraht.connectors.graph_calls import Graph
from buergerdraht.connectors.graph_config import PageConfig
from buergerdraht.connectors.reasons import REASONS

NOT_SUBSCRIBED = (
    "Meta liefert uns keine Nachrichten mehr: Unsere App ist bei der Seite nicht angemeldet. "
    "Das geschieht von selbst, wenn der Webhook eine Stunde lang nicht erreichbar war. Wählen Sie „Kanal starten“."
)
FIELDS_MISSING = "Meta meldet uns nicht alles: Es fehlen {fields}. Wählen Sie „Kanal starten“."


class Subject(NamedTuple):
    """What is asked about: where its node is, what of it, which events we need."""

    node: str  # "{page_id}" or the like, filled from the config
    about: Sequence[str]
    name: str  # the field that people find us by
    learns: str  # the field of the config that `name` fills
    fields: Sequence[str]
    webhook: str = "{page_id}"  # whose subscriptions count


async def check(graph: Graph, subject: Subject, config: PageConfig) -> Health:
    findings: list[Note] = []
    facts: dict[str, str] = {}
    learned: dict[str, str] = {}
    names = {name: str(value) for name, value in config if isinstance(value, str)}
    try:
        node = await graph.get(subject.node.format(**names), "account", fields=",".join(subject.about))
        handle = str(node.get(subject.name) or "")
        facts = {"name": str(node.get("name") or ""), "number": f"@{handle}" if handle else ""}
        learned = {subject.learns: handle} if handle else {}
    except SendError as problem:
        findings.append(failed(problem, "Das Konto lässt sich bei Meta nicht abfragen"))
    if not findings:
        notes, app = await _subscription(graph, subject, names)
        findings += notes
        learned |= {"app_id": app} if app else {}
    ok = not any(note.level == "error" for note in findings)
    return Health(ok=ok, findings=tuple(findings), facts={key: value for key, value in facts.items() if value}, learned=learned)


async def _subscription(graph: Graph, subject: Subject, names: Mapping[str, str]) -> tuple[list[Note], str]:
    """Look whether our app is subscribed, for what, and which number it has."""
    try:
        apps = (await graph.get(f"{subject.webhook.format(**names)}/subscribed_apps", "subscribed_apps")).get("data")
    except ChannelBroken as problem:
        return [failed(problem, "Die Anmeldung der Meldungen lässt sich nicht abfragen. Prüfen Sie die Rechte des Tokens")], ""
    except SendError as problem:
        return [failed(problem, "Die Anmeldung der Meldungen lässt sich gerade nicht abfragen", level="warning")], ""
    found = [app for app in apps if isinstance(app, Mapping)] if isinstance(apps, list) else []
    mine = [app for app in found if not names.get("app_id") or str(app.get("id")) == names["app_id"]]
    if not mine:
        return [Note(level="warning", code="not_subscribed", text=NOT_SUBSCRIBED)], ""
    has = {str(field) for app in mine for field in _listed(app.get("subscribed_fields"))}
    missing = [field for field in subject.fields if field not in has] if has else []
    notes = [Note(level="warning", code="fields_missing", text=FIELDS_MISSING, values={"fields": ", ".join(missing)})] if missing else []
    return notes, str(mine[0].get("id") or "") if len(mine) == 1 else ""


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def failed(problem: SendError, what: str, level: str = "error") -> Note:
    spoken = REASONS.get(problem.reason, REASONS["unknown"])
    values = {"what": what, "title": spoken.title, "advice": spoken.advice, "details": problem.details}
    return Note(level=level, code=problem.reason, text="{what}: {title}. {advice} ({details})", values=values)  # type: ignore[arg-type]
