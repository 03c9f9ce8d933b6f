"""The word EINSTELLUNGEN in any messenger: answered with the link to one's own page."""

from __future__ import annotations

from buergerdraht.contacts import words
from buergerdraht.contacts.answers import answer
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.website import subscribing

SAID = {
    words.plain(each) for each in ("Einstellungen", "meine Einstellungen", "Settings", "my settings", "preferences", "الإعدادات", "ayarlar")
}


def take(incoming: Incoming) -> bool:
    """Answer whoever asks for their settings; leave all others to the next."""
    if incoming.event.kind != "text" or len(incoming.event.text) > 40 or words.plain(incoming.event.text) not in SAID:
        return False
    title, text = subscribing.settings_letter(incoming.address, incoming.contact.language)
    answer(incoming, f"**{title}**\n{text}")
    return True
