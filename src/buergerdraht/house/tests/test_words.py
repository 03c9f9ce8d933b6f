"""What connectors say is German without gettext, so makemessages cannot find it: every sentence must be in the English catalogue."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import buergerdraht
from buergerdraht.connectors import registry
from buergerdraht.connectors.reasons import REASONS

HOUSE = Path(buergerdraht.__file__).parent
CATALOGUE = HOUSE / "connectors/locale/en/LC_MESSAGES/django.mo"
_SENTENCE = re.compile(r"[A-ZÄÖÜ„{].*[ }].*\S", re.DOTALL)
_BLOCKS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_FIELD = re.compile(r"^[a-z_]+: ")  # a mistake names its field in front; the form takes that off


def _imported() -> Iterator[str]:
    """What the connectors' own tables say: reasons, the set-up form, whom a provider admits, the guide."""
    for reason in REASONS.values():
        yield from reason
    for connector in registry.kinds():
        yield connector.about
        yield from connector.guide
        for one in connector.applicants:
            yield from (one.title, one.text)
        for name, field in connector.Config.model_fields.items():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            yield from (field.title or name, field.description or "", str(extra.get("wrong", "")), *extra.get("words", {}).values())
    yield "unbegrenzt"  # whatsapp/health.py


def _written() -> Iterator[str]:
    """Every German sentence in the connectors' code: notes, findings, changes, mistakes."""
    for path in sorted((HOUSE / "connectors").rglob("*.py")):
        if "tests" not in path.parts and path.name != "conftest.py":
            yield from _sentences(ast.parse(path.read_text()))


def _sentences(tree: ast.Module) -> Iterator[str]:
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.BinOp):  # put together at run time: the provider's words in ours
            silent |= {id(inner) for inner in ast.walk(node)}
        elif isinstance(node, _BLOCKS) and node.body and isinstance(node.body[0], ast.Expr):
            silent.add(id(node.body[0].value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            words = _FIELD.sub("", node.value)
            if _SENTENCE.fullmatch(words) and re.search("[a-zäöü]{3}", words):
                yield words


def texts() -> set[str]:
    return {words for words in (*_imported(), *_written()) if words}


def test_everything_a_connector_says_is_in_the_english_catalogue() -> None:
    with CATALOGUE.open("rb") as file:
        english = gettext.GNUTranslations(file)
    missing = sorted(words for words in texts() if english._catalog.get(words) is None)  # type: ignore[attr-defined]
    assert not missing, "\n".join(missing)


def test_english_keeps_the_places_for_values() -> None:
    with CATALOGUE.open("rb") as file:
        english = gettext.GNUTranslations(file)
    for words in texts():
        assert set(re.findall(r"\{\w+\}", words)) == set(re.findall(r"\{\w+\}", english.gettext(words))), words


def test_the_sentences_are_found() -> None:
    """The search above must not run dry unnoticed."""
    found = texts()
    assert "Das Token gehört zum Bot @{name}, eingetragen ist @{username}." in found
    assert "{what} ({details})" in found
    assert "Ohne Signatur braucht es ein Kennwort mit mindestens 16 Zeichen." in found
    assert "Die Nachricht ist leer." in found
    assert len(found) > 150
