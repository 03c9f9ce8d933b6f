"""Move to another messenger by a code: topics, consents, cases and conversations come along, and nobody needs an account for it.

A code is asked for where one is known ("WECHSELN"), and sent where one wants to be reached from now on, typed or by a deep link
that carries it. Whoever holds it is the person, so it is long, lasts half an hour and works once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import actions, ledger, ways, words
from buergerdraht.contacts.answers import answer, chosen, leave, phrase, stand, step_of
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, MovingCode, Subscription
from buergerdraht.contacts.proof import asked
from buergerdraht.contacts.texts import name_topics
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is mistaken for another
LENGTH = 10  # 50 bits: not guessed within half an hour
LIFE = timedelta(minutes=30)
LINK = "wechsel"  # of deep links: "wechsel-ABCDE-FGHJK"
CODE = re.compile(rf"(?:{LINK}[-_ ]?)?([{LETTERS}]{{5}})[-_ ]?([{LETTERS}]{{5}})")
STEP, CHOICE = "moving", "moving:"
KEEP, MOVE, JOIN, REFUSE = "moving:keep", "moving:only", "moving:join", "moving:refuse"
MOST_OTHERS = 4  # addresses a button can name: Telegram's carries 64 bytes


@transaction.atomic
def code_for(contact: Contact) -> str:
    """Make a code for a contact; an earlier one ends. Gives it as it is read aloud: "ABCDE-FGHJK"."""
    code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    values = {
        "organisation_id": contact.organisation_id,
        "code_hash": vault.lookup(contact.organisation_id, f"moving:{code}"),
        "expires_at": timezone.now() + LIFE,
    }
    MovingCode.objects.update_or_create(contact=contact, defaults=values)
    return f"{code[:5]}-{code[5:]}"


def links(contact: Contact, code: str) -> list[tuple[str, str]]:
    """Name the messengers one can go to, with links that carry the code: (title, address)."""
    here = set(contact.addresses.filter(state=Address.State.ACTIVE).values_list("channel_id", flat=True))
    rows = Channel.objects.filter(organisation=contact.organisation, state=Channel.State.RUNNING).order_by("kind", "pk")
    found = []
    for channel in rows:
        if channel.pk in here or not channels.reaches_people(channel.kind):
            continue
        try:
            link = channels.deep_link(channel, f"{LINK}-{code}", code)
        except ValueError:  # not set up far enough
            continue
        if link:
            found.append((channels.title(channel.kind), link))
    return found


def has_links(contact: Contact) -> bool:
    return bool(links(contact, "AAAAA-AAAAA"))


def take(incoming: Incoming) -> bool:
    """Give a code to whoever asks for one, or let a person in who brings one; else leave the message to the next."""
    event = incoming.event
    if event.choice.startswith(CHOICE):
        return _chosen(incoming, event.choice)
    if event.kind not in {"text", "start"}:
        return False
    if words.command(event.text, (words.MOVE,)):
        return _give(incoming)
    found = CODE.fullmatch((event.start or event.text).strip().upper().replace(LINK.upper(), LINK))
    if found is not None:
        return _arrive(incoming, found[1] + found[2])
    return _typed(incoming)


def _typed(incoming: Incoming) -> bool:
    """Understand a typed answer to our last question: its number, its words, yes or no."""
    step = step_of(incoming.contact, LIFE)
    if step.get("name") != STEP:
        return False
    options = step["options"]
    said = words.command(incoming.event.text, (words.YES, words.NO))
    ids = [options[0 if said == words.YES else 1][0]] if said else chosen(incoming.event.text, options)
    return len(ids) == 1 and _chosen(incoming, ids[0])


def _chosen(incoming: Incoming, choice: str) -> bool:
    what, _, others = choice.partition("=")
    if what in {JOIN, MOVE} and asked(incoming, timezone.now() - LIFE):
        return True
    if what == JOIN:
        return _agreed(incoming)
    if what == REFUSE:
        leave(incoming.contact)
        return _told(incoming, "move_refused")
    return _decide(incoming, keep=what == KEEP, others=[int(each) for each in others.split(".") if each.isdigit()])


def _give(incoming: Incoming) -> bool:
    contact = incoming.contact
    if not has_links(contact):
        return answer(incoming, phrase(incoming, "move_nowhere")) or True
    code = code_for(contact)
    named = "\n".join(f"{title}: {link}" for title, link in links(contact, code))
    leave(contact)
    return answer(incoming, phrase(incoming, "move_code", code=code, links=named)) or True


def _arrive(incoming: Incoming, code: str) -> bool:
    """Make one person of the two. A wrong code is no word of ours: it may be anything, so it is told only to whoever followed a link.

    Who is known here already is asked first: somebody else may have sent them the code to read what is theirs.
    """
    with transaction.atomic():
        key = vault.lookup(incoming.contact.organisation_id, f"moving:{code}")
        row = MovingCode.objects.select_for_update().filter(organisation=incoming.contact.organisation_id, code_hash=key).first()
        if row is None or row.expires_at < timezone.now():
            return _told(incoming, "move_unknown") if incoming.event.start.startswith(LINK) else False
        if row.contact_id == incoming.contact.pk:
            return _told(incoming, "move_same")
        if asked(incoming, timezone.now() - LIFE, ()):
            return True
        if incoming.address.made:
            return _come(incoming, row)
    return _ask(incoming, row)


def _ask(incoming: Incoming, row: MovingCode) -> bool:
    titles = _titles(Address.objects.filter(contact=row.contact_id).select_related("channel").order_by("pk"))
    choices = [Choice(id=JOIN, title=phrase(incoming, "move_join")), Choice(id=REFUSE, title=phrase(incoming, "move_refuse"))]
    stand(incoming.contact, STEP, choices, code=bytes(row.code_hash).hex())
    text = phrase(incoming, "move_ask", here=channels.title(incoming.channel.kind), there=titles)
    return answer(incoming, text, choices) or True


@transaction.atomic
def _agreed(incoming: Incoming) -> bool:
    """Join after an explicit yes to the question of a moment ago, if the code still holds."""
    code = step_of(incoming.contact, LIFE).get("code", "")
    rows = MovingCode.objects.select_for_update().filter(organisation=incoming.contact.organisation_id, code_hash=bytes.fromhex(code))
    row = rows.exclude(contact=incoming.contact).first() if code else None
    leave(incoming.contact)
    if row is None or row.expires_at < timezone.now():
        return _told(incoming, "move_unknown")
    return _come(incoming, row)


def _come(incoming: Incoming, row: MovingCode) -> bool:
    old = Contact.objects.get(pk=row.contact_id)
    row.delete()
    before = list(old.addresses.exclude(pk=incoming.address.pk).select_related("channel").order_by("pk"))
    _join(incoming, old)
    _bring(incoming, before)
    return True


def _join(incoming: Incoming, old: Contact) -> None:
    """Who is known longer stays; the new address and all it brought comes to them."""
    fresh = incoming.contact
    actions.absorb(old, fresh)
    incoming.address.contact = old
    incoming.address.refresh_from_db(fields=["contact"])
    object.__setattr__(incoming, "contact", old)


def _bring(incoming: Incoming, before: list[Address]) -> None:
    """Let subscriptions go to the new address, with the proof of it, and ask whether the old ones are kept for warnings."""
    contact = incoming.contact
    rows = list(contact.subscriptions.filter(confirmed_at__isnull=False).select_related("topic"))
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(address=incoming.address, lost=None)  # chosen anew
    ways.put_first(contact, incoming.address)
    text = phrase(
        incoming, "moved" if rows else "moved_bare", here=channels.title(incoming.channel.kind), there=_titles(before),
        topics=name_topics([row.topic for row in rows], incoming.channel.organisation, contact.language),
    )  # fmt: skip
    ledger.write(contact, incoming.address, "confirm", [ledger.topic_purpose(row.topic.key) for row in rows], _proof(incoming, text))
    others = ".".join(str(each.pk) for each in before[:MOST_OTHERS])  # this move's, and no other's that comes later
    titles = {KEEP: phrase(incoming, "move_keep"), MOVE: phrase(incoming, "move_only")}
    choices = [Choice(id=f"{what}={others}", title=title) for what, title in titles.items()]
    stand(contact, STEP, choices)
    answer(incoming, text, choices)


def _proof(incoming: Incoming, text: str) -> Proof:
    event = incoming.event
    return Proof(channel=incoming.channel, evidence=event.external_id, text=text, language=incoming.contact.language, at=event.at)


def _titles(addresses: Iterable[Address]) -> str:
    return ", ".join(dict.fromkeys(channels.title(each.channel.kind) for each in addresses))


@transaction.atomic
def _decide(incoming: Incoming, *, keep: bool, others: Sequence[int]) -> bool:
    """Keep the other addresses for warnings that do not arrive here, or write there no more until they write from there again."""
    leave(incoming.contact)
    if keep:
        return _told(incoming, "move_kept")
    actions.shut_gate(incoming.contact.organisation)
    text = phrase(incoming, "move_ended")
    rows = incoming.contact.addresses.filter(pk__in=others, state=Address.State.ACTIVE).exclude(pk=incoming.address.pk)
    for address in rows.select_related("organisation"):
        Address.objects.filter(pk=address.pk).update(state=Address.State.GONE)
        actions.cancel(address, [*actions.UNASKED, "reply"])
        ledger.write(incoming.contact, address, "withdraw", [ledger.EVERYTHING], _proof(incoming, text))
    answer(incoming, text)
    return True


def _told(incoming: Incoming, key: str) -> bool:
    answer(incoming, phrase(incoming, key))
    return True
