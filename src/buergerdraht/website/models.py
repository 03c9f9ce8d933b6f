"""How an authority shows itself to everybody: its look, its legal texts, what it published, its short links.

Of citizens only this: who asked for messages by e-mail and has not said yet that it was them.
"""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.gateway.models import Channel, Media

ACCENT, HEADER = "#003f8a", "#ffffff"
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another


class Look(models.Model):
    """One per authority. `facts` are what imprint, privacy and accessibility statement are written from; `texts` replace what is written
    of them: {"imprint" | "privacy" | "accessibility": {language: text}}. `edition` counts changes: pages kept in memory know by it."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, primary_key=True, related_name="look")
    accent = models.CharField(max_length=7, default=ACCENT)
    header = models.CharField(max_length=7, default=HEADER)
    logo = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="+")
    lead = models.JSONField(default=dict, blank=True)  # {language: text}: what the start page says first
    facts = models.JSONField(default=dict, blank=True)
    texts = models.JSONField(default=dict, blank=True)
    edition = models.PositiveBigIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)


class Dated(models.Model):
    """When and where what is said happens. `all_day`: the hours of `begins_at` and `ends_at` mean nothing, and both days count."""

    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    all_day = models.BooleanField(default=False)
    place = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class Showing(Dated):
    """What somebody decided beside the composer: whether a broadcast is to stand on the internet pages, and the date it is about."""

    broadcast = models.OneToOneField(Broadcast, models.CASCADE, primary_key=True, related_name="showing")
    wanted = models.BooleanField(null=True)  # None: as its audience suggests


class PublishedRows(models.QuerySet["Published"]):
    def shown(self) -> QuerySet[Published]:
        """Those anybody may read at this moment."""
        now = timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), hidden_at=None, shown_from__lte=now)

    def kept(self) -> QuerySet[Published]:
        """Those that were not erased."""
        return self.exclude(versions={})


class Published(Dated):
    """A broadcast as a page: its words as they were when it began, so that nothing sent later changes what stands here.

    versions: {language: {"title", "text", "media": [{"id", "kind", "mime", "alt", "file_name"}], "choices": [{"title", "url"}]}};
    empty once it is erased: then only the address is left, which says that something stood here.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="published")
    broadcast = models.OneToOneField(Broadcast, models.SET_NULL, null=True, related_name="published")
    slug = models.CharField(max_length=90)
    title = models.CharField(max_length=200)
    versions = models.JSONField(default=dict)
    topics = models.ManyToManyField(Topic, blank=True, related_name="published")
    media = ArrayField(models.UUIDField(), default=list)  # whose bytes anybody may fetch while this is shown
    urgent = models.BooleanField(default=False)
    shown_from = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    words = SearchVectorField(null=True)

    objects = PublishedRows.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "slug"], name="published_slug_once")]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-shown_from", "-id"], name="published_list"),
            GinIndex(fields=["words"], name="published_words"),
            GinIndex(fields=["media"], name="published_media"),
            models.Index(fields=["organisation", "begins_at"], name="published_dates", condition=Q(begins_at__isnull=False)),
        ]


def new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(6))


class ShortLink(models.Model):
    """A short address that leads somewhere else. Who followed it is never kept; `counted`: how many a day."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="short_links")
    code = models.SlugField(max_length=20, unique=True, default=new_code)
    target = models.URLField(max_length=1000)
    note = models.CharField(max_length=120, blank=True)
    counted = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "-id"], name="short_link_list")]


class ShortLinkDay(models.Model):
    """How often a short link was followed on a day: the sum, nothing else."""

    link = models.ForeignKey(ShortLink, models.CASCADE, related_name="days")
    day = models.DateField()
    number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "day"], name="short_link_day_once")]


class SignUp(models.Model):
    """Somebody asked for topics with an e-mail address, and whoever reads there has not said yet that it was them.

    Until they do, this row and its one letter are all that is kept, and both go when the time is over. Said so, the address is
    a contact's, and stands there alone.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    email = SealedField(default="")
    email_hash = models.BinaryField()
    topics = ArrayField(models.BigIntegerField())
    language = models.CharField(max_length=12)
    letter = models.BigIntegerField(null=True)  # of the outbox
    confirmed = models.ForeignKey(Address, models.CASCADE, null=True, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
