"""Blueprints as their YAML files say them, checked when they are read: a mistake in a file is told with its place."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError as Unfit
from pydantic import ValidationError

from buergerdraht.blueprints.pieces import FORMS, Blueprint
from buergerdraht.cases import categories, questions
from buergerdraht.dialogs import document
from buergerdraht.dialogs.sections import in_form

DATA = Path(__file__).parent / "data"
LARGEST = {".png": 60_000, ".jpg": 60_000, ".ogg": 100_000, ".mp4": 200_000}  # bytes of a file that comes along
SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one where there is one


class Broken(Exception):
    """A blueprint's file does not say what it must."""


@cache
def all_blueprints() -> dict[str, Blueprint]:
    """Read every file once, in the order of their names."""
    blueprints = [read(path) for path in sorted(DATA.glob("*.yaml"))]
    return {blueprint.key: blueprint for blueprint in blueprints}


def read(path: Path) -> Blueprint:
    try:
        blueprint = Blueprint.model_validate(_with_folder(path))
    except (ValidationError, yaml.YAMLError) as problem:
        raise Broken(f"{path.name}: {problem}") from problem
    if blueprint.key != path.stem:
        raise Broken(f"{path.name}: Der Schlüssel heißt „{blueprint.key}“, die Datei anders.")
    known = {topic.key for topic in blueprint.topics}
    for draft in blueprint.drafts:
        if missing := set(draft.topics) - known:
            raise Broken(f"{path.name}: Der Entwurf „{draft.title}“ nennt unbekannte Themen: {', '.join(sorted(missing))}.")
    _know_teams(path, blueprint)
    _know_categories(path, blueprint)
    _know_dialogs(path, blueprint)
    _know_files(path, blueprint)
    return blueprint


def _with_folder(path: Path) -> dict[str, Any]:
    """A blueprint with what lies in the folder of its name: dialogs/*.yaml, tables/*.yaml, examples/<dialog>.yaml, files/*."""
    found: dict[str, Any] = _loaded(path)
    folder = path.with_suffix("")
    for name in ("dialogs", "tables"):
        found[name] = [*found.get(name, []), *(_loaded(each) for each in sorted((folder / name).glob("*.yaml")))]
    listed = {each.stem: _loaded(each) for each in sorted((folder / "examples").glob("*.yaml"))}
    enclosed = {each.name: each for each in sorted((folder / "files").glob("*"))}
    return {**found, "files": enclosed, "examples": {**found.get("examples", {}), **listed}}


def _loaded(path: Path) -> Any:
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_Plain)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as problem:
        raise Broken(f"{path.name}: {problem}") from problem


def _know_dialogs(path: Path, blueprint: Blueprint) -> None:
    """See that every dialog can be read in both forms of address, and that examples belong to one."""
    keys = [each.get("key", "") for each in blueprint.dialogs]
    if strange := sorted(set(blueprint.examples) - set(keys)):
        raise Broken(f"{path.name}: Proben ohne Dialog: {', '.join(strange)}.")
    for key in keys:
        for form in FORMS:
            try:
                blueprint.dialog(key, form)
            except document.Unreadable as problem:
                raise Broken(f"{path.name}, {key}: {problem}") from problem


def _know_files(path: Path, blueprint: Blueprint) -> None:
    """See that files are small, have names that documents can say, and that each is named somewhere."""
    said = f"{blueprint.dialogs} {[table.rows for table in blueprint.tables]}"
    for name, file in blueprint.files.items():
        largest = LARGEST.get(file.suffix)
        if largest is None or not document.FILE_NAME.fullmatch(name):
            raise Broken(f"{path.name}: „{name}“ ist keine Datei, die ein Baustein mitbringt.")
        if file.stat().st_size > largest:
            raise Broken(f"{path.name}: „{name}“ ist größer als {largest} Byte.")
        if f"'{name}'" not in said:
            raise Broken(f"{path.name}: „{name}“ nennt niemand.")


def _know_categories(path: Path, blueprint: Blueprint) -> None:
    """See that what a category is like is in the set, and that its questions can be read in both forms of address."""
    for each in blueprint.categories:
        if each.like and each.like not in categories.offered():
            raise Broken(f"{path.name}: Eine Kategorie „{each.like}“ gibt es im Satz nicht.")
        for form in FORMS:
            try:
                questions.read(in_form(each.questions, form))
            except Unfit as problem:
                raise Broken(f"{path.name}, {each.key}: {' '.join(problem.messages)}") from problem


def _know_teams(path: Path, blueprint: Blueprint) -> None:
    """See that whatever names a team names one that comes along."""
    named = {answer.team for answer in blueprint.answers if answer.team} | {rule.team for rule in blueprint.rules}
    named |= {blueprint.consultation.team} if blueprint.consultation else set()
    named |= {offer.team for offer in blueprint.offers if offer.team}
    named |= {category.team for category in blueprint.categories if category.team}
    if missing := named - set(blueprint.teams):
        raise Broken(f"{path.name}: Nicht genannte Teams: {', '.join(sorted(missing))}.")


class _Plain(SAFE):  # type: ignore[misc,valid-type]
    """YAML as dialogs are written in it: "on" and "no" are words, "12:30" and "2026-01-01" are texts."""


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":int", ":float", ":bool"))]
    for letter, found in SAFE.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Plain.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(0|[1-9][0-9]{0,8})$"), list("0123456789"))
