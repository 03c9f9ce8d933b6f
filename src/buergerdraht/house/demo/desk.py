"""Set Musterstadt's inbox up as a town would, and leave in it what a Monday morning finds: put off, late, confidential, urgent, begun."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import actions, arranging, asides, confidential, holding, pen, saved_answers
from buergerdraht.conversations.models import AssignmentRule, Conversation, Label, SavedAnswer
from buergerdraht.conversations.recording import record
from buergerdraht.house.demo import history
from buergerdraht.house.demo.sayings import ANSWERS, CHAIN_LETTER, EMERGENCY_ANSWER

LABELS = {"Mängelmeldung": "warn", "Termin": "info", "Lob": "ok", "Rückfrage": "plain", "Presseanfrage": "bad"}
PROMISES = {"Pressestelle": (240, 24), "Bürgeramt": (120, 16), "Bürgermeisterbüro": (480, 40)}  # minutes to answer, hours to close
RULES = (
    (["Ausweis", "Personalausweis", "Reisepass", "Führerschein", "Meldebescheinigung"], "Bürgeramt", "Termin"),
    (["Schlagloch", "Laterne", "Straßenlaterne", "Ampel", "Baustelle"], "Pressestelle", "Mängelmeldung"),
)
FIRST = 170  # the first of the citizens whose matters stand open

Workers = dict[str, Operator]


# ── The settings ──────────────────────────────────────────────────────────


def set_up(organisation: Organisation, workers: Workers) -> None:
    """Set labels, promises, rules, saved answers and the texts of the inbox."""
    andrea = workers["andrea"]
    settings = {"signature": "{vorname}, {team}", "ask_mark": True}
    arranging.change_desk(organisation, settings, operator=andrea)
    labels = {}
    for name, tone in LABELS.items():
        labels[name] = Label(organisation=organisation, name=name, tone=tone)
        arranging.save_label(labels[name], operator=andrea)
    teams = {team.name: team for team in Team.objects.filter(organisation=organisation)}
    for name, (minutes, close) in PROMISES.items():
        arranging.change_team_rule(teams[name], {"answer_minutes": minutes, "close_hours": close}, operator=andrea)
    for words, team, label in RULES:
        rule = AssignmentRule(organisation=organisation, words=words, team=teams[team], label=labels[label])
        arranging.save_rule(rule, operator=andrea)
    membership = Membership.objects.get(organisation=organisation, operator=andrea)
    for used, (shortcut, title, team, texts) in enumerate(ANSWERS):
        answer = SavedAnswer(
            organisation=organisation, shortcut=shortcut, title=title, team=teams.get(team), texts=texts, used=41 - 6 * used
        )
        saved_answers.save(answer, membership)


# ── What is open ──────────────────────────────────────────────────────────


def leave_open(settled: history.Settled, workers: Workers) -> None:
    """Let citizens write of what is open, each in another state."""
    who = iter([address for person, address in settled[FIRST:] if not person.gone and person.language == "de"])
    telegram = iter([address for person, address in settled[200:] if not person.gone and person.language == "de"])
    cases: tuple[Callable[[Address], None], ...] = (
        partial(_put_off, workers=workers),
        partial(_confidential, workers=workers),
        _urgent,
        partial(_begun, workers=workers),
        partial(_noted, workers=workers),
    )
    for case in cases:
        case(next(who))
    _late(next(telegram), workers)
    _chain(next(telegram))


def _ask(address: Address, text: str, ago: timedelta) -> Conversation:
    """Bring a citizen's message before people, as the way in does, without the greeting."""
    at = timezone.now() - ago
    event = Received(external_id=f"demo-open-{address.pk}-{at:%d%H%M%S}", sender=Sender(address=address.address), at=at, text=text)
    address = contacts.meet(address.channel, event.sender, at)  # opens the messenger's window
    incoming = Incoming(channel=address.channel, event=event, contact=address.contact, address=address)
    record(incoming)
    return actions.need_person(incoming)


def _put_off(address: Address, workers: Workers) -> None:
    kemal, now = workers["kemal"], timezone.now()
    conversation = _ask(address, "Wann werden die Termine der Stadtteilgespräche im Frühjahr bekannt gegeben?", timedelta(hours=20))
    holding.assign(conversation, by=kemal, operator=kemal)
    holding.note(conversation, "Der Kalender wird am Montag beschlossen, danach antworten.", operator=kemal)
    tomorrow = timezone.localtime(now).replace(hour=23, minute=0)
    until = hours.next_opening(conversation.organisation, tomorrow) or now + timedelta(days=2)
    holding.snooze(conversation, until, operator=kemal)


def _confidential(address: Address, workers: Workers) -> None:
    andrea = workers["andrea"]
    text = "Ich arbeite in einem städtischen Haus und möchte mit Frau Berger über etwas sprechen, das nicht jeder wissen soll."
    conversation = _ask(address, text, timedelta(hours=3, minutes=20))
    holding.assign(conversation, by=andrea, operator=andrea)
    confidential.confide(conversation, [andrea], by=andrea)


def _urgent(address: Address) -> None:
    conversation = _ask(address, "In unserem Hausflur riecht es stark nach Gas, was sollen wir tun?", timedelta(minutes=6))
    history.said_by_us(address, EMERGENCY_ANSWER, timezone.now() - timedelta(minutes=6) + timedelta(seconds=2), None)
    fresh = actions.lock(conversation)
    fresh.urgent_at = fresh.waiting_since
    actions.keep(fresh)


def _begun(address: Address, workers: Workers) -> None:
    maria = workers["maria"]
    conversation = _ask(address, "Kann meine Tochter ihren Reisepass auch mit einer Vollmacht abholen?", timedelta(minutes=48))
    holding.assign(conversation, by=maria, operator=maria)
    pen.save(conversation, pen.Typed("Guten Tag, ja, das geht. Ihre Tochter braucht dafür"), operator=maria)
    pen.release(conversation, maria)


def _noted(address: Address, workers: Workers) -> None:
    andrea = workers["andrea"]
    text = "Guten Tag, ich schreibe für das Musterstädter Tageblatt: Was kostet der Umbau des Rathausplatzes?"
    conversation = _ask(address, text, timedelta(hours=1, minutes=35))
    holding.label(conversation, Label.objects.filter(organisation=conversation.organisation_id, name="Presseanfrage"), operator=andrea)
    holding.note(conversation, "@Kemal Özdemir, hast du die Zahlen aus der letzten Ratssitzung?", operator=andrea)


def _late(address: Address, workers: Workers) -> None:
    """Telegram knows no window, so this one can still be answered."""
    conversation = _ask(address, "Meine Meldebescheinigung ist noch nicht da. Bestellt habe ich sie vor drei Wochen.", timedelta(days=4))
    maria = workers["maria"]
    holding.assign(conversation, by=maria, operator=maria)


def _chain(address: Address) -> None:
    conversation = _ask(address, CHAIN_LETTER, timedelta(hours=5))
    asides.set_aside(actions.lock(conversation), Conversation.Aside.CHAIN)
