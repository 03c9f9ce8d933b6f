"""Citizens, where they are reached, what they subscribed to, and the proof of it."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.gateway.models import Channel, Outbound, hot


class District(models.Model):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="districts")
    name = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="district_once")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Topic(models.Model):
    """What one can subscribe to. `title` and `description` are {language: text}; `key` is used in deep links."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="topics")
    key = models.SlugField(max_length=30)
    title = models.JSONField(default=dict)
    description = models.JSONField(default=dict, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "key"], name="topic_key_once")]
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.title_in("de")

    def title_in(self, language: str) -> str:
        return str(self.title.get(language) or self.title.get("de") or next(iter(self.title.values()), self.key))


class Contact(models.Model):
    """A citizen, pseudonymous. What we call them is what they told the messenger, or us."""

    class State(models.TextChoices):
        NEW = "new"  # wrote, not subscribed
        ACTIVE = "active"  # at least one confirmed subscription
        STOPPED = "stopped"  # said STOP: nothing but answers to their own messages
        ERASED = "erased"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="contacts")
    name = SealedField(default="")
    name_told = models.BooleanField(default=False, db_default=False)  # by themselves, to us: the messenger's name replaces it no more
    search = ArrayField(models.BigIntegerField(), default=list)  # keyed hashes of folded words and numbers, see contacts.finding
    language = models.CharField(max_length=12, default="de")
    district = models.ForeignKey(District, models.SET_NULL, null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.NEW)
    paused_until = models.DateTimeField(null=True)
    step = models.JSONField(null=True)  # where they stand in signing up, see contacts.signup
    everywhere = models.BooleanField(default=False, db_default=False)  # what is urgent goes on all their ways, because they wished it
    errand = models.CharField(max_length=20, blank=True, default="", db_default="")  # a room above that has something in hand for them
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state", "id"], name="contact_state"),
            GinIndex(fields=["search"], name="contact_search"),
            models.Index(fields=["organisation"], name="contact_everywhere", condition=models.Q(everywhere=True)),
        ]


class Address(models.Model):
    """Where a contact is reached on one channel. `address` is the provider's opaque key; aliases find the same person."""

    class State(models.TextChoices):
        ACTIVE = "active"
        GONE = "gone"  # blocked us or unreachable
        BLOCKED = "blocked"  # blocked by the authority

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    channel = models.ForeignKey(Channel, models.CASCADE)
    address = SealedField()
    address_hash = models.BinaryField()
    handle = SealedField(default="")  # phone number or @name, as a person would recognise it
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    no_newsletter = models.BooleanField(default=False)  # the provider's own marketing stop
    last_inbound_at = models.DateTimeField(null=True)  # provider time: opens the window
    created_at = models.DateTimeField(auto_now_add=True)

    known: Set[bytes] = frozenset()  # hashes of its aliases, where they were asked for
    made: bool = False  # by the message in hand: nothing was ever said from here before

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "address_hash"], name="address_once")]
        indexes: ClassVar = [models.Index(fields=["contact"], name="address_contact")]


class AddressAlias(models.Model):
    """Another key of the same address: the phone number beside a WhatsApp user id, the id before a change."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="aliases")
    channel = models.ForeignKey(Channel, models.CASCADE)
    alias_hash = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "alias_hash"], name="alias_once")]


class MovingCode(models.Model):
    """A code that proves on another messenger who somebody is. Known by its keyed hash alone; one per contact, for half an hour."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="moving_code")
    organisation = models.ForeignKey(Organisation, models.CASCADE)
    code_hash = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "code_hash"], name="moving_code_once")]


class Way(models.Model):
    """In which order somebody wants to be reached for a kind of message. No rows: where they subscribed, then where they wrote last."""

    class Kind(models.TextChoices):
        ALERT = "alert"
        NEWSLETTER = "newsletter"

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="ways")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    position = models.PositiveSmallIntegerField()
    address = models.ForeignKey(Address, models.CASCADE)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["contact", "kind", "address"], name="way_once")]
        ordering: ClassVar = ["position"]


class Relay(models.Model):
    """A message that went on by another way, because the one before did not reach the person. `message` is its owner's own number of it."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="relays")
    message = models.BigIntegerField()
    channel = models.ForeignKey(Channel, models.CASCADE)  # the way that failed
    outbound = hot(Outbound, on_delete=models.SET_NULL, null=True)  # the letter that did not arrive; null: it was refused before
    reason = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "channel"], name="relay_once")]
        indexes: ClassVar = [models.Index(fields=["contact"], name="relay_contact")]


class Subscription(models.Model):
    """A contact wants a topic, here. Only confirmed ones are written to."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="subscriptions")
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="subscriptions")
    address = models.ForeignKey(Address, models.CASCADE)
    lost = models.ForeignKey(Address, models.SET_NULL, null=True, related_name="+")  # where it was before that channel was lost
    confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["contact", "topic"], name="subscription_once")]
        indexes: ClassVar = [
            models.Index(fields=["topic", "contact"], name="subscription_topic", condition=models.Q(confirmed_at__isnull=False))
        ]


class Consent(models.Model):
    """Append-only proof: what was asked, granted, confirmed or withdrawn, by which message, under which text. Survives erasure as proof."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="consents")
    subject = models.BinaryField()  # pseudonym of the address (vault.lookup), stays when the contact is erased
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)
    purpose = models.CharField(max_length=60)  # "newsletter", "topic:<key>", "provider_marketing", "everywhere"
    act = models.CharField(max_length=8)  # request, grant, confirm, withdraw
    text_hash = models.CharField(max_length=64, blank=True)  # of the notice shown
    language = models.CharField(max_length=12, blank=True)
    evidence = models.CharField(max_length=200, blank=True)  # external id of the message, or the import's source
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["contact", "at"], name="consent_contact")]


class ConsentText(models.Model):
    """A notice as it was shown, kept by its hash for as long as a consent points to it."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    text_hash = models.CharField(max_length=64)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "text_hash"], name="consent_text_once")]


class Census(models.Model):
    """When an organisation's crowds were counted, and what does not fit into them. Only kept where there are many contacts."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, primary_key=True)
    active = models.PositiveIntegerField()
    several = ArrayField(models.BigIntegerField())  # numbers of contacts who subscribed on several addresses: asked one by one
    seconds = models.FloatField()  # how long it took
    at = models.DateTimeField()


class Crowd(models.Model):
    """How many reachable contacts are alike in all that an audience asks for. Numbers only; renewed every few minutes.

    Counted twice: where they subscribed, and for what is urgent (`urgent`) on the first of their ways, `further` of them with another.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    urgent = models.BooleanField(default=False, db_default=False)
    topics = ArrayField(models.BigIntegerField())  # confirmed ones
    channel = models.ForeignKey(Channel, models.CASCADE, db_index=False)
    language = models.CharField(max_length=12)
    district = models.ForeignKey(District, models.CASCADE, null=True, db_index=False)
    number = models.PositiveIntegerField()
    further = models.PositiveIntegerField(default=0, db_default=0)


class ContactImport(models.Model):
    """An uploaded CSV until it is imported or a week old; its text is encrypted like all that names people."""

    class State(models.TextChoices):
        CHECKED = "checked"
        DONE = "done"

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    channel = models.ForeignKey(Channel, models.CASCADE)
    topics = models.ManyToManyField(Topic, blank=True)
    file_name = models.CharField(max_length=200)
    text = SealedField(default="")  # emptied when done
    columns = models.JSONField(default=dict)  # what -> number of the column
    source = models.CharField(max_length=300)
    source_date = models.DateField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.CHECKED)
    counts = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
