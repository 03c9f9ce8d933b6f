"""The word WEGE in any messenger: see on which ways one is reached, and put them in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import moving, ways
from buergerdraht.contacts.answers import answer, chosen, leave, phrase, stand
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Way
from buergerdraht.contacts.proof import asked
from buergerdraht.contacts.texts import say
from buergerdraht.contacts.ways import Ways

STEP, CHOICE = "ways", "ways:"
LEAVE, USUAL, ALL = "ways:leave", "usual", "all"


def begin(incoming: Incoming) -> bool:
    """Say how somebody is reached, and ask for which kind of message that shall change."""
    found = ways.ways_of(incoming.contact)
    if not found:
        leave(incoming.contact)
        said = "ways_one" if moving.has_links(incoming.contact) else "move_nowhere"
        return answer(incoming, phrase(incoming, said)) or True
    choices = [Choice(id=CHOICE + each.kind, title=phrase(incoming, f"ways_{each.kind}")) for each in found]
    choices.append(Choice(id=LEAVE, title=phrase(incoming, "ways_leave")))
    stand(incoming.contact, STEP, choices)
    orders = "\n".join(f"- {_spoken(incoming, each)}" for each in found)
    return answer(incoming, phrase(incoming, "ways_now", orders=orders), choices) or True


def tapped(incoming: Incoming, choice: str) -> bool:
    """Follow a tap, however old the button is: a way that is no more is asked for again."""
    if choice == LEAVE:
        leave(incoming.contact)
        return answer(incoming, phrase(incoming, "ways_left")) or True
    kind, _, wish = choice.removeprefix(CHOICE).partition(":")
    found = next((each for each in ways.ways_of(incoming.contact) if each.kind == kind), None)
    if found is None:
        return begin(incoming)
    if not wish:
        return _ask(incoming, found)
    return _order(incoming, found, [wish])


def typed(incoming: Incoming, step: Mapping[str, Any]) -> bool:
    """Understand one way (it becomes the first) or several (they are all, in this order), by number or name."""
    ids = chosen(incoming.event.text, step["options"])
    if len(ids) < 2:
        return bool(ids) and tapped(incoming, ids[0])
    kinds = {each.removeprefix(CHOICE).partition(":")[0] for each in ids}
    found = next((each for each in ways.ways_of(incoming.contact) if kinds == {each.kind}), None)
    return found is not None and _order(incoming, found, [each.rpartition(":")[2] for each in ids])


def _ask(incoming: Incoming, found: Ways) -> bool:
    every = [*found.addresses, *found.left_out]
    names = [ways.label(each, every) for each in every]
    choices = [Choice(id=f"{CHOICE}{found.kind}:{each.pk}", title=name) for each, name in zip(every, names, strict=True)]
    if found.kind == Way.Kind.ALERT and not found.everywhere:
        choices.append(Choice(id=f"{CHOICE}{found.kind}:{ALL}", title=phrase(incoming, "ways_all")))
    if not found.usual or found.everywhere:
        choices.append(Choice(id=f"{CHOICE}{found.kind}:{USUAL}", title=phrase(incoming, "ways_usual")))
    stand(incoming.contact, STEP, choices)
    text = phrase(incoming, "ways_ask", kind=phrase(incoming, f"ways_{found.kind}"), example=f"{names[1]}, {names[0]}")
    return answer(incoming, text, choices, phrase(incoming, "ways_label")) or True


def _order(incoming: Incoming, found: Ways, wishes: Sequence[str]) -> bool:
    every = {str(each.pk): each for each in [*found.addresses, *found.left_out]}
    wanted = [every[wish] for wish in wishes if wish in every]
    if len(wanted) != len(wishes) and list(wishes) not in ([USUAL], [ALL]):
        return begin(incoming)  # one of them is no more
    if asked(incoming):
        return True
    everywhere = list(wishes) == [ALL] and found.kind == Way.Kind.ALERT
    if everywhere:
        wanted = [] if found.usual else found.addresses
    if len(wanted) == 1:
        wanted += [each for each in found.addresses if each.pk != wanted[0].pk]
    text = _saved(incoming, found._replace(everywhere=everywhere), wanted)
    proof = Proof(
        channel=incoming.channel, evidence=incoming.event.external_id, text=text, language=incoming.contact.language, at=incoming.event.at
    )
    ways.order(incoming.contact, found.kind, wanted, proof)
    if found.kind == Way.Kind.ALERT:
        ways.send_everywhere(incoming.contact, everywhere, proof)
    leave(incoming.contact)
    return answer(incoming, text) or True


def _saved(incoming: Incoming, found: Ways, wanted: Sequence[Address]) -> str:
    if found.everywhere:
        return phrase(incoming, "ways_saved", order=_spoken(incoming, found))
    every = [*found.addresses, *found.left_out]
    rest = [each for each in every if wanted and each not in wanted]
    spoken = _spoken(incoming, Ways(found.kind, list(wanted), rest, usual=False)) if wanted else phrase(incoming, "ways_is_usual")
    return phrase(incoming, "ways_saved", order=spoken)


def _spoken(incoming: Incoming, each: Ways) -> str:
    """Write an order as one line: "Dringendes: 1. WhatsApp, 2. Telegram (nicht: SMS)"."""
    every = [*each.addresses, *each.left_out]
    organisation, language = incoming.channel.organisation, incoming.contact.language
    if each.everywhere:
        names = ", ".join(ways.label(address, every) for address in each.addresses)
        return f"{say(organisation, language, f'ways_{each.kind}')}: {say(organisation, language, 'ways_all_said', names=names)}"
    line = ", ".join(f"{place}. {ways.label(address, every)}" for place, address in enumerate(each.addresses, 1))
    without = ", ".join(ways.label(address, every) for address in each.left_out)
    more = f" ({say(organisation, language, 'ways_without', names=without)})" if without else ""
    return f"{say(organisation, language, f'ways_{each.kind}')}: {line}{more}"
