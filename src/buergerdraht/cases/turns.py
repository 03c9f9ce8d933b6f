"""One turn of a report: the draft, what it holds, and whom it is said to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import report, words
from buergerdraht.cases.models import Category, Draft
from buergerdraht.cases.report import Report
from buergerdraht.connectors.contract import Choice, Content, Media
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.proof import lately_proven

ERRAND = "case"
PREFIX = "case:"


@dataclass
class Turn:
    """`before` is said ahead of the next question, in one message with it."""

    draft: Draft
    report: Report
    before: str = ""
    asks_at: datetime | None = None  # the clock was about to ask
    proven: bool = True  # it surely is from whom it says

    @classmethod
    def of(cls, draft: Draft, incoming: Incoming) -> Turn:
        """The turn of a message: whoever goes on elsewhere is answered there."""
        draft.contact, draft.address = incoming.contact, incoming.address
        asks_at, draft.asks_at = draft.asks_at, None
        return cls(draft, report.load(draft.content), asks_at=asks_at, proven=lately_proven(incoming))

    @classmethod
    def again(cls, draft: Draft) -> Turn:
        """The turn of the clock."""
        return cls(draft, report.load(draft.content))

    @property
    def contact(self) -> Contact:
        return self.draft.contact

    @property
    def organisation(self) -> Organisation:
        return self.draft.contact.organisation

    @property
    def category(self) -> Category | None:
        return self.draft.category

    @property
    def language(self) -> str:
        return self.draft.contact.language

    def say(self, key: str, **values: str) -> str:
        return words.say(self.organisation, self.language, key, **values)

    def keep(self) -> None:
        self.draft.content = report.dump(self.report)
        self.draft.save()

    def tell(self, text: str, choices: Sequence[Choice] = (), media: Sequence[Media] = ()) -> None:
        """Send a sentence, with what was to be said before it."""
        text = "\n\n".join(part for part in (self.before, text) if part)
        self.before = ""
        content = Content(text=text, choices=choices, choices_label=self.say("label"), media=media, preview_link=False)
        with suppress(outreach.Refused):  # the draft stays: who is reached again goes on
            outreach.send(self.draft.address, content, purpose="service")

    def rest(self) -> bool:
        """Leave this message, and what comes next, to people; the offer's buttons still stand. Says False: it is not taken."""
        contacts.send_on(self.contact, "")
        self.keep()
        return False

    def end(self) -> None:
        """Let the draft go."""
        contacts.send_on(self.contact, "")
        if self.draft.pk:
            self.draft.delete()
