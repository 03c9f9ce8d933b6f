"""What a blueprint brings to the inbox and the mayor's hour: labels, saved answers, rules, settings, the first hour as a draft."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.blueprints.models import SwitchedOn
from buergerdraht.blueprints.pieces import Addressed, Blueprint, ConsultationPiece, said
from buergerdraht.blueprints.step import Step
from buergerdraht.consultations import actions as consultations
from buergerdraht.consultations.models import Consultation
from buergerdraht.conversations.models import AssignmentRule, Desk, Label, SavedAnswer


def steps(organisation: Organisation, blueprint: Blueprint, operator: Operator | None) -> list[Step]:
    made = {
        name
        for names in SwitchedOn.objects.filter(organisation=organisation, key=blueprint.key).values_list("made", flat=True)
        for name in names
    }
    return [
        *_labels(organisation, blueprint),
        *_answers(organisation, blueprint, made),
        *_rules(organisation, blueprint, made),
        *_desk(organisation, blueprint),
        *_consultation(organisation, blueprint, made, operator),
    ]


def _labels(organisation: Organisation, blueprint: Blueprint) -> Iterator[Step]:
    there = set(Label.objects.filter(organisation=organisation).values_list("name", flat=True))
    for piece in blueprint.labels:
        make = None if piece.name in there else Label(organisation=organisation, name=piece.name, tone=piece.tone).save
        yield Step("label", f"label:{piece.name}", piece.name, "", make)


def _answers(organisation: Organisation, blueprint: Blueprint, made: set[str]) -> Iterator[Step]:
    """One that was made once is not made again, even when it was renamed or thrown away."""
    there = set(SavedAnswer.objects.filter(organisation=organisation).values_list("shortcut", flat=True))
    for piece in blueprint.answers:
        name, texts = f"answer:{piece.shortcut}", _spoken(organisation, piece.texts)

        def write(shortcut: str = piece.shortcut, title: str = piece.title, team: str = piece.team, texts: dict[str, str] = texts) -> None:
            SavedAnswer.objects.create(
                organisation=organisation, shortcut=shortcut, title=title, team=_team(organisation, team), texts=texts
            )  # fmt: skip

        known = piece.shortcut in there or name in made
        yield Step("answer", name, f"{piece.title} (/{piece.shortcut})", texts.get("de", ""), None if known else write)


def _rules(organisation: Organisation, blueprint: Blueprint, made: set[str]) -> Iterator[Step]:
    last = AssignmentRule.objects.filter(organisation=organisation).count()
    for number, piece in enumerate(blueprint.rules):
        name = f"rule:{blueprint.key}:{number}"

        def write(position: int = last + number, words: list[str] = piece.words, team: str = piece.team, label: str = piece.label) -> None:
            AssignmentRule.objects.create(
                organisation=organisation, position=position, words=words, team=_team(organisation, team),
                label=Label.objects.filter(organisation=organisation, name=label).first(),
            )  # fmt: skip

        title = _("Wörter: %(words)s") % {"words": ", ".join(piece.words)}
        yield Step("rule", name, title, _("gehen an: %(team)s") % {"team": piece.team}, None if name in made else write)


def _desk(organisation: Organisation, blueprint: Blueprint) -> Iterator[Step]:
    piece = blueprint.desk
    if piece is None or not piece.ask_mark:
        return
    texts = _spoken(organisation, piece.mark_text)
    there = Desk.objects.filter(organisation=organisation).exists()

    def write() -> None:
        Desk.objects.create(organisation=organisation, ask_mark=True, mark_text=texts)

    title = _("Nach dem Schließen fragen, wie es war (1 bis 5)")
    yield Step("desk", "desk:ask_mark", title, texts.get("de", ""), None if there else write)


def _consultation(organisation: Organisation, blueprint: Blueprint, made: set[str], operator: Operator | None) -> Iterator[Step]:
    piece, name = blueprint.consultation, f"consultation:{blueprint.key}"
    if piece is None:
        return

    def write(piece: ConsultationPiece = piece) -> None:
        begins, ends = _next(organisation, piece.weekday, piece.begins), _next(organisation, piece.weekday, piece.ends)
        row = Consultation(
            organisation=organisation, title=piece.title, host=piece.host, team=_team(organisation, piece.team),
            topic=organisation.topics.filter(key=piece.topic).first(), places=piece.places, begins_at=begins, ends_at=ends,
        )  # fmt: skip
        consultations.save(row, operator=operator)

    there = name in made or Consultation.objects.filter(organisation=organisation).exists()
    day = hours.DAY_NAMES["de"][piece.weekday]
    detail = _("%(day)s, %(begins)s bis %(ends)s Uhr; niemand hört davon, bevor Sie sie veröffentlichen") % {
        "day": day, "begins": piece.begins, "ends": piece.ends,
    }  # fmt: skip
    yield Step("consultation", name, f"{piece.title}: {piece.host}", detail, None if there else write)


def _next(organisation: Organisation, weekday: int, clock: str) -> datetime:
    """The next such weekday at least three days off: time enough to announce it. Holidays and closed days are passed over."""
    day = timezone.localdate() + timedelta(days=3)
    while day.weekday() != weekday or day in hours.holidays_of(organisation.land, day.year) or day.isoformat() in organisation.closed_days:
        day += timedelta(days=1)
    return datetime.combine(day, time.fromisoformat(clock), hours.BERLIN)


def _team(organisation: Organisation, name: str) -> Team | None:
    return Team.objects.filter(organisation=organisation, name=name).first() if name else None


def _spoken(organisation: Organisation, texts: Addressed) -> dict[str, str]:
    languages = organisation.languages or ["de"]
    pairs: list[tuple[str, str]] = [(language, said(texts, language, organisation.address_form)) for language in languages]
    return {language: text.strip() for language, text in pairs if text}
