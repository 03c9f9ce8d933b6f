"""Give Musterstadt its matters: ninety days of reports in every state, each with a history that led to it.

Verbs would tell followers what happened months ago, so rows are written here as the verbs would have, and nowhere else.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone

from buergerdraht.accounts import actions as accounts
from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import categories, opening
from buergerdraht.cases.models import Case, Category, Delegation, Entry, Firm, Follower, Ground, Photo, Task, Told
from buergerdraht.contacts.models import Address, District
from buergerdraht.gateway import files
from buergerdraht.house.demo import places
from buergerdraht.house.demo.history import Settled
from buergerdraht.house.demo.places import House
from buergerdraht.simulator.samples import picture

DAYS, NUMBER = 90, 58
State, Public = Case.State, Case.Public
TEAMS = {"Bauhof": "kemal", "Ordnungsamt": "maria"}  # who works there
OF = {"Bauhof": ("road", "lamp", "signal", "winter", "barrier", "green", "playground", "drain", "water", "waste", "bins", "vandalism"),
      "Ordnungsamt": ("wreck", "animals", "noise"), "Bürgermeisterbüro": ("idea", "praise"), "Bürgeramt": ("other",)}  # fmt: skip
# The ways of a matter, and how many in a hundred go each while they are new, some weeks old, or old.
WAYS: Sequence[tuple[tuple[str, ...], tuple[int, int, int]]] = (
    ((), (34, 2, 0)),
    ((State.CONFIRMED,), (26, 8, 0)),
    ((State.CONFIRMED, State.PROGRESS), (22, 20, 5)),
    ((State.PROGRESS, State.WAITING), (8, 10, 3)),
    ((State.CONFIRMED, State.PROGRESS, State.DONE), (6, 38, 56)),
    ((State.CONFIRMED, State.PROGRESS, State.WAITING, State.PROGRESS, State.DONE), (0, 8, 14)),
    ((State.CONFIRMED, State.DONE, State.PROGRESS, State.DONE), (0, 4, 6)),
    ((State.CONFIRMED, State.REJECTED), (4, 6, 10)),
    ((State.DUPLICATE,), (0, 4, 6)),
)  # fmt: skip
# Some are always so, whatever day it is: age in days, and their way.
FIXED: dict[int, tuple[float, tuple[str, ...]]] = {
    0: (62.0, (State.CONFIRMED, State.PROGRESS, State.DONE)),
    3: (1.2, ()),
    9: (8.0, (State.PROGRESS,)),
    11: (16.0, (State.PROGRESS, State.WAITING)),
    21: (5.0, (State.CONFIRMED,)),
    22: (40.0, (State.CONFIRMED, State.REJECTED)),
    24: (55.0, (State.DUPLICATE,)),
}
WORDS = {
    State.CONFIRMED: "Danke, wir haben es uns angesehen und kümmern uns darum.",
    State.PROGRESS: "Der Auftrag ist erteilt.",
    State.WAITING: "Wir warten auf ein Ersatzteil.",
    State.REJECTED: "Das ist ein privates Grundstück. Bitte wenden Sie sich an die Eigentümerin.",
}
COMPLAINTS = (
    ("Ich wurde am Schalter sehr unfreundlich behandelt und weggeschickt.", (State.CONFIRMED, State.PROGRESS)),
    ("Mein Antrag liegt seit vier Monaten, niemand gibt mir Auskunft.", ()),
)
FIRMS = (("Straßenbau Beispiel GmbH", "auftrag@strassenbau.example"), ("Lichttechnik Muster KG", "meldung@lichttechnik.example"))
ASKED = "Bitte setzen Sie die Fahrbahn instand und schicken Sie uns ein Foto."


@cache
def reports() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "reports.yaml").read_text("utf-8"))
    return loaded


@dataclass
class Step:
    """What is to be written into a history. `told`: what followers heard, None: nothing."""

    at: datetime
    what: str
    data: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    told: str | None = None
    operator: Operator | None = None
    by_citizen: bool = False


@dataclass
class Story:
    """One matter before it is written: the case, what happened to it, who hears of it from when on, its pictures."""

    case: Case
    said: dict[str, Any]
    worker: Operator
    steps: list[Step] = field(default_factory=list)
    followers: list[tuple[Address, datetime]] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)

    @property
    def last(self) -> datetime:
        return max(step.at for step in self.steps)


def report(organisation: Organisation, settled: Settled, workers: dict[str, Operator]) -> None:
    """Put categories, ground and matters into the town."""
    houses = places.lay(organisation)
    rows = _put(organisation, workers)
    teller = _Teller(organisation, rows, houses, settled, workers)
    stories = sorted((teller.tell(number) for number in range(NUMBER)), key=lambda each: each.case.received_at)
    stories += [teller.complain(*each) for each in COMPLAINTS]
    stories.sort(key=lambda each: each.case.received_at)
    _double(stories, teller.dice)
    for story in stories:
        _clock(story, teller.now)
    _number(organisation, stories)
    _write(stories)
    _delegate(organisation, stories, workers)


def _put(organisation: Organisation, workers: dict[str, Operator]) -> dict[str, Category]:
    """Put the whole set, give it teams, and name who reads complaints."""
    andrea = workers["andrea"]
    categories.put(organisation, categories.offered(), operator=andrea)
    for name, key in TEAMS.items():
        team = accounts.make_team(organisation, name, operator=andrea)
        Membership.objects.get(organisation=organisation, operator=workers[key]).teams.add(team)
    for name, keys in OF.items():
        Category.objects.filter(organisation=organisation, key__in=keys).update(team=organisation.teams.get(name=name))
    complaint = Category.objects.get(organisation=organisation, key="complaint")
    complaint.active = True
    categories.save(complaint, operator=andrea, people=[andrea, workers["maria"]])
    rows = Category.objects.filter(organisation=organisation).select_related("organisation", "team")
    return {row.key: row for row in rows}


class _Teller:
    """Makes matters up with dice that fall the same every time."""

    def __init__(
        self, organisation: Organisation, rows: dict[str, Category], houses: list[House], settled: Settled, workers: dict[str, Operator]
    ) -> None:
        self.organisation, self.rows, self.houses, self.workers = organisation, rows, houses, workers
        self.now, self.dice = timezone.now(), random.Random(1975)  # noqa: S311 - the same
        self.people = [(person.days_ago, address) for person, address in settled[20:150] if not person.gone and person.language == "de"]
        self.districts = {row.name: row for row in District.objects.filter(organisation=organisation)}

    def tell(self, number: int) -> Story:
        """Make up one matter and how it went on."""
        self.dice = dice = random.Random(1975 + number)  # noqa: S311 - invented matters, no secrets
        said = reports()[number % len(reports())]
        age, way = FIXED.get(number, (0.4 + DAYS * dice.random() ** 1.6, None))
        at = timezone.localtime(self.now - timedelta(days=age)).replace(hour=dice.randint(7, 20), minute=dice.randrange(60))
        story = self._begun(self.rows[said["category"]], said, min(at, self.now - timedelta(minutes=30)))
        if way is None:
            kind = 0 if age < 10 else 1 if age < 35 else 2
            way = dice.choices([each for each, _shares in WAYS], [shares[kind] for _each, shares in WAYS])[0]
        self._go(story, way)
        self._show(story)
        return story

    def complain(self, text: str, way: tuple[str, ...]) -> Story:
        """A confidential matter: Maria has it, no place, no picture, nobody else follows it."""
        story = self._begun(self.rows["complaint"], {"text": text}, self.now - timedelta(days=6 + 5 * len(way), hours=3))
        story.case.confidential = True
        story.worker = self.workers["maria"]
        self._go(story, way)
        return story

    def _begun(self, category: Category, said: dict[str, Any], at: datetime) -> Story:
        case = Case(organisation=self.organisation, category=category, team=category.team, received_at=at, text=said["text"],
                    answers=said.get("answers", {}), due_at=opening.due(category, at))  # fmt: skip
        case.warn_at = at + (case.due_at - at) * 3 / 4 if case.due_at else None
        if category.needs_place:
            house = self.dice.choice(self.houses)
            case.place, case.latitude, case.longitude = f"{house.street} {house.number}", house.latitude, house.longitude
            case.district = self.districts[house.district]
        team = category.team.name if category.team else ""
        story = Story(case, said, self.workers[TEAMS.get(team, "kemal" if "meister" in team else "maria")])
        known = [address for days_ago, address in self.people if self.now - timedelta(days=days_ago) < at]
        if known:
            address = self.dice.choice(known)
            case.contact = address.contact
            story.followers.append((address, at))
        else:  # before the messengers came they used the web page
            case.origin, case.reporter = Case.Origin.WEB, json.dumps({"name": "Karin Beispiel", "email": "karin@beispiel.example"})
        story.steps.append(Step(at, "opened", {"origin": str(case.origin)}, by_citizen=True))
        if "picture" in said:
            story.photos.append(_photo(self.organisation, case, said["picture"], Photo.Kind.BEFORE))
        return story

    def _go(self, story: Story, way: Sequence[str]) -> None:
        """Go through the states as far as there was time for it, in office hours."""
        case, at = story.case, story.case.received_at
        for number, state in enumerate(way):
            at = hours.add_office_time(self.organisation, at, self.dice.randint(30, 380 if number else 240))
            if at > self.now - timedelta(minutes=20):
                break
            if number == 0:
                case.accepted_at, case.operator = at, story.worker
                story.steps.append(Step(at, "accepted", operator=story.worker))
                story.steps.append(Step(at, "assigned", {"holder": story.worker.pk}, operator=story.worker))
            self._move(story, state, at)

    def _move(self, story: Story, state: str, at: datetime) -> None:
        case, data = story.case, {"from": str(story.case.state), "to": str(state)}
        case.state, case.done_at = state, at if state in Case.CLOSED else None
        if data["from"] == State.DONE:
            story.steps.append(Step(at, "moved", {**data, "by": "citizen"}, "Das ist leider noch nicht erledigt.", by_citizen=True))
            return
        told = story.said.get("done", "") if state == State.DONE else WORDS.get(State(state), "")
        case.answered_at = case.answered_at or at
        story.steps.append(Step(at, "moved", data, told=told, operator=story.worker))
        if state == State.DONE and story.photos and not any(photo.kind == Photo.Kind.AFTER for photo in story.photos):
            story.photos.append(_photo(self.organisation, case, "park", Photo.Kind.AFTER))

    def _show(self, story: Story) -> None:
        """Release about two thirds of what was looked at; one is taken back by who brought it."""
        case, looked = story.case, [step.at for step in story.steps if step.what == "moved"]
        fit = case.category.visibility == Category.Visibility.PUBLIC and looked and case.state not in {State.REJECTED, State.DUPLICATE}
        if not fit or self.dice.random() > 0.72:
            return
        case.public, case.public_text, case.released_at = Public.RELEASED, case.text, looked[0] + timedelta(minutes=4)
        story.steps.append(Step(case.released_at, "released", {"photos": []}, operator=self.workers["kemal"]))
        for photo in story.photos:
            photo.released = photo.kind == Photo.Kind.BEFORE
        if len(self.people) and self.dice.random() < 0.4:
            self._join(story, case.released_at)

    def _join(self, story: Story, since: datetime) -> None:
        """Others see it on the map and follow it."""
        there = {address.contact_id for address, _at in story.followers}
        for _turn in range(self.dice.randint(1, 3)):
            days_ago, address = self.dice.choice(self.people)
            at = since + (self.now - since) * self.dice.uniform(0.05, 0.6)
            if address.contact_id not in there and self.now - timedelta(days=days_ago) < at and story.case.done_at is None:
                there.add(address.contact_id)
                story.followers.append((address, at))


def _photo(organisation: Organisation, case: Case, scene: str, kind: str) -> Photo:
    """A drawn picture: nothing in it has to be covered."""
    media, shown = (files.store(organisation, _drawn(scene), "foto.jpg") for _copy in range(2))
    return Photo(case=case, media=media, shown=shown, kind=kind, state=Photo.State.COVERED)


@cache
def _drawn(scene: str) -> bytes:
    return picture(scene)


# ── Written as the verbs would have ───────────────────────────────────────


def _clock(story: Story, now: datetime) -> None:
    """What the clock said while it was open."""
    case = story.case
    if case.due_at is None or case.warn_at is None:
        return
    closings = [step.at for step in story.steps if step.data.get("to") in Case.CLOSED]
    end = closings[0] if closings else now
    if case.warn_at < end:
        case.warned_at = case.warn_at
        story.steps.append(Step(case.warn_at, "warned"))
    elif case.done_at is None and case.warn_at < now < case.due_at:  # taken up again
        case.warned_at = story.last
        story.steps.append(Step(story.last, "warned"))
    if case.due_at < end:
        case.overdue_at = case.due_at
        story.steps.append(Step(case.due_at, "overdue"))
    elif case.done_at is None and case.due_at < now:  # taken up again after its time
        case.overdue_at = story.last
        story.steps.append(Step(story.last, "overdue"))


def _double(stories: list[Story], dice: random.Random) -> None:
    """Say of each double what it is a double of: an earlier one of its category, whose place it gets; else it is only begun."""
    for place, story in enumerate(stories):
        case = story.case
        if case.state != State.DUPLICATE:
            continue
        earlier = [each for each in stories[:place] if each.case.category == case.category and each.case.state != State.DUPLICATE]
        move = next(step for step in story.steps if step.what == "moved")
        if not earlier:
            case.state, case.done_at = State.CONFIRMED, None
            move.data, move.told = {"from": "received", "to": str(State.CONFIRMED)}, WORDS[State.CONFIRMED]
            continue
        other = dice.choice(earlier)
        case.same_as, case.district = other.case, other.case.district
        case.place, case.latitude, case.longitude = other.case.place, other.case.latitude, other.case.longitude
        other.steps.append(Step(move.at, "doubled", operator=story.worker))
        move.data["same_as"] = other.case
        known = {address.contact_id for address, _at in other.followers}
        other.followers += [(address, move.at) for address, _at in story.followers if address.contact_id not in known]


def _number(organisation: Organisation, stories: list[Story]) -> None:
    """Number them by year as they came, and let the next real one go on from there."""
    ground = Ground.objects.get(organisation=organisation)
    for story in stories:
        year = timezone.localtime(story.case.received_at).year
        ground.last_year, ground.last_number = year, ground.last_number + 1 if year == ground.last_year else 1
        story.case.number = f"{year}-{ground.last_number:05}"
    ground.save(update_fields=["last_year", "last_number"])


def _write(stories: list[Story]) -> None:
    alone = [each.case for each in stories if each.case.same_as is None]
    doubles = [each.case for each in stories if each.case.same_as is not None]
    Case.objects.bulk_create(alone)
    Case.objects.bulk_create(doubles)
    photos = [photo for story in stories for photo in story.photos]
    for photo in photos:
        photo.case = photo.case  # its number is known now
    Photo.objects.bulk_create(photos)
    entries, followers, tellings = [], [], []
    for story in stories:
        heard = [(Follower(case=story.case, contact=address.contact, address=address), at) for address, at in story.followers]
        followers += heard
        for step in sorted(story.steps, key=lambda each: each.at):
            entry = _entry(story, step)
            entries.append(entry)
            if step.told is not None:
                tellings += [Told(entry=entry, follower=row, at=step.at) for row, since in heard if since <= step.at]
        entries += [
            Entry(case=story.case, what="joined", contact=row.contact, at=at)
            for row, at in heard
            if row.contact_id != story.case.contact_id
        ]
        story.case.changed_at = story.last
    Follower.objects.bulk_create([row for row, _at in followers])
    for row, at in followers:
        row.joined_at = at
    Follower.objects.bulk_update([row for row, _at in followers], ["joined_at"])
    Entry.objects.bulk_create(sorted(entries, key=lambda each: each.at))
    Told.objects.bulk_create(tellings)
    Case.objects.bulk_update([*alone, *doubles], ["changed_at"])


def _entry(story: Story, step: Step) -> Entry:
    data = dict(step.data)
    if step.what == "released":
        data["photos"] = [photo.pk for photo in story.photos if photo.released]
    if isinstance(other := data.get("same_as"), Case):
        data["same_as"], step.told = other.pk, other.number
    contact = story.case.contact if step.by_citizen else None
    return Entry(case=story.case, what=step.what, data=data, text=step.text, told=step.told or "", operator=step.operator, contact=contact,
                 at=step.at)  # fmt: skip


def _delegate(organisation: Organisation, stories: list[Story], workers: dict[str, Operator]) -> None:
    """Two firms; one repairs a road just now. Something to do and a note stand beside other matters."""
    firms = Firm.objects.bulk_create(Firm(organisation=organisation, name=name, email=email) for name, email in FIRMS)
    busy = [each.case for each in stories if each.case.state == State.PROGRESS and each.case.team and each.case.team.name == "Bauhof"]
    if not busy:
        return
    road = next((case for case in busy if case.category.key == "road"), busy[0])
    kemal, now = workers["kemal"], timezone.now()
    given = Delegation.objects.create(
        case=road, firm=firms[0], token_hash=sha256(secrets.token_bytes(32)).digest(), words=ASKED, operator=kemal,
        expires_at=now + timedelta(days=14),
    )  # fmt: skip
    at = max(Entry.objects.filter(case=road).values_list("at", flat=True)) + timedelta(minutes=3)
    Entry.objects.create(
        case=road, what="delegated", text=ASKED, data={"firm": firms[0].pk, "delegation": given.pk}, operator=kemal, at=at
    )  # fmt: skip
    Delegation.objects.filter(pk=given.pk).update(created_at=at)
    for case in busy[:3]:
        Task.objects.create(case=case, text="Vor Ort ansehen und ausmessen", operator=kemal, done_at=now - timedelta(hours=5))
        Task.objects.create(case=case, text="Nach der Reparatur ein Foto machen")
    Entry.objects.create(case=busy[-1], what="note", text="Die Anwohner parken dort; bitte zwei Tage vorher absperren.", operator=kemal,
                         at=now - timedelta(hours=4))  # fmt: skip
