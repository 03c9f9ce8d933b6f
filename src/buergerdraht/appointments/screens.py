"""What the pages of appointments show: the day of a team, one booking, the times of a day to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.appointments import reading
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.appointments.times import BERLIN
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts import finding
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.reading import defused
from buergerdraht.conversations import sight

State = Booking.State
TONES = {
    State.HELD: ("plain", gettext_noop("vorgemerkt")),
    State.BOOKED: ("info", gettext_noop("gebucht")),
    State.CANCELLED: ("plain", gettext_noop("abgesagt")),
    State.DONE: ("success", gettext_noop("erledigt")),
    State.MISSED: ("warning", gettext_noop("nicht gekommen")),
}
UNSAID = {"reminder": gettext_noop("nicht erinnert"), "booked": gettext_noop("keine Bestätigung")}
SHORT_WHY = {
    "window_closed": gettext_noop("Fenster zu"), "stopped": gettext_noop("hat STOPP geschrieben"), "blocked": gettext_noop("blockiert"),
    "barred": gettext_noop("von uns gesperrt"), "unreachable": gettext_noop("keine Adresse"),
}  # fmt: skip
MOST_FOUND = 10


@dataclass(frozen=True)
class Line:
    """A booking as a member may see it: of whom they may not see, only that the desk is taken."""

    row: Booking
    visible: bool

    @property
    def who(self) -> str:
        if not self.visible:
            return _("nicht für Sie sichtbar")
        if self.row.emptied:
            return _("Daten gelöscht")
        return (self.row.contact.name if self.row.contact else self.row.name) or _("ohne Namen")

    @property
    def badge(self) -> tuple[str, str]:
        tone, words = TONES[State(self.row.state)]
        return tone, _(words)

    @property
    def by(self) -> str:
        if self.row.state != State.CANCELLED:
            return ""
        return {Booking.By.OPERATOR: _("von uns"), Booking.By.CLOCK: _("Vormerkung abgelaufen")}.get(
            Booking.By(self.row.ended_by), _("von der Bürgerin oder dem Bürger")
        )

    @property
    def unsaid(self) -> str:
        """Say what they were not told and why: "nicht erinnert: Fenster zu"."""
        key, _colon, reason = self.row.unreached.partition(":")
        if not key:
            return ""
        why = SHORT_WHY.get(reason)
        return f"{_(UNSAID.get(key, 'nicht benachrichtigt'))}: {_(why or REASONS.get(reason, REASONS['unknown']).title)}"


def day_of(text: str | None) -> date:
    """Read a day of an address; today where it is none."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return timezone.localdate()
    return found if 2000 < found.year < 2100 else timezone.localdate()


def lines(membership: Membership, day: date, team: int | None) -> list[Line]:
    """The bookings of a day in order; what was only held for a while and let go is nobody's business."""
    rows = of_day(membership.organisation, day, team)
    mine = set(reading.seen(membership).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    return [Line(row, row.pk in mine) for row in rows]


def of_day(organisation: Organisation, day: date, team: int | None) -> Sequence[Booking]:
    begin, end = reading.span(day)
    rows: QuerySet[Booking] = Booking.objects.filter(organisation=organisation, begins_at__gte=begin, begins_at__lt=end)
    if team is not None:
        rows = rows.filter(offer__team=team)
    rows = rows.exclude(state=State.CANCELLED, held_until__isnull=False).exclude(state=State.HELD, held_until__lte=timezone.now())
    return list(
        rows.select_related("offer__organisation", "offer__team", "contact__conversation").order_by("begins_at", "offer__key", "desk")
    )


def listing(membership: Membership, day: date, team: int | None) -> dict[str, Any]:
    """Everything the page of a day shows."""
    found = lines(membership, day, team)
    states = Counter(line.row.state for line in found)
    offers = reading.offers(membership.organisation)
    if team is not None:
        offers = offers.filter(team=team)
    now = timezone.now()
    begin, end = reading.span(day)
    return {
        "day": day, "before": day - timedelta(days=1), "after": day + timedelta(days=1), "today": timezone.localdate(), "lines": found,
        "booked": states[State.BOOKED] + states[State.HELD], "done": states[State.DONE], "missed": states[State.MISSED],
        "free": sum(slot.free for offer in offers for slot in reading.slots(offer, max(begin, now), end, now)),
        "closed": day in reading.closed_days(membership.organisation, day, day),
        "offers": Offer.objects.filter(organisation=membership.organisation_id).exists(),
    }  # fmt: skip


def choose(offer: Offer, day: date) -> dict[str, Any]:
    """The times of a day for somebody at the desk, and the next day on which there are some."""
    now = timezone.now()
    begin, end = reading.span(day)
    found = list(reading.slots(offer, max(begin, now), end, now))
    later = next(iter(reading.slots(offer, max(end, now), max(end, now) + timedelta(days=120), now)), None)
    return {
        "offer": offer, "day": day, "before": day - timedelta(days=1), "after": day + timedelta(days=1), "today": timezone.localdate(),
        "slots": [(int(slot.begins_at.timestamp()), slot.begins_at, slot.free) for slot in found],
        "next": later.day if later else None,
    }  # fmt: skip


def moment(text: str | None) -> datetime | None:
    """Read a time that was chosen."""
    return datetime.fromtimestamp(int(text), UTC) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def people(membership: Membership, query: str) -> list[Contact]:
    """Find whom one may book for: those whose thread this member may see."""
    found = finding.search(membership.organisation_id, query).exclude(state=Contact.State.ERASED)
    found = found.exclude(pk__in=sight.hidden_contacts(membership).values("pk"))
    return list(found.prefetch_related("addresses__channel").order_by("-last_seen_at", "-pk")[:MOST_FOUND])


def table(found: Sequence[Line]) -> Iterator[list[str]]:
    """Give a day for a spreadsheet, line by line."""
    yield [_("Beginn"), _("Ende"), _("Angebot"), _("Platz"), _("Person"), _("Vermerk"), _("Terminnummer"), _("Stand")]
    for line in found:
        row = line.row
        cells = [
            f"{row.begins_at.astimezone(BERLIN):%H:%M}", f"{row.ends_at.astimezone(BERLIN):%H:%M}", row.offer.title_in("de"), str(row.desk),
            line.who, row.note if line.visible else "", row.shown_code, line.badge[1],
        ]  # fmt: skip
        yield [defused(cell) for cell in cells]
