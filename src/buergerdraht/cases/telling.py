"""What followers of a case hear: each step once, in their language, through the one door out; what could not be said is kept."""

from __future__ import annotations

from buergerdraht.accounts.models import Operator
from buergerdraht.cases import words
from buergerdraht.cases.models import Case, Entry, Follower, Told
from buergerdraht.connectors.contract import Content, Media, TemplateUse
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import files
from buergerdraht.gateway.models import MessageTemplate


def tell(entry: Entry, text: str, *, operator: Operator | None = None) -> int:
    """Tell everyone who follows, once each. `text` are our own words in the sentence of the step. Returns how many were reached."""
    reached = 0
    rows = entry.case.followers.filter(left_at=None).select_related("contact__organisation", "address__channel", "address__contact")
    for follower in rows.order_by("pk"):
        told, made = Told.objects.get_or_create(entry=entry, follower=follower)
        if made:
            reached += _say(told, follower, entry, text, operator)
    return reached


def sentence(case: Case, language: str, what: str, text: str) -> str:
    """Say a step in a language, around words of ours."""
    values = {"number": case.number, "category": case.category.title_in(language), "place": case.place, "words": text}
    return words.say(case.organisation, language, f"told_{what}", **values).strip()


def _say(told: Told, follower: Follower, entry: Entry, text: str, operator: Operator | None) -> bool:
    case, address = entry.case, _reached(follower)
    if address is None:
        told.refused = "unreachable"
    else:
        said = Content(
            text=sentence(case, follower.contact.language, entry.data.get("to", entry.what), text),
            media=_pictures(entry),
            preview_link=False,
        )
        if not outreach.window(address).open and (template := _template(case, address)):
            said = Content(template=template)
        try:
            told.outbound = outreach.send(address, said, purpose="service", operator=operator).pk
        except outreach.Refused as refusal:
            told.refused = refusal.reason
    told.save(update_fields=["outbound", "refused"])
    return told.outbound is not None


def _reached(follower: Follower) -> Address | None:
    """Where they followed from, else where they wrote last."""
    if follower.address.state == Address.State.ACTIVE:
        return follower.address
    rows = Address.objects.filter(contact=follower.contact_id, state=Address.State.ACTIVE).select_related("channel", "contact")
    return rows.order_by("-last_inbound_at").first()


def _pictures(entry: Entry) -> list[Media]:
    """Released pictures that belong to the step: what was done, to be seen."""
    rows = entry.case.photos.filter(pk__in=entry.data.get("photos", ()), released=True, shown__isnull=False).select_related("shown")
    return [files.value(row.shown) for row in rows if row.shown][:1]


def _template(case: Case, address: Address) -> TemplateUse | None:
    """Fill the category's template: number, category and state, in this order, as far as it asks for them."""
    if not case.category.template:
        return None
    language = address.contact.language
    rows = MessageTemplate.objects.filter(channel=address.channel_id, name=case.category.template, status__iexact="approved", paused=False)
    spoken = {row.language.split("_")[0]: row for row in rows.order_by("-language")}
    row = spoken.get(language) or spoken.get(case.organisation.language) or next(iter(spoken.values()), None)
    values = [case.number, case.category.title_in(language), words.say(case.organisation, language, f"state_{case.state}")]
    wanted = list(row.template.get("variables", [])) if row else []
    if row is None or len(wanted) > len(values):
        return None
    return TemplateUse(name=row.name, language=row.language, body=dict(zip(wanted, values, strict=False)))
