"""What a person can do with a phone, on every messenger: where the phone page, the control API and the population meet."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from buergerdraht.simulator.provider import CannotDo, Provider
from buergerdraht.simulator.town import Account, Message, Person, Town


@dataclass
class Citizens:
    town: Town
    providers: dict[str, Provider]

    def of(self, account: Account) -> Provider:
        return self.providers[account.kind]

    def message(self, message_id: str) -> Message:
        message = self.town.messages.get(message_id)
        if message is None:
            raise CannotDo("no such message")
        return message

    def tap(self, account: Account, person: Person, message_id: str, choice: str) -> None:
        self.of(account).tap(account, person, self.message(message_id), choice)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        self.of(account).block(account, person, blocked=blocked)
        self.town.tell("people", person=person.id)

    def open_link(self, person: Person, link: str) -> tuple[Account, str]:
        """Follow a deep link: gives the account and what would be sent; where the messenger sends at once, nothing."""
        parts = urlsplit(link if "//" in link or link.startswith(("mailto:", "sms:")) else f"https://{link}")
        for provider in self.providers.values():
            if found := provider.open_link(person, parts):
                return found
        raise CannotDo("this link leads to no messenger here")
