"""Who works here: organisations, operators, teams, what they may do, and what they did."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("Administration")
    EDITOR = "editor", _("Redaktion")
    APPROVER = "approver", _("Freigabe")
    AGENT = "agent", _("Auskunft")
    DATA_PROTECTION = "data_protection", _("Datenschutz")
    VIEWER = "viewer", _("Lesen")


class Organisation(models.Model):
    """An authority. Everything else belongs to exactly one of them.

    Texts for citizens are {language: text}; office_hours {"mon": [["08:00", "12:00"]], ...}; retention {class: days}.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    land = models.CharField(max_length=2, default="NW")  # ISO 3166-2:DE, decides the holidays
    address_form = models.CharField(max_length=3, choices=[("sie", "Sie"), ("du", "Du")], default="sie")
    languages = ArrayField(models.CharField(max_length=12), default=list)  # the first is the fall-back
    website = models.URLField(blank=True)
    imprint = models.TextField(blank=True)
    privacy_text = models.JSONField(default=dict, blank=True)
    privacy_url = models.URLField(blank=True)
    greeting = models.JSONField(default=dict, blank=True)
    away = models.JSONField(default=dict, blank=True)
    office_hours = models.JSONField(default=dict, blank=True)
    closed_days = models.JSONField(default=list, blank=True)  # further days without office hours, ISO dates
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    patience = models.PositiveSmallIntegerField(default=10, db_default=10)  # minutes until what is urgent goes on by the next way
    retention = models.JSONField(default=dict, blank=True)
    approval_required = models.BooleanField(default=True)
    prices = models.JSONField(default=dict, blank=True)  # {"whatsapp": {"marketing": 6.9 cents, ...}}
    worded_at = models.DateTimeField(null=True, blank=True)  # when its own texts last changed (room wording); null: it has none
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def language(self) -> str:
        return self.languages[0] if self.languages else "de"


class Team(models.Model):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="teams")
    name = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="team_name_once")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class OperatorManager(BaseUserManager["Operator"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Operator:
        operator = self.model(email=self.normalize_email(email).lower(), **fields)
        operator.set_password(password)
        operator.save()
        return operator

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Operator:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Operator(AbstractBaseUser, PermissionsMixin):
    """A person at an authority. Roles come with the membership, never from here."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=12, default="de")
    theme = models.CharField(max_length=5, default="", blank=True)  # "", light, dark
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[OperatorManager] = OperatorManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = self.name.split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


class Membership(models.Model):
    """An operator works for an organisation, with these roles, in these teams."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    teams = models.ManyToManyField(Team, blank=True, related_name="memberships")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "operator"], name="membership_once")]

    def role_words(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles if role in Role.values]


class Invitation(models.Model):
    """A link that makes its holder a member. Only the hash of its token is kept."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    email = models.EmailField()
    name = models.CharField(max_length=120)
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    teams = models.ManyToManyField(Team, blank=True)
    token_hash = models.BinaryField(unique=True)
    invited_by = models.ForeignKey(Operator, models.SET_NULL, null=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)


class AuditEntry(models.Model):
    """One link of an organisation's chain: hash covers the content and the hash before it. Written by `audit.record` only."""

    organisation = models.ForeignKey(Organisation, models.PROTECT)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    actor = models.CharField(max_length=160)  # the name as it was, "Bürgerdraht" for the system
    action = models.CharField(max_length=80)  # room.verb, e.g. "broadcasts.approve"
    subject = models.CharField(max_length=80, blank=True)  # e.g. "broadcast:12"
    details = models.JSONField(default=dict)
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="audit_number_once")]


# ── Other systems ─────────────────────────────────────────────────────────


class ApiToken(models.Model):
    """What lets another system of the authority in by the API. Only the hash is kept; `prefix` is its beginning, for people.

    What the system does is done by `actor`, an operator who cannot sign in and works in no organisation: its name stands in threads
    and in the log. `level` and `level_at` are its bucket of calls, see `rest.door`.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=20, unique=True)
    token_hash = models.BinaryField()
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    teams = models.ManyToManyField(Team, blank=True, related_name="+")  # whose threads it sees where teams are apart
    actor = models.OneToOneField(Operator, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    level = models.FloatField(default=0)
    level_at = models.DateTimeField(default=timezone.now)

    @property
    def works(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class ApiAnswer(models.Model):
    """What a call with an Idempotency-Key was answered, for a day. Ids and what the authority itself wrote, no citizen's words."""

    token = models.ForeignKey(ApiToken, models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()  # of method, path and body: the same key for something else is a mistake
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["token", "key"], name="api_answer_once")]
