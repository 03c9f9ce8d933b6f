"""Switch a blueprint on. What is there already stays as it is, so switching on twice changes nothing and edits are never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.blueprints import categories_step, desk, dialogs_step
from buergerdraht.blueprints.models import SwitchedOn
from buergerdraht.blueprints.pieces import Blueprint, said
from buergerdraht.blueprints.step import Step
from buergerdraht.broadcasts import actions as broadcasts
from buergerdraht.connectors.contract import Content, to_json
from buergerdraht.contacts.models import Topic

LANGUAGES = {
    "de": "Deutsch",
    "en": "English",
    "ar": "العربية",
    "tr": "Türkçe",
    "uk": "Українська",
    "ru": "Русский",
    "pl": "Polski",
    "fr": "Français",
}

TEXT_TITLES = {
    "greeting": _("Begrüßung"),
    "away": _("Abwesenheitstext"),
    "privacy_text": _("Datenschutztext"),
}


def plan(organisation: Organisation, blueprint: Blueprint, operator: Operator | None = None) -> list[Step]:
    """Say what switching on would create and what it would leave untouched. Changes nothing."""
    return [
        *_topics(organisation, blueprint),
        *_texts(organisation, blueprint),
        *_teams(organisation, blueprint),
        *_drafts(organisation, blueprint, operator),
        *desk.steps(organisation, blueprint, operator),
        *categories_step.steps(organisation, blueprint, operator),
        *dialogs_step.steps(organisation, blueprint, operator),
    ]


@transaction.atomic
def switch_on(organisation: Organisation, blueprint: Blueprint, *, operator: Operator | None) -> list[Step]:
    """Create what is missing and tell what was created."""
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    new = []
    for step in plan(locked, blueprint, operator):
        if step.make is not None:
            step.make()
            new.append(step)
    made = [step.name for step in new]
    SwitchedOn.objects.create(organisation=locked, key=blueprint.key, edition=blueprint.edition, made=made, operator=operator)
    audit.record(locked, "blueprints.switch_on", operator=operator, subject=f"blueprint:{blueprint.key}", made=made)
    return new


def _topics(organisation: Organisation, blueprint: Blueprint) -> Iterator[Step]:
    there = set(organisation.topics.values_list("key", flat=True))
    for position, piece in enumerate(blueprint.topics):
        languages = organisation.languages or ["de"]
        topic = Topic(
            organisation=organisation,
            key=piece.key,
            title=_in(piece.title, languages),
            description=_in(piece.description, languages),
            position=len(there) + position,
        )
        make = None if piece.key in there else topic.save
        yield Step("topic", f"topic:{piece.key}", piece.title["de"], piece.description["de"], make)


def _texts(organisation: Organisation, blueprint: Blueprint) -> Iterator[Step]:
    for field, title in TEXT_TITLES.items():
        texts = getattr(blueprint.words, field)
        for language in organisation.languages or ["de"]:
            if text := said(texts, language, organisation.address_form):
                text = text.replace("{organisation}", organisation.name).strip()
                make = None if getattr(organisation, field).get(language) else _writing(organisation, field, language, text)
                yield Step("text", f"text:{field}:{language}", f"{title}, {LANGUAGES.get(language, language)}", text, make)


def _writing(organisation: Organisation, field: str, language: str, text: str) -> Callable[[], object]:
    def write() -> None:
        setattr(organisation, field, {**getattr(organisation, field), language: text})
        organisation.save(update_fields=[field])

    return write


def _teams(organisation: Organisation, blueprint: Blueprint) -> Iterator[Step]:
    there = set(organisation.teams.values_list("name", flat=True))
    for name in blueprint.teams:
        make = None if name in there else Team(organisation=organisation, name=name).save
        yield Step("team", f"team:{name}", name, "", make)


def _drafts(organisation: Organisation, blueprint: Blueprint, operator: Operator | None) -> Iterator[Step]:
    """A sample that was made once is not made again, even when it was renamed or thrown away."""
    switched = SwitchedOn.objects.filter(organisation=organisation, key=blueprint.key)
    made = {name for names in switched.values_list("made", flat=True) for name in names}
    there = set(organisation.broadcasts.values_list("title", flat=True))
    for number, draft in enumerate(blueprint.drafts):
        name = f"draft:{blueprint.key}:{number}"
        versions = {
            language: to_json(Content(text=text.strip()))
            for language in organisation.languages or ["de"]
            if (text := said(draft.versions, language, organisation.address_form))
        }

        def write(draft_title: str = draft.title, keys: list[str] = draft.topics, versions: dict[str, object] = versions) -> None:
            ids = list(organisation.topics.filter(key__in=keys).values_list("id", flat=True))
            broadcasts.create(organisation, operator=operator, title=draft_title, versions=versions, audience={"topics": ids})

        text = said(draft.versions, "de", organisation.address_form)
        yield Step("draft", name, draft.title, text.strip(), None if name in made or draft.title in there else write)


def _in(texts: dict[str, str], languages: list[str]) -> dict[str, str]:
    return {language: text for language, text in texts.items() if language in languages} or {"de": texts["de"]}
