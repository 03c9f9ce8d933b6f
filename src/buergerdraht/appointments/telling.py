"""Tell citizens about their booking through the one door out; where we may not write, the booking says so to people."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator
from buergerdraht.appointments.models import Booking
from buergerdraht.appointments.texts import say, told
from buergerdraht.connectors.contract import Choice, Content, TemplateUse
from buergerdraht.contacts import approved, outreach
from buergerdraht.contacts.models import Address

PREFIX = "appt:"
VALUES = 3  # that a template may ask for: what, when and where


def tell(booking: Booking, key: str, *, reason: str = "", operator: Operator | None = None) -> bool:
    """Say one of our sentences about a booking in the citizen's language. What cannot be said is noted on it; the caller saves.

    The thread is locked already, and the booking after it: once said it is not said again, whenever the power fails.
    """
    address, contact = reached(booking), booking.contact
    if contact is None:
        return False
    text = told(booking, contact.language, key, reason=f"\n\n{reason}" if reason else "")
    content = Content(text=text, choices=choices(booking, contact.language) if key == "reminder" else (), preview_link=False)
    booking.unreached = f"{key}:unreachable" if address is None else ""
    if address is not None:
        try:
            _send(booking, address, content, operator)
        except outreach.Refused as refused:
            booking.unreached = f"{key}:{refused.reason}"
    return not booking.unreached


def _send(booking: Booking, address: Address, content: Content, operator: Operator | None) -> None:
    """Send it as it is, or as the offer's template where the window is closed. After the beginning a reminder helps nobody."""
    expires = booking.begins_at if content.choices else None
    if not outreach.window(address).open and content.choices and (template := _template(booking, address)):
        content = Content(template=template)
    outreach.send(address, content, purpose="service", operator=operator, expires_at=expires)


def reached(booking: Booking) -> Address | None:
    """Where they booked, else where they wrote last."""
    if booking.address:
        return booking.address
    rows = Address.objects.filter(contact=booking.contact_id, organisation=booking.organisation_id, state=Address.State.ACTIVE)
    return rows.select_related("contact", "channel").order_by("-last_inbound_at").first() if booking.contact_id else None


def choices(booking: Booking, language: str) -> Sequence[Choice]:
    """What may be done about a booking."""
    organisation = booking.offer.organisation
    return [
        Choice(id=f"{PREFIX}{verb}:{booking.pk}", title=say(organisation, language, f"do_{verb}")) for verb in ("move", "cancel", "keep")
    ]


def _template(booking: Booking, address: Address) -> TemplateUse | None:
    """Fill the offer's template: what, when and where, in this order, as far as it asks for them."""
    language, offer = address.contact.language, booking.offer
    values = [offer.title_in(language), hours.spoken(booking.begins_at, language), offer.place or offer.link or offer.organisation.name]
    return approved.filled(address, offer.template, values)
