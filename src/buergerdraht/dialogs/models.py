"""Dialogs and their versions, citizens' walks through them, what the authority adds: tables, systems, examples."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Media


class Dialog(models.Model):
    """A dialog as its editors see it: `draft` is worked on, `live` is what citizens get. `key` is used by other dialogs and links."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="dialogs")
    key = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)  # in the organisation's first language, for lists
    draft = models.JSONField()  # document.plain
    stamp = models.PositiveIntegerField(default=1)  # counts every change of the draft: two editors do not overwrite each other
    live = models.ForeignKey("Version", models.PROTECT, null=True, related_name="+")
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "key"], name="dialog_once")]
        ordering: ClassVar = ["title", "id"]

    def __str__(self) -> str:
        return self.title


class Version(models.Model):
    """A document that went live. Never changed: a walk ends in the version it began."""

    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["dialog", "number"], name="dialog_version_once")]
        ordering: ClassVar = ["-number"]


class Change(models.Model):
    """A draft as it stood before a change: the way back in the editor."""

    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="changes")
    stamp = models.PositiveIntegerField()
    before = models.JSONField()
    what = models.CharField(max_length=120)
    undone = models.BooleanField(default=False)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["dialog", "stamp"], name="dialog_change_once")]
        ordering: ClassVar = ["-stamp"]


class Word(models.Model):
    """What begins a live dialog, one row for each word, link or button: what the way in asks, in one query."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="words")
    on = models.CharField(max_length=13)  # as in document.Trigger
    word = models.CharField(max_length=80)  # plain
    fuzzy = models.BooleanField(default=False)
    channels = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "on", "word"], name="dialog_word")]


class Session(models.Model):
    """One contact's walk through a dialog. At most one waits for their answer; those that rest wait for a time."""

    class State(models.TextChoices):
        RUNNING = "running"
        KNOCKS = "knocks"  # a template was sent because the window is closed; it goes on when they answer
        HELD = "held"  # a person has the word; can be stepped back into
        DONE = "done"
        LEFT = "left"  # they went away by themselves: STOP, another dialog
        HANDED = "handed"  # handed over to people
        EXPIRED = "expired"
        ENDED = "ended"  # by an operator

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="sessions")
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="sessions")
    address = models.ForeignKey(Address, models.CASCADE)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    rests = models.BooleanField(default=False)
    walk = SealedField()  # walk.Walk as JSON
    pending = SealedField(default="")  # what they said while a call was running, in order
    step = models.CharField(max_length=40, blank=True)
    wakes_at = models.DateTimeField(null=True)
    begun_by = models.CharField(max_length=13)  # words, link, button, first_contact, menu, time, event, operator
    started_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact"], name="session_one_at_a_time", condition=models.Q(state="running", rests=False)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wakes_at"], name="session_wakes", condition=models.Q(state="running", wakes_at__isnull=False)),
            models.Index(fields=["contact"], name="session_knocks", condition=models.Q(state="knocks")),
            models.Index(fields=["contact", "-started_at"], name="session_contact"),
            models.Index(fields=["dialog", "state", "-started_at"], name="session_dialog"),
        ]


class Missed(models.Model):
    """How many people a dialog that begins by the clock was late for, at one of its times."""

    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="missed")
    at = models.DateTimeField()
    people = models.PositiveIntegerField()
    noted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["dialog", "at"], name="dialog_missed_once")]
        indexes: ClassVar = [models.Index(fields=["noted_at"], name="dialog_missed_noted", condition=models.Q(people__gt=0))]


class Trace(models.Model):
    """What happened at a step, for the figures. `text` only where somebody was misunderstood.

    Retention takes the text away, and whose walk it was: what is left is a number.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="traces")
    version = models.PositiveIntegerField()
    session = models.ForeignKey(Session, models.CASCADE, null=True, related_name="traces")
    step = models.CharField(max_length=40)
    what = models.CharField(max_length=13)  # started, reached, answered, left, handed, misunderstood, done, expired, knocked, unsaid
    text = SealedField(default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["dialog", "at"], name="dialog_trace")]


class Fact(models.Model):
    """What a citizen told in a dialog and the authority keeps beyond it ("set field")."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="facts")
    name = models.CharField(max_length=40)
    value = SealedField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["contact", "name"], name="fact_once")]


class Table(models.Model):
    """A table the authority uploads: streets, tariffs, shelters. `rows` are {column: text}."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="tables")
    key = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    columns = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "key"], name="dialog_table_once")]
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class NamedFile(models.Model):
    """A picture, sound or film on the house's shelf: dialogs and rows of tables name it. It stays when a citizen who got it is erased."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="named_files")
    name = models.CharField(max_length=66)  # document.FILE_NAME
    media = models.ForeignKey(Media, models.CASCADE, related_name="named")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="dialog_file_once")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class System(models.Model):
    """One of the authority's own systems that dialogs may call. Address and secret are the administrator's, never the editor's."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="systems")
    key = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    url = models.CharField(max_length=300)  # https://host/base
    secrets = SealedField(default="")  # headers as JSON
    networks = models.JSONField(default=list)  # networks of the authority that may be called although they are not public
    active = models.BooleanField(default=True)
    token_hash = models.BinaryField(default=b"")  # of the word by which it may tell us that something happened; empty: it may not
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "key"], name="dialog_system_once")]
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class SystemCall(models.Model):
    """That a system was called, how it ended and how long it took. Never what was said."""

    system = models.ForeignKey(System, models.CASCADE, related_name="calls")
    session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    step = models.CharField(max_length=40)
    outcome = models.CharField(max_length=8)  # yes, no, failure
    reason = models.CharField(max_length=20, blank=True)  # status, timeout, refused, unreadable, too_large, unreachable
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["system", "-at"], name="dialog_call")]


class SystemEvent(models.Model):
    """That a system told something, by the key it gave: told again, nothing happens again."""

    system = models.ForeignKey(System, models.CASCADE, related_name="events")
    key = models.CharField(max_length=100)
    session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    expired_at = models.DateTimeField(null=True)  # it waited for its citizen, and the time was over
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "key"], name="dialog_event_once")]
        indexes: ClassVar = [models.Index(fields=["at"], name="dialog_event_at")]


class Waiting(models.Model):
    """An event told while its citizen was in another dialog: its own begins when that is over, or never after `until`."""

    event = models.OneToOneField(SystemEvent, models.CASCADE, related_name="waiting")
    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="waiting_events")
    values = SealedField()  # what the system told, as JSON
    until = models.DateTimeField()
    looks_at = models.DateTimeField()  # not sooner: the window is closed, it is night
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["looks_at"], name="dialog_waiting_due")]


class Lock(models.Model):
    """Wrong tries of a citizen to prove who they are, at one system."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="locks")
    system = models.ForeignKey(System, models.CASCADE, related_name="locks")
    wrong = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["contact", "system"], name="dialog_lock_once")]


class Example(models.Model):
    """A walk somebody recorded in the editor's phone: what the citizen says, and what must be answered."""

    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="examples")
    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=20, default="whatsapp")
    language = models.CharField(max_length=12, default="de")
    moves = models.JSONField(default=list)  # see examples.py
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
