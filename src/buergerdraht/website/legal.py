"""Imprint, privacy and accessibility statement: written from an authority's facts, or in its own words where it wrote some."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from buergerdraht.accounts.models import Organisation
from buergerdraht.bridges.models import Bridge
from buergerdraht.cases.models import Category
from buergerdraht.contacts.texts import day
from buergerdraht.gateway import channels, keeping
from buergerdraht.gateway.models import Channel
from buergerdraht.website.models import Look
from buergerdraht.website.words import load, pick

ADDED = ("who", "officer", "ways", "period")  # sections that are true of this authority alone, whoever wrote the text above them
KINDS = ("imprint", "privacy", "accessibility")
KEPT = {"messages": 365, "media": 180, "deliveries": 180, "unconfirmed": 3, "silent": 365, "events": 7}  # as privacy.retention has it
AND = {"en": " and "}
FIELD = re.compile(r"\{(\w+)\}")
STATUS, METHODS = ("full", "partly", "not"), ("self", "test")


def text(look: Look, kind: str, language: str) -> str:
    """The text in a language: the authority's own, else the one written from its facts, else ""."""
    own = look.texts.get(kind, {}).get(language, "")
    if own.strip():
        return str(own)
    organisation = look.organisation
    if kind == "privacy" and organisation.privacy_text.get(language):
        return f"{organisation.privacy_text[language]}\n\n{_added(look, language)}".strip()
    if kind == "imprint" and organisation.imprint and not look.facts.get("street"):
        return organisation.imprint
    return written(look, kind, language)


def languages(look: Look, kind: str) -> list[str]:
    """In which languages a text is there."""
    own = [code for code, words in look.texts.get(kind, {}).items() if words.strip()]
    told = list(look.organisation.privacy_text) if kind == "privacy" else []
    made = list(load("legal")[kind]) if ready(look, kind) or _begun(look, kind) else []
    if kind == "imprint" and look.organisation.imprint and not made:
        made = [look.organisation.language]
    return [code for code in dict.fromkeys([*made, *told, *own]) if code == "de" or code == "en" or code in look.organisation.languages]


def ready(look: Look, kind: str) -> bool:
    """Whether there are facts enough to write it: nobody's statement is made up."""
    needed = {"imprint": ["street", "city"], "privacy": ["street", "city", "dpo"], "accessibility": ["status", "contact"]}
    return all(look.facts.get(key) for key in needed[kind])


def _begun(look: Look, kind: str) -> bool:
    """Whether people can write already, and nobody has said anything about their data: then at least what we know is told."""
    return kind == "privacy" and not look.organisation.privacy_url and bool(ways(look.organisation, "de"))


def written(look: Look, kind: str, language: str) -> str:
    """Write it from the facts, in a language of ours; "" where facts are missing."""
    versions = load("legal")[kind]
    chosen = language if language in versions else "en"
    if not ready(look, kind):
        return _added(look, chosen) if _begun(look, kind) else ""
    template = versions[chosen]
    return fill(template if isinstance(template, str) else "\n\n".join(template.values()), _facts(look, chosen))


def _added(look: Look, language: str) -> str:
    """What belongs below a privacy text that came with a blueprint or is older than the ways in use; "" in a language we do not write."""
    sections = load("legal")["privacy"].get(language, {})
    return fill("\n\n".join(sections[name] for name in ADDED if name in sections), _facts(look, language)) if sections else ""


def fill(template: str, facts: Mapping[str, str]) -> str:
    """Fill a text; a line whose fact is missing goes, and a heading with nothing below it."""
    sections = re.split(r"(?m)^(?=## )", template)
    kept = []
    for section in sections:
        lines = [line for line in section.split("\n") if all(facts.get(name) for name in FIELD.findall(line))]
        body = [line for line in lines if line.strip() and not line.startswith("## ")]
        if body:
            kept.append("\n".join(FIELD.sub(lambda found: facts[found[1]], line) for line in lines).strip())
    return "\n\n".join(kept)


def _facts(look: Look, language: str) -> dict[str, str]:
    organisation = look.organisation
    facts = {key: str(value) for key, value in look.facts.items() if isinstance(value, str)}
    words = load("legal")
    status, method = facts.pop("status", ""), facts.pop("method", "")
    kept = {name: str(organisation.retention.get(name, days)) for name, days in KEPT.items()}
    return {
        **facts, **kept, "name": organisation.name, "website": organisation.website,
        "status": pick(words["status"][status], language) if status in STATUS else "",
        "method": pick(words["method"][method], language) if method in METHODS else "",
        "checked": _day(facts.get("checked", ""), language),
        "barriers": "" if status == "full" else facts.get("barriers", ""),
        **_of_ways(organisation, language), **_of_cases(organisation, language),
    }  # fmt: skip


def ways(organisation: Organisation, language: str) -> list[tuple[str, str]]:
    """What is kept of people on each way that is in use: (its name, the words), by the alphabet."""
    rows = Channel.objects.filter(organisation=organisation).exclude(state=Channel.State.SETUP)
    kinds = set(rows.values_list("kind", flat=True)) & {each.kind for each in channels.kinds()}
    found = [(channels.title(kind), keeping.kept(kind, language)) for kind in kinds]
    return sorted((title, words) for title, words in found if words)


def _of_ways(organisation: Organisation, language: str) -> dict[str, str]:
    rows = Channel.objects.filter(organisation=organisation).exclude(state=Channel.State.SETUP)
    local = sorted({channels.title(kind) for kind in rows.values_list("kind", flat=True) if keeping.in_browser(kind)})
    said = ways(organisation, language)
    return {
        "channels": ", ".join(title for title, _words in said),
        "ways": "\n".join(f"- {title}: {words}" for title, words in said),
        "browser": AND.get(language, " und ").join(local),
    }


def _of_cases(organisation: Organisation, language: str) -> dict[str, str]:
    """How long cases keep their person, and to whom they are handed on: "" where there are none."""
    days = sorted(set(Category.objects.filter(organisation=organisation).values_list("keep_days", flat=True)))
    span = "" if not days else str(days[0]) if len(days) == 1 else f"{days[0]} {'to' if language == 'en' else 'bis'} {days[-1]}"
    names = Bridge.objects.filter(organisation=organisation, active=True).order_by("name").values_list("name", flat=True)
    return {"cases": span, "bridges": ", ".join(names)}


def _day(text: str, language: str) -> str:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return ""
    return day(datetime.combine(found, time(12), UTC), "en" if language == "en" else "de")
