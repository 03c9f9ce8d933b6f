"""What became of dialogs: walks with their answers, what happened at each step, what was not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Membership
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.conversations import care, sight
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import sessions
from buergerdraht.dialogs.examples import DONE, ENDED
from buergerdraht.dialogs.labels import Labels
from buergerdraht.dialogs.models import Dialog, Session, Trace

State = Session.State
STATES = {
    State.RUNNING: ("info", gettext_lazy("läuft")), State.KNOCKS: ("info", gettext_lazy("Vorlage gesendet")),
    State.HELD: ("warning", gettext_lazy("angehalten")),
    State.DONE: ("success", gettext_lazy("zu Ende geführt")), State.HANDED: ("warning", gettext_lazy("übergeben")),
    State.LEFT: ("plain", gettext_lazy("verlassen")), State.EXPIRED: ("plain", gettext_lazy("abgelaufen")),
    State.ENDED: ("plain", gettext_lazy("beendet")),
}  # fmt: skip
COLUMNS = (
    ("reached", gettext_lazy("begonnen")), ("answered", gettext_lazy("beantwortet")),
    ("misunderstood", gettext_lazy("nicht verstanden")), ("handed", gettext_lazy("übergeben")),
    ("left", gettext_lazy("verlassen")), ("expired", gettext_lazy("abgelaufen")), ("unsaid", gettext_lazy("nicht gesagt")),
)  # fmt: skip
DAYS = (7, 30, 90)
MOST_TEXTS = 20  # of one step


@dataclass(frozen=True)
class WalkLine:
    """A walk in the list; `conversation` None where its thread is hidden from whoever looks."""

    session: Session
    name: str
    conversation: int
    badge: tuple[str, str]
    step: str
    answers: Sequence[tuple[str, str]]
    unsaid: str = ""  # why it could not speak when it would have


def walks(dialog: Dialog, membership: Membership, state: str) -> QuerySet[Session]:
    """The walks of a dialog this member may see, newest first."""
    threads = sight.conversations(membership).values("contact")
    rows = Session.objects.filter(dialog=dialog, organisation=membership.organisation_id, contact__in=threads)
    rows = rows.filter(state=state) if state in State.values else rows
    return rows.select_related("contact", "version", "address__channel").order_by("-started_at", "-pk")


def walk(session: Session, dialog: Dialog) -> WalkLine:
    """A walk with its answers."""
    kept = sessions.walk_of(session)
    thread = Conversation.objects.filter(contact=session.contact_id).values_list("pk", flat=True).first() or 0
    tone, words = STATES[State(session.state)]
    labels = Labels(session.version.document, kept.language)
    at = labels.step(session.step) if session.step in labels.steps else ""
    answers = [(title or name, shown) for name, title, shown in kept.shown]
    unsaid = _(REASONS[kept.unsaid].title) if kept.unsaid in REASONS else kept.unsaid
    return WalkLine(session, session.contact.name or _("ohne Namen"), thread, (tone, str(words)), at, answers, unsaid)


def traced(dialog: Dialog, days: int) -> dict[str, Counter[str]]:
    """What happened at each step in so many days. A step is reached once by each walk, however often it comes back to it."""
    since = timezone.now() - timedelta(days=days)
    found: dict[str, Counter[str]] = {}
    rows = Trace.objects.filter(dialog=dialog, organisation=dialog.organisation_id, at__gte=since)
    for step, happened, n in rows.order_by().values_list("step", "what").annotate(n=Count("pk")):
        found.setdefault(step, Counter())[happened] += n
    return found


def misunderstood(dialog: Dialog, membership: Membership, step: str, days: int) -> list[str]:
    """What citizens wrote at a step and was not understood: newest first, numbers that are nobody's business masked, each once."""
    since = timezone.now() - timedelta(days=days)
    threads = sight.conversations(membership).values("contact")
    rows = Trace.objects.filter(
        dialog=dialog, organisation=membership.organisation_id, step=step, what="misunderstood", at__gte=since, session__contact__in=threads
    )  # fmt: skip
    texts = (care.mask(text).strip() for text in rows.order_by("-at").values_list("text", flat=True)[: MOST_TEXTS * 5])
    return list(dict.fromkeys(text for text in texts if text))[:MOST_TEXTS]


def move_words(move: Mapping[str, Any]) -> tuple[str, str]:
    """A move of an example in words, and whose it is."""
    from buergerdraht.dialogs.phone_views import spoken

    if "expect" in move:
        return "in", str(move["expect"])
    if "choices" in move:
        return "in", _("Zur Auswahl: %(titles)s") % {"titles": ", ".join(map(str, move["choices"]))}
    if "state" in move:
        return "note", str(ENDED.get(str(move["state"]), _("Der Dialog läuft noch.")))
    if "note" in move:
        return "note", str(DONE.get(str(move["note"]), move["note"]))
    return "out", spoken(move)
