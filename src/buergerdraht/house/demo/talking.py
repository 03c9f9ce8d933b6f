"""Let Musterstadt's dialogs speak: two blueprints, four weeks of walks, booked times, meters with photos.

The walks are played by the machine itself, in a world that only pretends, and moved back in time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.appointments import actions as appointments
from buergerdraht.appointments import reading
from buergerdraht.appointments.models import Offer
from buergerdraht.blueprints.actions import switch_on
from buergerdraht.blueprints.reading import all_blueprints
from buergerdraht.contacts.models import Address
from buergerdraht.dialogs import actions as dialogs
from buergerdraht.dialogs import document, editing, examples, machine, playing
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.models import Dialog, Session, Trace
from buergerdraht.gateway import files
from buergerdraht.house.demo.history import Settled
from buergerdraht.meters import actions as meters
from buergerdraht.meters import importing
from buergerdraht.simulator.samples import picture

BLUEPRINTS = ("service_desk", "utility_desk")
TEAMS = ("Bürgerbüro", "Kundenservice")
DAYS = 27
LEAVE, FIRST = {"leave": 1}, {"first": 1}  # goes away; taps what is offered first
PHOTO = ({"photo": 1}, {"moment": 1}, {"tap": "Ja"}, {"tap": "Nein"})  # of a meter: it is read, and that was all
Moves = Sequence[Mapping[str, Any]]
# What citizens do in a dialog, and how many in a hundred.
WALKS: Mapping[str, Sequence[tuple[int, Moves]]] = {
    "service_desk": (
        (26, [{"tap": "Personalausweis"}, {"tap": "Termin buchen"}, FIRST, FIRST, {"tap": "Nein"}]),
        (20, [{"tap": "Personalausweis"}, {"tap": "Das war alles"}]),
        (14, [{"tap": "Reisepass"}, {"tap": "Das war alles"}]),
        (12, [{"tap": "Öffnungszeiten"}, {"tap": "Nein"}]),
        (8, [{"tap": "Andere Leistung"}, {"say": "Ummeldung"}, {"tap": "Das war alles"}]),
        (5, [{"tap": "Andere Leistung"}, {"say": "Baumkataster"}, {"say": "Fällgenehmigung"}, {"say": "Ahorn im Garten"}]),
        (6, [{"tap": "Etwas anderes fragen"}]),
        (5, [{"tap": "Personalausweis"}, LEAVE]),
        (4, [{"say": "Ich hätte da mal eine Frage"}, {"wait": 800}]),
    ),
    "meter_reading": (
        (48, [{"say": "4711 0023"}, {"tap": "Wasser"}, {"say": "W 4410 2291"}, *PHOTO]),
        (20, [{"say": "4711 0187"}, {"tap": "Strom"}, {"say": "1EMH 0043 7711"}, *PHOTO]),
        (8, [{"say": "weiß ich nicht"}, {"say": "habe ich nicht da"}, {"say": "keine Ahnung"}]),
        (8, [{"say": "4711 0044"}, {"tap": "Gas"}, {"say": "steht nirgends"}, LEAVE]),
        (8, [{"say": "4711 0051"}, {"wait": 3_000}]),
        (8, [LEAVE]),
    ),
}  # fmt: skip
OFTEN = {"service_desk": 58, "meter_reading": 34}  # walks in all
METERS = """nummer;art;stellen;nachkomma;stand;datum;jahr
W44102291;Wasser;5;3;352,104;{before};78
W44102305;Wasser;5;3;608,770;{before};112
W44102377;Wasser;5;3;921,015;{before};64
G70031185;Gas;5;3;10422,310;{before};1450
1EMH00437711;Strom;6;1;17310,2;{before};2900
1EMH00437802;Strom;6;1;40218,7;{before};3300
"""
READINGS = (  # kind, number, value; those that cannot be are seen by people
    ("water", "W44102291", "417.358"), ("electricity", "1EMH00437711", "18204.6"), ("water", "W44102305", "623.941"),
    ("electricity", "1EMH00437802", "41790.3"), ("water", "W44102377", "291.018"),
)  # fmt: skip
PHOTOS = {"W44102291": "00417.358", "W44102305": "00623.941", "W44102377": "00291.018"}
NOTES = ("Reisepass für zwei Kinder", "", "Ummeldung", "", "Personalausweis", "bringt den Mietvertrag mit", "")


def set_up(organisation: Organisation, workers: dict[str, Operator]) -> None:
    """Switch the blueprints on and give their teams somebody."""
    for key in BLUEPRINTS:
        switch_on(organisation, all_blueprints()[key], operator=workers["andrea"])
    membership = Membership.objects.get(organisation=organisation, operator=workers["maria"])
    membership.teams.add(*Team.objects.filter(organisation=organisation, name__in=TEAMS))
    _by_word_alone(Dialog.objects.get(organisation=organisation, key="service_desk"), workers["andrea"])


def _by_word_alone(dialog: Dialog, operator: Operator) -> None:
    """Begin it by its words alone: whoever asks in a whole sentence is answered by a person here."""
    values = editing.head_of(dialog.draft)
    alone = [{**each, "fuzzy": False} for each in values["triggers"]]
    dialog = dialogs.change(dialog, editing.head({**values, "triggers": alone}, editing.digest(values)), dialog.stamp, operator=operator)
    dialogs.publish(dialog, "Ganze Sätze gehen an Menschen", operator=operator)


def look_back(organisation: Organisation, settled: Settled, workers: dict[str, Operator]) -> None:
    """Let citizens have used all of it."""
    who = [address for person, address in settled[20:150] if not person.gone and person.language == "de"]
    _walked(organisation, who)
    _booked(organisation, who[5:], workers["maria"])
    _read(organisation, who[30:], workers["maria"])


# ── Walks ─────────────────────────────────────────────────────────────────


def _walked(organisation: Organisation, who: Sequence[Address]) -> None:
    dice = random.Random(1871)  # noqa: S311 - invented walks, no secrets
    for key, number in OFTEN.items():
        row = Dialog.objects.select_related("organisation", "live").get(organisation=organisation, key=key)
        assert row.live is not None
        scene = playing.scene(row, document.load(row.live.document))
        weights, scripts = zip(*WALKS[key], strict=True)
        for _walk in range(number):
            day = timezone.localtime() - timedelta(days=dice.randint(1, DAYS))
            at = day.replace(hour=dice.randint(7, 20), minute=dice.randrange(60))
            _walk_through(row, scene, dice.choices(scripts, weights)[0], dice.choice(who), at)


def _walk_through(row: Dialog, scene: playing.Scene, moves: Moves, address: Address, at: datetime) -> None:
    """Play one walk and keep it as if it had been walked then."""
    assert row.live is not None
    world = scene.world(playing.Setting(address.channel.kind, "de", at.astimezone(BERLIN)))
    course = examples.Course(scene.dialog, world)
    for move in moves:
        if move is LEAVE:
            machine.leave(course.walk, world)
        else:
            examples.step(course, {"tap": world.said[-1].choices[0].title} if move is FIRST else move)
    if course.walk.state == "running":
        machine.leave(course.walk, world)
    for frame in course.walk.frames:
        frame.version = row.live.number
    session = Session.objects.create(
        organisation=row.organisation, dialog=row, version=row.live, contact=address.contact, address=address, begun_by="words",
        walk=msgspec.json.encode(course.walk).decode(), state=course.walk.state, step=course.walk.here.step,
    )  # fmt: skip
    Session.objects.filter(pk=session.pk).update(started_at=at, changed_at=world.now)
    Trace.objects.bulk_create(
        Trace(organisation=row.organisation, dialog=row, version=row.live.number, session=session, step=step, what=what, text=text)
        for _dialog, step, what, text in world.traces
    )
    Trace.objects.filter(session=session).update(at=at)


# ── Times and meters ──────────────────────────────────────────────────────


def _booked(organisation: Organisation, who: Sequence[Address], operator: Operator) -> None:
    """Book today, where it is a working day, and the two days that follow."""
    dice = random.Random(1900)  # noqa: S311 - invented times, no secrets
    offer = Offer.objects.select_related("organisation").get(organisation=organisation, key="buergerbuero")
    people = iter(who)
    for begins_at in _times(offer, dice):
        address = next(people)
        person = appointments.Person(contact=address.contact, address=address, note=dice.choice(NOTES))
        appointments.book_for(offer, begins_at, person, operator=operator)


def _times(offer: Offer, dice: random.Random) -> Iterator[datetime]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    slots = list(reading.slots(offer, midnight, midnight + timedelta(days=9)))
    for day in sorted({slot.day for slot in slots})[:3]:
        here = [slot.begins_at for slot in slots if slot.day == day]
        yield from sorted(dice.sample(here, min(7, len(here))))


def _read(organisation: Organisation, who: Sequence[Address], operator: Operator) -> None:
    """Know some meters, and have been sent what they show; two values cannot be."""
    before = timezone.localdate() - timedelta(days=350)
    table = importing.read(organisation, METERS.format(before=f"{before:%d.%m.%Y}").encode())
    importing.bring(organisation, table.meters, operator=operator)
    for (kind, number, value), address in zip(READINGS, who, strict=False):
        stand = PHOTOS.get(number)
        photo = files.store(organisation, picture(f"zaehler:{stand}"), "zaehler.jpg", alt="Ein Wasserzähler") if stand else None
        meters.keep(organisation, meters.Confirmed(
            kind=kind, number=number, value=Decimal(value), photo=photo, contact=address.contact, address=address,
            reasons=meters.judge(organisation, kind, number, Decimal(value)),
        ))  # fmt: skip
