"""What the API shows of cases, and how it is asked: shapes alone. Names, numbers, notes, originals have no field here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from buergerdraht.accounts.rest.paging import Moment, Number, Paging, Strict, Text, Wish
from buergerdraht.cases.models import Case, Category, Entry, Follower, Photo, Task
from buergerdraht.cases.report import LONGEST
from buergerdraht.conversations import care

State = Literal["received", "confirmed", "progress", "waiting", "done", "rejected", "duplicate"]
Follows = Literal["confirmed", "progress", "waiting", "done", "rejected"]
Public = Literal["hidden", "released", "withdrawn"]
Priority = Literal["low", "normal", "high"]
Origin = Literal["chat", "dialog", "operator", "web", "open311"]
PRIORITIES: dict[int, Priority] = {1: "low", 2: "normal", 3: "high"}
FARTHEST = 50_000  # metres
CODES = frozenset({"from", "to", "by", "photo", "photos", "kind", "team", "priority", "origin"})  # of an entry: no number of another case
SPOKEN = frozenset({"added", "moved", "withdrawn"})  # entries whose words are the citizen's


# ── What is shown ─────────────────────────────────────────────────────────


class CategoryShown(Schema):
    """What can be reported. Texts by language; `questions` with `key`, `text`, `want`, `options`, `required`."""

    id: int
    key: str
    kind: Literal["problem", "idea", "praise", "complaint"]
    group: str
    title: dict[str, str]
    description: dict[str, str]
    questions: list[dict[str, Any]]
    needs_place: bool
    refusal: dict[str, str]
    visibility: Literal["public", "internal"]
    team: int | None
    days: int
    active: bool


class CaseShown(Schema):
    """A case. `text` and `answers` are the citizen's words (`masked`: something is hidden); `public_text` is what a person released."""

    id: int
    number: str
    category: int
    state: State
    priority: Priority
    text: str
    answers: dict[str, str]
    masked: bool
    public: Public
    public_text: str
    place: str
    latitude: float | None
    longitude: float | None
    district: int | None
    team: int | None
    accepted: bool
    taken: bool
    origin: Origin
    contact: int | None
    reporter: bool = Field(description="Whether somebody without a messenger left how to reach them; what, stays in the console.")
    same_as: int | None
    due_at: datetime | None
    received_at: datetime
    answered_at: datetime | None
    done_at: datetime | None
    changed_at: datetime


class CaseStands(Schema):
    """How a case stands after a call: no word of a citizen."""

    id: int
    number: str
    state: State
    priority: Priority
    public: Public
    team: int | None
    taken: bool
    due_at: datetime | None
    changed_at: datetime


class EntryShown(Schema):
    """What happened. `text`: what the citizen added; `told`: what followers were told."""

    id: int
    what: str
    by: Literal["citizen", "operator", "other"]
    data: dict[str, Any]
    text: str
    told: str
    at: datetime


class FollowerShown(Schema):
    contact: int
    joined_at: datetime


class TaskShown(Schema):
    """Something to do for a case, in the words of whoever wrote it down."""

    id: int
    text: str
    done: bool
    done_at: datetime | None
    created_at: datetime


class PhotoShown(Schema):
    """A picture. `ready`: faces and number plates are covered, and its file can be fetched."""

    id: int
    kind: Literal["before", "after"]
    ready: bool
    released: bool
    mime: str
    width: int | None
    height: int | None
    size: int | None
    created_at: datetime


# ── How it is asked ───────────────────────────────────────────────────────


class TasksWanted(Paging):
    done: bool | None = Field(None, description="Whether it is ticked.")


class CategoriesWanted(Paging):
    active: bool | None = None


class CasesWanted(Paging):
    state: State | None = None
    open: bool | None = Field(None, description="Whether it still has to be worked on.")
    category: Number | None = None
    team: Number | None = None
    district: Number | None = None
    contact: Number | None = None
    public: bool | None = Field(None, description="Whether the public sees it.")
    number: Text | None = Field(None, max_length=20, description="Of the case: 2026-00042.")
    words: Text | None = Field(None, max_length=200, description="Beginnings of words, all of them, in texts and place.")
    changed_since: Moment | None = Field(None, description="Changed since, or with an entry since.")
    received_since: Moment | None = None
    latitude: float | None = Field(None, ge=-90, le=90, description="With longitude and radius: what lies around.")
    longitude: float | None = Field(None, ge=-180, le=180)
    radius: int | None = Field(None, ge=1, le=FARTHEST, description="Metres.")


class Reporter(Wish):
    """Somebody without a messenger. It is kept sealed and never shown by the API."""

    name: Text = Field("", max_length=120)
    email: Text = Field("", max_length=254)
    phone: Text = Field("", max_length=40)


class CaseWish(Wish):
    """A case of another system. `contact` follows it by messenger; `reporter` is somebody who has none. Only one of them."""

    category: Strict
    text: Text = Field("", max_length=LONGEST)
    place: Text = Field("", max_length=200)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    answers: dict[Text, Text] = Field(default_factory=dict, max_length=20)
    contact: Strict | None = None
    reporter: Reporter | None = None
    at: Moment | None = Field(None, description="When it came in, within the last year; without it, now.")


class CaseMove(Wish):
    """`words` of yours stand in the sentence that followers hear; with `tell` false they hear nothing."""

    state: Follows
    words: Text = Field("", max_length=LONGEST)
    tell: bool = True


class CaseWords(Wish):
    text: Text = Field(min_length=1, max_length=LONGEST)


class CaseHolder(Wish):
    """Who works on it, by the address they sign in with; null gives it back."""

    email: Text | None = Field(max_length=254)


class CaseTeam(Wish):
    team: Strict
    text: Text = Field("", max_length=LONGEST, description="For colleagues: why.")


class CaseRank(Wish):
    priority: Priority


class TaskWish(Wish):
    text: Text = Field(min_length=1, max_length=300)


class TaskTick(Wish):
    """Ticked, or open again. The same twice is once."""

    done: bool


class CaseDouble(Wish):
    of: Strict = Field(description="The case that goes on.")


# ── From rows ─────────────────────────────────────────────────────────────


def category(row: Category) -> CategoryShown:
    return CategoryShown(
        id=row.pk, key=row.key, kind=row.kind, group=row.group, title=row.title, description=row.description,  # type: ignore[arg-type]
        questions=row.questions, needs_place=row.needs_place, refusal=row.refusal, visibility=row.visibility,  # type: ignore[arg-type]
        team=row.team_id, days=row.days, active=row.active,
    )  # fmt: skip


def case(row: Case) -> CaseShown:
    """Of a row with `same_as` at hand and `named`, whether the token may know of its contact.

    What is sensitive in a citizen's words is hidden, as in every list of ours.
    """
    text, answers = care.mask(row.text), {key: care.mask(str(said)) for key, said in row.answers.items()}
    return CaseShown(
        id=row.pk, number=row.number, category=row.category_id, state=row.state, priority=PRIORITIES[row.priority],  # type: ignore[arg-type]
        text=text, answers=answers, masked=(text, answers) != (row.text, row.answers), public=row.public,  # type: ignore[arg-type]
        public_text=row.public_text, place=row.place, latitude=row.latitude, longitude=row.longitude, district=row.district_id,
        team=row.team_id, accepted=row.accepted_at is not None, taken=row.operator_id is not None, origin=row.origin,  # type: ignore[arg-type]
        contact=row.contact_id if vars(row)["named"] else None, reporter=bool(row.reporter),
        same_as=row.same_as_id if row.same_as and not row.same_as.confidential else None,
        due_at=row.due_at, received_at=row.received_at, answered_at=row.answered_at, done_at=row.done_at, changed_at=row.changed_at,
    )  # fmt: skip


def stands(row: Case) -> CaseStands:
    return CaseStands(
        id=row.pk, number=row.number, state=row.state, priority=PRIORITIES[row.priority], public=row.public,  # type: ignore[arg-type]
        team=row.team_id, taken=row.operator_id is not None, due_at=row.due_at, changed_at=row.changed_at,
    )  # fmt: skip


def entry(row: Entry) -> EntryShown:
    return EntryShown(
        id=row.pk, what=row.what, by="operator" if row.operator_id else "citizen" if row.contact_id else "other",
        data={key: value for key, value in row.data.items() if key in CODES},
        text=care.mask(row.text) if row.what in SPOKEN and not row.operator_id else "", told=row.told, at=row.at,
    )  # fmt: skip


def follower(row: Follower) -> FollowerShown:
    return FollowerShown(contact=row.contact_id, joined_at=row.joined_at)


def task(row: Task) -> TaskShown:
    """What is sensitive in it is hidden, as everywhere."""
    return TaskShown(id=row.pk, text=care.mask(row.text), done=row.done_at is not None, done_at=row.done_at, created_at=row.created_at)


def photo(row: Photo) -> PhotoShown:
    shown = row.shown
    return PhotoShown(
        id=row.pk, kind=row.kind, ready=shown is not None, released=row.released, mime=shown.mime if shown else "",  # type: ignore[arg-type]
        width=shown.width if shown else None, height=shown.height if shown else None, size=shown.size if shown else None,
        created_at=row.created_at,
    )  # fmt: skip
