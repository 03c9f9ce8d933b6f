"""What stands on buttons is in the language of whoever sees them."""

from __future__ import annotations

from buergerdraht.accounts.models import Organisation
from buergerdraht.conversations.models import Message
from buergerdraht.dialogs.tests.conftest import Say, make_live

IN_MENU = """
key: {key}
title: {{de: Sperrmüll anmelden, en: Bulky waste}}
languages: [de, en]
triggers: [{{on: menu{title}}}]
steps:
- {{id: a, kind: say, text: {{de: Lesen Sie., en: Read this.}}, link: "https://musterstadt.example"}}
- {{id: b, kind: ask, text: {{de: "Wo?", en: "Where?"}}}}
"""


def _choices() -> list[str]:
    titles: list[str] = Message.objects.filter(author="bot", data__choices__isnull=False).order_by("-pk")[0].data["choices"]
    return titles


def test_the_menu_speaks_the_language_of_whoever_asks_for_it(say: Say, town: Organisation) -> None:
    make_live(town, IN_MENU.format(key="bulky", title=""))
    make_live(town, IN_MENU.format(key="tree", title=", title: {de: Baum, en: Tree}"))
    make_live(town, IN_MENU.format(key="half", title=", title: {de: Kurz}"))
    say("paula", "Menü")
    assert _choices() == ["Sperrmüll anmelden", "Baum", "Kurz"]
    assert "What can I do for you?" in say("ann", "menu", language="en")
    assert _choices() == ["Bulky waste", "Tree", "Bulky waste"]
    say("yusuf", "Menü", language="tr")
    assert _choices() == ["Sperrmüll anmelden", "Baum", "Kurz"]
    assert "Where?" in say("ann", "tree", language="en")


def test_a_link_without_a_title_is_opened_in_their_language(say: Say, town: Organisation) -> None:
    make_live(town, IN_MENU.format(key="tree", title=", title: {de: Baum, en: Tree}"))
    say("ann", "menu", language="en")
    say("ann", "tree", language="en")
    assert _choices() == ["Open"]
    say("paula", "Menü")
    say("paula", "Baum")
    assert _choices() == ["Öffnen"]
