"""Conversations and their messages."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Channel, Media, Outbound


class Conversation(models.Model):
    """The thread with one contact. One open at a time; a message after closing reopens it."""

    class State(models.TextChoices):
        BOT = "bot"  # only automatic answers so far: nobody needs to look
        OPEN = "open"
        CLOSED = "closed"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="conversations")
    contact = models.OneToOneField(Contact, models.CASCADE, related_name="conversation")
    state = models.CharField(max_length=6, choices=State.choices, default=State.BOT)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, blank=True)  # assigned to
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True)
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
    external_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null under a unique constraint
    kind = models.CharField(max_length=20, default="text")
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)  # location, cards, choices, album id, referral, raw kind
    media = models.ManyToManyField(Media, blank=True)
    quote = models.CharField(max_length=200, blank=True)  # external id of the message answered
    reaction = models.CharField(max_length=16, blank=True)  # the citizen's reaction to it
    outbound = models.OneToOneField(Outbound, models.SET_NULL, null=True, related_name="message")
    broadcast = models.BigIntegerField(null=True)
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
        ]


class Reading(models.Model):
    """An operator read a conversation in this hour: so the audit log says it once, not at every click."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="readings")
    operator = models.ForeignKey(Operator, models.CASCADE)
    hour = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["conversation", "operator", "hour"], name="reading_once")]
