"""What followers of a case hear: each step once, in their language, through the one door out; what could not be said is kept.

A step is written down for every follower together with what happened. The first are told as soon as that is committed, the others by the
clock, which also waits for pictures that are still being covered. Never while the case is locked: who writes to us has their thread locked
and asks for the case, and both would wait for each other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from buergerdraht.cases import proposals, words
from buergerdraht.cases.models import Case, Entry, Follower, Photo, Told
from buergerdraht.connectors.contract import Choice, Content, Media, TemplateUse
from buergerdraht.contacts import approved, outreach
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing
from buergerdraht.gateway import files

AT_ONCE = 10  # whoever moved the case waits no longer
PATIENCE = timedelta(minutes=2)  # with a picture that is being covered
PIECE = 100
DONE = Case.State.DONE


def tell(entry: Entry, text: str) -> None:
    """Tell everyone who follows, once each. `text` are our own words in the sentence of the step."""
    entry.told = text
    entry.save(update_fields=["told"])
    rows = entry.case.followers.filter(left_at=None).order_by("pk")
    Told.objects.bulk_create([Told(entry=entry, follower=follower) for follower in rows], ignore_conflicts=True)
    transaction.on_commit(lambda: _those(Told.objects.filter(entry=entry), AT_ONCE), robust=True)


def correct(entry: Entry, wrong: int) -> None:
    """Tell those who heard a step by mistake how it stands; who still waits for that step hears neither."""
    Told.objects.filter(entry=wrong, at=None).delete()
    heard = Told.objects.filter(entry=wrong, refused="", follower__left_at=None).order_by("pk").values_list("follower", flat=True)
    Told.objects.bulk_create([Told(entry=entry, follower_id=follower) for follower in heard], ignore_conflicts=True)
    transaction.on_commit(lambda: _those(Told.objects.filter(entry=entry), AT_ONCE), robust=True)


def go_on(now: datetime) -> int:
    """Tell those who still wait. Returns how many were told."""
    return _those(Told.objects.filter(entry__at__lte=now), PIECE)


def _those(rows: QuerySet[Told], most: int) -> int:
    """Tell so many, each in a transaction of its own."""
    waiting = rows.filter(at=None).order_by("pk").values_list("pk", "follower__contact")[:most]
    return sum(_go_on(number, contact) for number, contact in list(waiting))


@transaction.atomic
def _go_on(number: int, contact: int) -> bool:
    outgoing.thread(Contact.objects.get(pk=contact))  # what is said to somebody is said in order
    told = _waiting().select_for_update(of=("self",), skip_locked=True).filter(pk=number).first()
    if told is None or (_waits(told.entry) and told.entry.at > timezone.now() - PATIENCE):
        return False
    _say(told)
    return True


def _waiting() -> QuerySet[Told]:
    rows = Told.objects.filter(at=None).order_by("pk")
    return rows.select_related("entry__case__organisation", "entry__case__category", "entry__operator", "follower__contact__organisation",
                               "follower__address__channel", "follower__address__contact")  # fmt: skip


def sentence(case: Case, language: str, what: str, text: str) -> str:
    """Say a step in a language, around words of ours; those that were proposed are there in it, too."""
    spoken = proposals.translated(case.organisation, text, language)
    values = {"number": case.number, "category": case.category.title_in(language), "place": case.place, "words": spoken}
    said = words.say(case.organisation, language, f"told_{what}", **values)
    return "\n\n".join(part.strip() for part in said.split("\n\n") if part.strip())


def _correction(case: Case, language: str, state: str) -> str:
    now = words.say(case.organisation, language, f"state_{state}")
    values = {"number": case.number, "category": case.category.title_in(language), "words": now}
    return words.say(case.organisation, language, "told_corrected", **values)


def _say(told: Told) -> None:
    entry, follower = told.entry, told.follower
    case, address, what = entry.case, _reached(follower), str(entry.data.get("to", entry.what))
    corrected = bool(entry.data.get("undo"))
    told.at = timezone.now()
    if address is None:
        told.refused = "unreachable"
    else:
        language = follower.contact.language
        said = Content(
            text=_correction(case, language, what) if corrected else sentence(case, language, what, entry.told),
            media=() if corrected else _pictures(entry), choices=() if corrected else _choices(case, language, what), preview_link=False,
        )  # fmt: skip
        if not outreach.window(address).open and (template := _template(case, address)):
            said = Content(template=template)
        try:
            by = entry.operator if what == "answered" else None  # a step is said by the house, an answer by whoever wrote it
            told.outbound = outreach.send(address, said, purpose="service", operator=by).pk
        except outreach.Refused as refusal:
            told.refused = refusal.reason
    told.save(update_fields=["outbound", "refused", "at"])


def _choices(case: Case, language: str, what: str) -> list[Choice]:
    """At the end they are asked how it was; anybody may say that it is not done."""
    if what != DONE:
        return []
    keys = {"good": "just_good", "undone": "just_undone"}
    return [Choice(id=f"case:{verb}:{case.pk}", title=words.say(case.organisation, language, key)) for verb, key in keys.items()]


def _reached(follower: Follower) -> Address | None:
    """Where they followed from, else where they wrote last."""
    if follower.address.state == Address.State.ACTIVE:
        return follower.address
    rows = Address.objects.filter(contact=follower.contact_id, state=Address.State.ACTIVE).select_related("channel", "contact")
    return rows.order_by("-last_inbound_at").first()


def _photos(entry: Entry) -> QuerySet[Photo]:
    """Pictures that belong to a step: what was done, to be seen; and what a person released."""
    rows = Photo.objects.filter(Q(released=True) | Q(kind=Photo.Kind.AFTER), case=entry.case_id)
    numbers = entry.data.get("photos", ())
    return rows.filter(pk__in=numbers) if entry.data.get("to") != DONE or numbers else rows.filter(kind=Photo.Kind.AFTER)


def _waits(entry: Entry) -> bool:
    return _photos(entry).filter(state=Photo.State.WAITING).exists()


def _pictures(entry: Entry) -> list[Media]:
    """The newest covered one of the step."""
    row = _photos(entry).filter(shown__isnull=False).select_related("shown").order_by("-pk").first()
    return [files.value(row.shown)] if row and row.shown else []


def _template(case: Case, address: Address) -> TemplateUse | None:
    """Fill the category's template: number, category and state, in this order, as far as it asks for them."""
    if not case.category.template:
        return None
    language = address.contact.language
    values = [case.number, case.category.title_in(language), words.say(case.organisation, language, f"state_{case.state}")]
    return approved.filled(address, case.category.template, values)
