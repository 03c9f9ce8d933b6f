"""Blueprints as their YAML files say them, checked when they are read: a mistake in a file is told with its place."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

DATA = Path(__file__).parent / "data"


class Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spoken(Piece):
    """A text for citizens in the two forms of address."""

    sie: str
    du: str


Texts = Annotated[dict[str, str], Field(min_length=1)]  # {language: text}
Addressed = dict[str, str | Spoken]


class TopicPiece(Piece):
    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,30}$")]
    title: Texts
    description: Texts


class Words(Piece):
    """What an organisation says by itself: greeting and away text, and the privacy text of its public page."""

    greeting: Addressed = {}
    away: Addressed = {}
    privacy_text: Addressed = {}


class Draft(Piece):
    title: str
    topics: list[str]
    versions: Addressed


class LabelPiece(Piece):
    name: Annotated[str, Field(max_length=40)]
    tone: Literal["plain", "info", "ok", "warn", "bad"] = "plain"


class AnswerPiece(Piece):
    """A saved answer; without a team it is everybody's."""

    shortcut: Annotated[str, Field(pattern=r"^[a-zäöüß0-9-]{1,30}$")]
    title: Annotated[str, Field(max_length=80)]
    team: str = ""
    texts: Addressed


class RulePiece(Piece):
    """Where a new matter goes that holds one of these words."""

    words: Annotated[list[str], Field(min_length=1)]
    team: str
    label: str = ""


class DeskPiece(Piece):
    """Settings of the inbox; only where the organisation has set none of its own."""

    ask_mark: bool = False
    mark_text: Addressed = {}


class ConsultationPiece(Piece):
    """The first hour, as a draft: on the next such weekday, to be looked over before anybody hears of it."""

    title: Annotated[str, Field(max_length=80)]
    host: Annotated[str, Field(max_length=80)]
    team: str
    topic: str = ""
    weekday: Annotated[int, Field(ge=0, le=6)]  # 0 is Monday
    begins: Annotated[str, Field(pattern=r"^\d\d:\d\d$")]
    ends: Annotated[str, Field(pattern=r"^\d\d:\d\d$")]
    places: int | None = None


class Blueprint(Piece):
    key: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    edition: int = 1
    icon: str
    title: str
    summary: str
    suits: str
    advice: list[str] = []
    teams: list[str] = []
    topics: list[TopicPiece] = []
    words: Words = Words()
    drafts: list[Draft] = []
    labels: list[LabelPiece] = []
    answers: list[AnswerPiece] = []
    rules: list[RulePiece] = []
    desk: DeskPiece | None = None
    consultation: ConsultationPiece | None = None


class Broken(Exception):
    """A blueprint's file does not say what it must."""


@cache
def all_blueprints() -> dict[str, Blueprint]:
    """Read every file once, in the order of their names."""
    blueprints = [read(path) for path in sorted(DATA.glob("*.yaml"))]
    return {blueprint.key: blueprint for blueprint in blueprints}


def read(path: Path) -> Blueprint:
    try:
        blueprint = Blueprint.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as problem:
        raise Broken(f"{path.name}: {problem}") from problem
    if blueprint.key != path.stem:
        raise Broken(f"{path.name}: Der Schlüssel heißt „{blueprint.key}“, die Datei anders.")
    known = {topic.key for topic in blueprint.topics}
    for draft in blueprint.drafts:
        if missing := set(draft.topics) - known:
            raise Broken(f"{path.name}: Der Entwurf „{draft.title}“ nennt unbekannte Themen: {', '.join(sorted(missing))}.")
    _know_teams(path, blueprint)
    return blueprint


def _know_teams(path: Path, blueprint: Blueprint) -> None:
    """See that whatever names a team names one that comes along."""
    named = {answer.team for answer in blueprint.answers if answer.team} | {rule.team for rule in blueprint.rules}
    named |= {blueprint.consultation.team} if blueprint.consultation else set()
    if missing := named - set(blueprint.teams):
        raise Broken(f"{path.name}: Nicht genannte Teams: {', '.join(sorted(missing))}.")


def said(texts: Addressed, language: str, form: str) -> str:
    """Choose a text in a language and form of address; empty where there is none."""
    text = texts.get(language, "")
    return (text.du if form == "du" else text.sie) if isinstance(text, Spoken) else text
