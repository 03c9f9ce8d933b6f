"""Each way says what it keeps of a person; a place where nobody is met says nothing."""

from __future__ import annotations

import pytest

from buergerdraht.connectors import registry
from buergerdraht.gateway import keeping

PEOPLE = [each.kind for each in registry.kinds() if each.reach == "people"]


@pytest.mark.parametrize("kind", PEOPLE)
def test_every_way_to_people_says_what_it_keeps(kind: str) -> None:
    texts = {language: keeping.kept(kind, language) for language in ("de", "en", "de-simple")}
    assert all(texts.values())
    assert len(set(texts.values())) == 3, "said in German, in English and in easy words"


def test_who_speaks_another_language_reads_english() -> None:
    assert keeping.kept("threema", "tr") == keeping.kept("threema", "en")
    assert "400 days" in keeping.kept("threema", "uk")


def test_keys_are_known_for_what_they_are() -> None:
    assert {kind for kind in PEOPLE if keeping.is_secret(kind)} == {"webpush", "webchat"}
    assert {kind for kind in PEOPLE if keeping.in_browser(kind)} == {"webpush", "webchat"}


def test_where_nobody_is_met_nothing_is_kept() -> None:
    for kind in ("telegram_channel", "whatsapp_channel", "taubenpost"):
        assert keeping.kept(kind, "de") == keeping.beside(kind, "de") == ""
