"""Conversations and their messages, and what the people at the desk keep beside them.

The shape, from the thread outwards:
- a Conversation is the thread with one contact, for good; it is open, closed, or with automatics only;
- a Stretch is one matter in it: from the moment people were needed until it was closed. Figures count stretches, deadlines and
  the citizen's mark hang on them, the side panel lists them as earlier conversations;
- who may see a thread is asked in one place, `sight`: the organisation decides whether teams are apart, a confidential thread
  is for named people only;
- who writes an answer holds the thread (`writer` until `writing_until`), who is responsible for it is its `operator`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.accounts.vault import SealedField
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.gateway.models import Channel, Media, Outbound, hot

NOTE_WITHIN = timedelta(minutes=10)  # so long its author may take a note back


class Label(models.Model):
    """A word of the organisation's own that sorts conversations."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=40)
    tone = models.CharField(max_length=8, default="plain")  # plain, info, ok, warn, bad

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="label_once")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Conversation(models.Model):
    """The thread with one contact. One open at a time; a message after closing reopens it."""

    class State(models.TextChoices):
        BOT = "bot"  # only automatic answers so far: nobody needs to look
        OPEN = "open"
        CLOSED = "closed"

    class Aside(models.TextChoices):
        """Why it was set aside: seen by whoever looks there, answered by nobody."""

        CHAIN = "chain"  # a chain letter or mass forward
        INSULT = "insult"
        SPAM = "spam"
        BLOCKED = "blocked"  # the person was blocked by an operator

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="conversations")
    contact = models.OneToOneField(Contact, models.CASCADE, related_name="conversation")
    state = models.CharField(max_length=6, choices=State.choices, default=State.BOT)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, blank=True)  # assigned to
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True)
    topic = models.ForeignKey(Topic, models.SET_NULL, null=True, blank=True)  # what it is about: by rule, link or hand
    labels = models.ManyToManyField(Label, blank=True, related_name="conversations")
    confidential = models.BooleanField(default=False, db_default=False)
    named = models.ManyToManyField(Operator, blank=True, related_name="+")  # who may see it while it is confidential
    writer = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")  # who writes an answer: the reply lock
    writing_until = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    urgent_at = models.DateTimeField(null=True)  # emergency words: on top until somebody answered or calmed it
    aside = models.CharField(max_length=8, choices=Aside.choices, blank=True, db_default="")
    stretch = models.ForeignKey("Stretch", models.SET_NULL, null=True, related_name="+")  # the matter at hand
    due_at = models.DateTimeField(null=True)  # by when the next step of ours is due by the team's rule
    warned_at = models.DateTimeField(null=True)  # that `due_at` comes near was said
    unread = models.PositiveIntegerField(default=0)
    last_text = models.CharField(max_length=160, blank=True)
    last_kind = models.CharField(max_length=20, blank=True)  # of the newest message, where it has no text
    last_author = models.CharField(max_length=9, blank=True)
    last_address = models.ForeignKey(Address, models.SET_NULL, null=True)  # where the citizen wrote last
    last_at = models.DateTimeField(null=True)  # of the newest message
    waiting_since = models.DateTimeField(null=True)  # first unanswered message of the citizen
    greeted_on = models.DateField(null=True)
    away_on = models.DateField(null=True)
    broadcast = models.BigIntegerField(null=True)  # the broadcast last answered to
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state", "-last_at"], name="conversation_list"),
            models.Index(fields=["organisation", "state", "waiting_since"], name="conversation_waiting"),
            models.Index(  # as the open views stand
                fields=["organisation", "urgent_at", "waiting_since", "-last_at", "-id"],
                name="conversation_queue",
                condition=models.Q(state="open", aside=""),
            ),
            models.Index(fields=["organisation", "-last_at"], name="conversation_aside", condition=~models.Q(aside="")),
            models.Index(fields=["due_at"], name="conversation_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["snoozed_until"], name="conversation_snoozed", condition=models.Q(snoozed_until__isnull=False)),
        ]


class Message(models.Model):
    """What was said, by whom, through which channel. Order is provider time, then arrival."""

    class Author(models.TextChoices):
        CITIZEN = "citizen"
        OPERATOR = "operator"
        BOT = "bot"
        BROADCAST = "broadcast"
        NOTE = "note"  # internal
        SYSTEM = "system"  # a line: assigned, closed, stopped

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    author = models.CharField(max_length=9, choices=Author.choices)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)
    address = hot(Address, null=True, on_delete=models.DO_NOTHING)  # whose side of a merged thread it is on; goes with the contact
    external_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null under a unique constraint
    kind = models.CharField(max_length=20, default="text")
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)  # location, cards, choices, album id, referral, raw kind
    media = models.ManyToManyField(Media, blank=True)
    quote = models.CharField(max_length=200, blank=True)  # external id of the message answered
    reaction = models.CharField(max_length=16, blank=True)  # the citizen's reaction to it
    outbound = models.OneToOneField(Outbound, models.SET_NULL, null=True, related_name="message")
    broadcast = models.BigIntegerField(null=True)
    flags = ArrayField(models.CharField(max_length=12), default=list, db_default=[])  # what `care` found: see care.FLAGS
    fingerprint = models.BigIntegerField(null=True)  # of a long or forwarded text: finds what is sent to many
    once = models.UUIDField(null=True, unique=True)  # the page's own id for this reply: sent twice, written once
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "external_id"], name="message_once")]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "at", "id"], name="message_thread"),
            models.Index(  # the figures of the last days
                fields=["organisation", "at"], name="message_day", condition=models.Q(author__in=["citizen", "operator"])
            ),
            GinIndex(SearchVector("text", config="simple"), name="message_words"),
            models.Index(  # who else sent the same
                fields=["organisation", "fingerprint", "at"], name="message_same", condition=models.Q(fingerprint__isnull=False)
            ),
            models.Index(fields=["organisation", "at"], name="message_flagged", condition=~models.Q(flags=[])),
        ]


class Reading(models.Model):
    """An operator read a conversation in this hour: so the audit log says it once, not at every click."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="readings")
    operator = models.ForeignKey(Operator, models.CASCADE)
    hour = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["conversation", "operator", "hour"], name="reading_once")]


class Stretch(models.Model):
    """One matter in a thread, from the moment people were needed until it was closed."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="stretches")
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)
    topic = models.ForeignKey(Topic, models.SET_NULL, null=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)  # who answered first, then who closed it
    opened_at = models.DateTimeField()  # provider time of the message that needed people
    answered_at = models.DateTimeField(null=True)  # first answer of a person
    answer_seconds = models.PositiveIntegerField(null=True)  # until then, office hours only
    closed_at = models.DateTimeField(null=True)
    received = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)  # how was it?
    mark = models.PositiveSmallIntegerField(null=True)  # 1 to 5
    mark_text = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "opened_at"], name="stretch_day"),
            models.Index(fields=["conversation", "-opened_at"], name="stretch_thread"),
            models.Index(  # of which nobody was asked yet how it was
                fields=["closed_at"], name="stretch_unasked", condition=models.Q(asked_at=None, closed_at__isnull=False)
            ),
        ]


# ── How the desk works ────────────────────────────────────────────────────


class Desk(models.Model):
    """How an organisation's inbox works. `Desk.of` gives the defaults where nothing was set. Texts are {language: text}."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, primary_key=True, related_name="desk")
    teams_apart = models.BooleanField(default=False)  # operators see their teams' conversations and those of nobody
    works_council = models.BooleanField(default=True)  # no figures per person, none of small groups
    smallest_group = models.PositiveSmallIntegerField(default=5)
    signature = models.CharField(max_length=200, blank=True)  # {vorname} {name} {team} {organisation}
    undo_seconds = models.PositiveSmallIntegerField(default=5)  # 0: a reply leaves at once
    acknowledge_minutes = models.PositiveSmallIntegerField(null=True, blank=True)  # of office time without an answer
    acknowledge_text = models.JSONField(default=dict, blank=True)
    remind = models.BooleanField(default=False)  # before the messenger's window ends
    remind_text = models.JSONField(default=dict, blank=True)
    close_days = models.PositiveSmallIntegerField(null=True, blank=True)  # of silence after our answer
    close_text = models.JSONField(default=dict, blank=True)
    ask_mark = models.BooleanField(default=False)  # how was it? after closing
    mark_text = models.JSONField(default=dict, blank=True)
    chain_people = models.PositiveSmallIntegerField(default=3)  # the same text from that many within a day is a mass forward
    emergency_words = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # beside ours
    emergency_text = models.JSONField(default=dict, blank=True)
    insult_words = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # beside ours
    warn_sensitive = models.BooleanField(default=True)
    sensitive_text = models.JSONField(default=dict, blank=True)

    @classmethod
    def of(cls, organisation: Organisation) -> Desk:
        """Ask once per organisation object; a request has its own."""
        known: Desk | None = vars(organisation).get("_desk")
        if known is None:
            known = vars(organisation)["_desk"] = cls.objects.filter(organisation=organisation).first() or cls(organisation=organisation)
        return known


class TeamRule(models.Model):
    """What a team promises, and how work is dealt out in it."""

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True, related_name="rule")
    answer_minutes = models.PositiveIntegerField(null=True, blank=True)  # of office time until the first answer
    close_hours = models.PositiveIntegerField(null=True, blank=True)  # of office time until it is closed
    warn_minutes = models.PositiveIntegerField(default=30)  # before either
    deal = models.BooleanField(default=False)  # round robin among those who are here
    most_open = models.PositiveSmallIntegerField(null=True, blank=True)  # per person, when dealt
    escalate_to = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    signature = models.CharField(max_length=200, blank=True)


class AssignmentRule(models.Model):
    """Where a new matter goes: the first active rule all of whose conditions hold. Empty conditions hold always."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="assignment_rules")
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    words = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # any of them
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, blank=True)
    topic = models.ForeignKey(Topic, models.CASCADE, null=True, blank=True)  # subscribed to, or named by the link they came by
    language = models.CharField(max_length=12, blank=True)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True)
    operator = models.ForeignKey(Operator, models.CASCADE, null=True, blank=True)
    label = models.ForeignKey(Label, models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]


class SavedAnswer(models.Model):
    """A text one says often. `texts` is {language: text} with placeholders; `team` null: everybody's."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="saved_answers")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True)
    shortcut = models.CharField(max_length=30)  # typed after a slash
    title = models.CharField(max_length=80)
    texts = models.JSONField(default=dict)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "team", "shortcut"], name="saved_answer_once", nulls_distinct=False)
        ]
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class SavedView(models.Model):
    """A filter worth a name. `wish` is what the filter form sends, without a search (law 12: no names at rest in the clear)."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    wish = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "operator", "name"], name="saved_view_once")]
        ordering: ClassVar = ["name"]


# ── Who is at the desk ────────────────────────────────────────────────────


class Draft(models.Model):
    """What somebody began to answer: one per thread, seen by whoever may see the thread."""

    conversation = models.OneToOneField(Conversation, models.CASCADE, primary_key=True, related_name="draft")
    operator = models.ForeignKey(Operator, models.CASCADE)
    text = models.TextField(blank=True)
    kind = models.CharField(max_length=8, default="antwort")  # or "notiz"
    at = models.DateTimeField(auto_now=True)


class Presence(models.Model):
    """An operator at this organisation's desk: whether they take work, and which thread is before their eyes."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    operator = models.ForeignKey(Operator, models.CASCADE)
    away = models.BooleanField(default=False)  # by their own word: nothing is dealt to them
    conversation = models.ForeignKey(Conversation, models.SET_NULL, null=True, related_name="presences")
    seen_at = models.DateTimeField()
    dealt_at = models.DateTimeField(null=True)  # whose turn it was last, for round robin

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "operator"], name="presence_once")]


class Notice(models.Model):
    """Something one operator should know: in the bell, and pushed to their telephone where they want it. Ids only."""

    class Kind(models.TextChoices):
        MENTION = "mention"
        ASSIGNED = "assigned"
        MESSAGE = "message"  # in a thread of mine
        DUE = "due"
        URGENT = "urgent"
        TAKEN = "taken"  # somebody took over what I was writing

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="notices")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    by = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["operator", "organisation", "-at"], name="notice_unseen", condition=models.Q(seen_at=None))
        ]


class PushKey(models.Model):
    """A browser or installed app of an operator that wants to be woken (RFC 8030, RFC 8291)."""

    operator = models.ForeignKey(Operator, models.CASCADE, related_name="push_keys")
    endpoint = SealedField()
    endpoint_hash = models.BinaryField(unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    device = models.CharField(max_length=80, blank=True)
    failed = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)


class PushWish(models.Model):
    """Of what an operator's devices are woken; without a row the defaults hold."""

    KINDS: ClassVar = [Notice.Kind.MENTION, Notice.Kind.ASSIGNED, Notice.Kind.MESSAGE, Notice.Kind.DUE, Notice.Kind.URGENT]

    operator = models.OneToOneField(Operator, models.CASCADE, primary_key=True, related_name="push_wish")
    kinds = ArrayField(models.CharField(max_length=8), default=list)
    always = models.BooleanField(default=False)  # outside office hours too; what is urgent comes at any time
