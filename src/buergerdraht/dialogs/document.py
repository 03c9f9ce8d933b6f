"""What a dialog is: steps in a readable document, YAML or JSON. Its JSON Schema is made from these classes (`schema`).

Texts are {language: text}; in them stand placeholders in Liquid (`{{ answers.street }}`, see `filling`). A step leads to the next in
the list unless it names another; three names are not steps: "end" (done), "person" (hand over) and "menu" (the dialog's first choice).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

END, PERSON, MENU = "end", "person", "menu"
PLACES = frozenset({END, PERSON, MENU})  # where a step may lead besides another step
EDITION = 1
MOST_STEPS, MOST_BYTES = 500, 1_000_000
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}\.[a-z0-9]{1,5}")  # of a file on the house's shelf; an id has no dot

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")]
Texts = dict[Language, Annotated[str, StringConstraints(max_length=10_000)]]
Words = dict[Language, list[Annotated[str, StringConstraints(max_length=80)]]]
Goal = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,39})?$")]  # a step, a place, or "": the next in the list
Ask = Literal[
    "text", "number", "date", "time", "email", "phone", "iban", "postcode", "street", "meter_number", "yes_no", "photo", "photos",
    "document", "place", "voice",
]  # fmt: skip


class Piece(BaseModel):
    """Everything in a document: unknown keys are refused, so that a slip of the pen is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class File(Piece):
    """A picture, video, sound or paper that goes with a text. `file` is the gateway's media id, or a name on the house's shelf.

    With a placeholder a row of a table may name it ("{{ raw.job.picture }}"); where that is empty, the text goes alone.
    """

    file: str
    alt: Texts = {}


class Check(Piece):
    """What an answer must be. Numbers and dates may lie between two ends; dates also say "today", "+14" (days from today)."""

    least: str = ""
    most: str = ""
    pattern: str = ""  # a regular expression for the whole answer
    decimals: int = Field(default=0, ge=0, le=6)
    unit: Texts = {}
    table: Name | Literal[""] = ""  # the answer must stand in this table (streets, postcodes) ...
    column: str = ""  # ... in this column
    most_files: int = Field(default=5, ge=1, le=20)


class Step(Piece):
    id: Name
    comment: str = Field(default="", max_length=2_000)  # for colleagues, never sent


class Leading(Step):
    next: Goal = ""


class Say(Leading):
    """Say something and go on."""

    kind: Literal["say"] = "say"
    text: Texts = {}
    files: list[File] = Field(default=[], max_length=5)
    link: str = Field(default="", max_length=2_000)  # a button that opens a page ...
    link_title: Texts = {}  # ... and its title


class Question(Leading):
    """What every question shares: how often it is asked, and what then."""

    text: Texts = {}
    files: list[File] = Field(default=[], max_length=5)
    save: Name | Literal[""] = ""  # the answer's name; the step's id where empty
    title: Texts = {}  # how the summary calls the answer; the question where empty
    error: Texts = {}  # own words where an answer does not fit
    tries: int = Field(default=3, ge=1, le=9)
    otherwise: Goal = PERSON  # where it goes after that many tries
    remind_after: int = Field(default=0, ge=0, le=10_080)  # minutes of silence; 0: as the dialog says

    @property
    def name(self) -> str:
        return self.save or self.id


class AskStep(Question):
    """Ask for something and check what comes."""

    kind: Literal["ask"] = "ask"
    want: Ask = "text"
    check: Check = Check()
    optional: bool = False  # may be left out with a button
    confirm: bool = False  # show what was understood, and ask whether it is right


class Option(Piece):
    id: Name
    title: Texts
    description: Texts = {}
    words: Words = {}  # other words for it
    next: Goal = ""


class Choose(Question):
    """Let the citizen choose: buttons, a list or numbers, as the messenger allows."""

    kind: Literal["choose"] = "choose"
    options: list[Option] = Field(min_length=1, max_length=30)
    label: Texts = {}  # word on the button that opens a list


class Condition(Piece):
    """Something that is so or not. `of` tells what is looked at, `name` which one."""

    of: Literal["answer", "field", "topic", "label", "language", "channel", "hours", "date", "time", "weekday", "outcome"]
    name: str = ""
    op: Literal["is", "is_not", "one_of", "contains", "matches", "more", "less", "known", "unknown"] = "is"
    value: str = ""  # Liquid; "one_of": words with commas between; hours: "open" or "closed"


class Case(Piece):
    when: list[Condition] = Field(min_length=1, max_length=10)  # all of them
    next: Goal


class Branch(Leading):
    """Go one way or another; `next` where no case holds."""

    kind: Literal["branch"] = "branch"
    cases: list[Case] = Field(min_length=1, max_length=30)
    random: bool = False  # one of the ways by lot, each as likely: a trial of two wordings


class Set(Leading):
    """Keep something: an answer of this walk, a field or label of the citizen, the language they are spoken to in."""

    kind: Literal["set"] = "set"
    what: Literal["answer", "field", "name", "label", "unlabel", "language"]
    name: str = ""
    value: str = ""


class Subscribe(Leading):
    """Subscribe to topics, with the words that were agreed to as proof; or leave them."""

    kind: Literal["subscribe"] = "subscribe"
    topics: list[str] = Field(min_length=1, max_length=20)
    leave: bool = False
    consent: Texts = {}  # the notice that was shown; the question before where empty


class CaseStep(Leading):
    """Open a matter, with all answers: a case of a category with its place and photos; without a category a note before a team."""

    kind: Literal["case"] = "case"
    category: str = ""  # key of a category of cases
    team: str = ""
    label: str = ""
    summary: Texts = {}  # Liquid; all answers where empty
    save: Name = "case"  # answers.case is its number


class Book(Question):
    """Offer free times and book one."""

    kind: Literal["book"] = "book"
    offer: str
    days: int = Field(default=5, ge=1, le=9)  # so many days to choose from at once
    none: Texts = {}  # what is said where nothing is free
    on_none: Goal = PERSON


class Call(Leading):
    """Ask one of the authority's own systems. The host must be on the list in the settings; what to do when it fails is not optional."""

    kind: Literal["call"] = "call"
    system: Name  # its name in the settings: address, secret
    method: Literal["GET", "POST", "PUT"] = "POST"
    path: str = ""  # Liquid, each value escaped
    body: dict[str, str] = {}  # key -> Liquid
    seconds: int = Field(default=10, ge=1, le=30)
    take: dict[Name, str] = {}  # answer -> where it stands in what comes back: "customer.name", "items.0.price"
    accept: str = ""  # Liquid over `result`: the answer counts as a yes only where this is not empty
    proves: bool = False  # it checks who somebody is: a "no" counts towards the lock
    tries: int = Field(default=3, ge=1, le=10)
    lock_minutes: int = Field(default=60, ge=1, le=10_080)
    wait: Texts = {}  # said while it takes long
    on_no: Goal  # it answered, and the answer is no (4xx, or `accept` is empty)
    on_failure: Goal  # it did not answer, too late, or nonsense
    on_locked: Goal = PERSON


class LookUp(Leading):
    """Find a row in a table of the authority's own."""

    kind: Literal["look_up"] = "look_up"
    table: Name
    match: dict[str, str] = {}  # column -> Liquid
    near: str = ""  # an answer that is a place: the nearest row by its columns `latitude`, `longitude`
    most: int = Field(default=1, ge=1, le=10)
    save: Name = "row"  # answers.row.<column>, and answers.row_list for several
    on_nothing: Goal


class Meter(Question):
    """Take a meter reading: by photo, read on our own machine and shown back, or typed."""

    kind: Literal["meter"] = "meter"
    meter: Literal["water", "gas", "electricity", "heat"]
    number: str = ""  # Liquid: the meter's number, where it was asked
    digits: int = Field(default=0, ge=0, le=9)  # 0: as the meter's row says, or any
    decimals: int = Field(default=0, ge=0, le=4)
    save: Name = "reading"
    on_doubt: Goal = ""  # kept, and people look at it


class HandOver(Step):
    """Bring it before people, with all answers. They have the word from then on."""

    kind: Literal["hand_over"] = "hand_over"
    team: str = ""
    text: Texts = {}
    away: Texts = {}  # said instead while nobody is there


class Start(Leading):
    """Walk through another dialog: as a part, and then go on here; or instead."""

    kind: Literal["start"] = "start"
    dialog: Name
    instead: bool = False


class Wait(Leading):
    """Let time pass. With `silence` a message of theirs ends the wait, and goes to `on_message`."""

    kind: Literal["wait"] = "wait"
    minutes: int = Field(default=0, ge=0, le=525_600)
    until: str = ""  # Liquid that yields a date or moment, where minutes is 0
    silence: bool = False
    on_message: Goal = ""


class Send(Leading):
    """Send a file that is made for this citizen: a paper from a template, or the date of a booking for their calendar."""

    kind: Literal["send"] = "send"
    what: Literal["pdf", "ics"]
    file_name: str = Field(default="", max_length=80)
    title: Texts = {}
    text: Texts = {}  # the paper's body: Markdown with Liquid
    caption: Texts = {}


class End(Step):
    """The walk ends here."""

    kind: Literal["end"] = "end"
    text: Texts = {}


AnyStep = Annotated[
    Say | AskStep | Choose | Branch | Set | Subscribe | CaseStep | Book | Call | LookUp | Meter | HandOver | Start | Wait | Send | End,
    Field(discriminator="kind"),
]
KINDS: tuple[type[Step], ...] = (
    Say, AskStep, Choose, Branch, Set, Subscribe, CaseStep, Book, Call, LookUp, Meter, HandOver, Start, Wait, Send, End,
)  # fmt: skip
ACTS = (Set, Subscribe, CaseStep, Book, Call, Meter, Start)  # what they lead to is kept, or done elsewhere
QUESTIONS = (AskStep, Choose, Book, Meter)  # steps at which a citizen's answer is waited for


class Trigger(Piece):
    """What begins the dialog. One `on`, and what belongs to it."""

    on: Literal["words", "link", "button", "first_contact", "menu", "time", "event"]
    words: Words = {}  # on words: a whole message; also the name of a link, button or event, without language ("": [...])
    name: str = Field(default="", max_length=60)  # of a link (?start=…), a button's id, an event's name
    fuzzy: bool = False  # slips of the finger count, and words inside a short sentence
    channels: list[str] = []  # kinds; all where empty
    title: Texts = {}  # in the main menu
    time: str = Field(default="", pattern=r"^(\d{2}:\d{2})?$")  # on time: every day at, Europe/Berlin ...
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = []  # ... on these days (0: Monday) ...
    topic: str = ""  # ... for those who subscribed to this
    busy: Literal["wait", "refuse"] = "wait"  # on event: while they are in another dialog, it begins afterwards, or not at all ...
    wait_minutes: int = Field(default=1_440, ge=5, le=10_080)  # ... and waits so long


class Dialog(Piece):
    """A whole dialog, as it is written down."""

    edition: Literal[1] = 1
    key: Name
    title: Texts
    languages: list[Language] = Field(default=["de"], min_length=1, max_length=20)
    icon: str = "bot"
    purpose: str = Field(default="", max_length=2_000)  # for colleagues
    triggers: list[Trigger] = []
    template: str = Field(default="", max_length=512)  # goes out where the window is closed and we speak first: title and text as its body
    remind_after: int = Field(default=0, ge=0, le=10_080)  # minutes of silence, then one kind question; 0: never
    remind: Texts = {}
    expire_after: int = Field(default=1_440, ge=5, le=525_600)  # minutes of silence, then it ends
    expired: Texts = {}
    steps: list[AnyStep] = Field(min_length=1, max_length=MOST_STEPS)

    def step(self, name: str) -> Step | None:
        return self.index.get(name)

    @property
    def index(self) -> dict[str, Step]:
        """Steps by id; made once, because a walk asks at every step."""
        found: dict[str, Step] | None = self.__dict__.get("_index")
        if found is None:
            found = self.__dict__["_index"] = {step.id: step for step in self.steps}
            self.__dict__["_after"] = {one.id: other.id for one, other in zip(self.steps, self.steps[1:], strict=False)}
        return found

    @property
    def acts(self) -> bool:
        """Whether something comes of the answers, here or in a part."""
        return any(isinstance(step, ACTS) for step in self.steps)

    @property
    def acts_unasked(self) -> bool:
        """Whether something may come of its mere beginning: before a question, or where the way to the first one may fork."""
        for step in self.steps:
            if isinstance(step, QUESTIONS):
                return False
            if not isinstance(step, Say) or step.next:
                return self.acts
        return False

    def after(self, step: Step) -> str:
        """The step that follows in the list, or "end"."""
        self.index  # noqa: B018 - makes the order too
        after: dict[str, str] = self.__dict__["_after"]
        return after.get(step.id, END)

    def goal(self, step: Step, name: str) -> str:
        """Where a step leads that names `name`."""
        return name or self.after(step)

    @property
    def menu(self) -> str:
        """The first choice: where "menu" leads."""
        return next((step.id for step in self.steps if isinstance(step, Choose)), self.steps[0].id)


def in_language(texts: Texts, language: str, first: str) -> str:
    """Give a text in a language, else in the dialog's first, else any."""
    spoken = (language, language.split("-")[0], first, *texts)
    return next((found for each in spoken if (found := texts.get(each))), "")


class Unreadable(Exception):
    """A document is not one. `problems` are (where, sentence), in the language of whoever brought it."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{where}: {what}" if where else what for where, what in problems))
        self.problems = problems


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a dialog, as published."""
    return Dialog.model_json_schema()


def read(text: str) -> Dialog:
    """Read a dialog from YAML or JSON. Raises Unreadable with the places."""
    if len(text.encode()) > MOST_BYTES:
        raise Unreadable([("", _("Die Datei ist zu groß: höchstens 1 MB."))])
    try:
        found = yaml.load(text, Loader=_Plain)  # noqa: S506 - a SafeLoader of ours, which makes no dates and no aliases
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = _("Zeile %(n)s") % {"n": mark.line + 1} if mark else ""
        raise Unreadable([(where, _("Das ist kein lesbares YAML oder JSON."))]) from None
    return load(found)


def load(found: Any) -> Dialog:
    """Make a dialog of plain values. Raises Unreadable with the places."""
    try:
        dialog = Dialog.model_validate(found)
    except ValidationError as problem:
        raise Unreadable([_spoken(found, each) for each in problem.errors()]) from None
    twice = [step.id for number, step in enumerate(dialog.steps) if step.id in {one.id for one in dialog.steps[:number]}]
    reserved = [step.id for step in dialog.steps if step.id in PLACES]
    if twice or reserved:
        raise Unreadable(
            [(name, _("Diesen Schritt gibt es zweimal.")) for name in twice]
            + [(name, _("So darf kein Schritt heißen: Das Wort hat eine eigene Bedeutung.")) for name in reserved]
        )
    return dialog


def plain(dialog: Dialog) -> dict[str, Any]:
    """Give a dialog as plain values, without what is as usual: what is stored, compared and exported."""
    found = dialog.model_dump(mode="json", exclude_defaults=True)
    found = {"edition": EDITION, **found}
    found["steps"] = [_with_kind(step, values) for step, values in zip(dialog.steps, found["steps"], strict=True)]
    return found


def _with_kind(step: AnyStep, values: dict[str, Any]) -> dict[str, Any]:
    return {"id": step.id, "kind": step.kind, **{key: value for key, value in values.items() if key != "id"}}


def written(dialog: Dialog) -> str:
    """Write a dialog as YAML, as people read it."""
    return yaml.dump(plain(dialog), Dumper=_Readable, allow_unicode=True, sort_keys=False, width=120)


def texts_of(piece: Piece, where: str = "") -> Iterator[tuple[str, Texts]]:
    """Give every text a citizen reads in a piece, with its path: for checks and the table of translations."""
    for name, info in type(piece).model_fields.items():
        value, path = getattr(piece, name), f"{where}.{name}" if where else name
        if isinstance(value, Piece):
            yield from texts_of(value, path)
        elif isinstance(value, list) and value and isinstance(value[0], Piece):
            for each in value:
                yield from texts_of(each, f"{path}.{getattr(each, 'id', None) or value.index(each)}")
        elif info.annotation == Texts and value:
            yield path, value


class _Plain(yaml.SafeLoader):
    """YAML without surprises: "2026-01-01" and "12:30" stay text, "no" stays a word, and no alias can make a bomb."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":int", ":bool"))]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Plain.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(0|[1-9][0-9]{0,8})$"), list("0123456789"))


class _Readable(yaml.SafeDumper):
    pass


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _write_text)


SENTENCES = {
    "missing": gettext_lazy("Hier fehlt die Angabe „%(name)s“."),
    "extra_forbidden": gettext_lazy("Die Angabe „%(name)s“ ist unbekannt."),
    "string_pattern_mismatch": gettext_lazy("„%(given)s“ passt hier nicht: erlaubt sind kleine Buchstaben, Ziffern und Unterstrich."),
    "union_tag_invalid": gettext_lazy("Diese Art von Schritt gibt es nicht."),
    "union_tag_not_found": gettext_lazy("Hier fehlt die Art des Schritts („kind“)."),
    "literal_error": gettext_lazy("„%(given)s“ ist hier nicht vorgesehen."),
}


def _spoken(found: Any, error: Any) -> tuple[str, str]:
    """Say what pydantic found, with the step's own name instead of its number."""
    places = [each for each in error["loc"] if not (isinstance(each, str) and each in _TAGS)]
    if len(places) > 1 and places[0] == "steps" and isinstance(places[1], int):
        try:
            places[1] = str(found["steps"][places[1]]["id"])
        except (KeyError, TypeError, IndexError):
            places[1] = _("Schritt %(n)s") % {"n": places[1] + 1}
        places = places[1:]
    given = json.dumps(error.get("input"), ensure_ascii=False, default=str)[:60].strip('"')
    sentence = SENTENCES.get(error["type"], gettext_lazy("Diese Angabe passt nicht (%(given)s)."))
    return ".".join(str(each) for each in places), sentence % {"name": places[-1] if places else "", "given": given}


_TAGS = {kind.model_fields["kind"].default for kind in KINDS}
