"""A report without a messenger: what is typed, read back, and sent once. Between the pages nothing is kept: the page carries it, signed.

Photos come with the last step only, so that none lies about of what was never sent.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import ground, nearby, opening, places, public_words, publishing, questions, words
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.report import LONGEST, MOST_PHOTOS, Report, coordinates, set_place
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

SALT = "buergerdraht.cases.form"
OPEN_FOR = timedelta(hours=12)  # so long a page may lie open
QUICKEST = 3  # seconds: no person reads and sends sooner
LARGEST = 20 * 1024 * 1024
OWN = "-"  # the place just as it was typed


class Carried(msgspec.Struct):
    """What a page carries to the next: which form this is, since when (seconds since 1970), what was entered."""

    form: str
    since: int
    report: Report
    contact: dict[str, str] = msgspec.field(default_factory=dict)


def begin() -> Carried:
    return Carried(form=secrets.token_urlsafe(12), since=int(timezone.now().timestamp()), report=Report())


def seal(carried: Carried) -> str:
    return signing.dumps(msgspec.to_builtins(carried), salt=SALT, compress=True)


def unseal(text: str) -> Carried | None:
    """Read what a page carried; None where it is not ours or lay too long."""
    try:
        return msgspec.convert(signing.loads(text, salt=SALT, max_age=OPEN_FOR), Carried)
    except (signing.BadSignature, msgspec.ValidationError, ValueError):
        return None


# ── What is typed ─────────────────────────────────────────────────────────


@dataclass
class Speaker:
    """Says our sentences on this page."""

    organisation: Organisation
    language: str

    def say(self, key: str, **values: str) -> str:
        return public_words.say(self.organisation, self.language, key, **values)


class ReportForm(forms.Form):
    """Place, words, the category's own questions, and whom to ask back."""

    place = forms.CharField(max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "street-address"}))
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    spot = forms.CharField(max_length=200, required=False)
    words = forms.CharField(max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 5}))
    name = forms.CharField(max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(max_length=200, required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    phone = forms.CharField(max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}))
    website = forms.CharField(required=False, max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    def __init__(self, category: Category, speaker: Speaker, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.category, self.speaker = category, speaker
        self.spots: list[places.Spot] = []
        for name in ("place", "words", "name", "email", "phone", "website"):
            self.fields[name].label = speaker.say({"website": "form_trap"}.get(name, f"form_{name}"))
        self.fields["place"].help_text = speaker.say("form_place_hint")
        self.fields["words"].help_text = speaker.say("form_words_hint")
        for question in category.questions:
            self.fields[f"q_{question['key']}"] = _asked(question, speaker)
        for name, each in self.fields.items():
            each.error_messages |= {code: _literally(sentence) for code, sentence in _wrong(each, speaker).items()}
            if name.startswith("q_"):
                each.error_messages["required"] = speaker.say("answer_missing", question=str(each.label))
        self.fields["words"].error_messages["required"] = speaker.say("form_words_missing")
        self.page_words = {"wrong": speaker.say("form_wrong"), "optional": speaker.say("form_optional")}

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[f"q_{question['key']}"] for question in self.category.questions]

    @property
    def person(self) -> list[forms.BoundField]:
        return [self["name"], self["email"], self["phone"]]

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise ValidationError(self.speaker.say("form_trapped"))
        return ""

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        self._find_place(given)
        answers = {question["key"]: str(given.get(f"q_{question['key']}") or "") for question in self.category.questions}
        try:
            given["answers"] = questions.check(self.category.questions, answers, self.speaker.language, self.speaker.say)
        except ValidationError as wrong:
            for key, sentences in wrong.message_dict.items():
                if f"q_{key}" not in self.errors:
                    self.add_error(f"q_{key}", sentences)
        return given

    def _find_place(self, given: dict[str, Any]) -> None:
        """Settle where it is: the point on the map, else the house that was typed; several are shown to choose from."""
        text, latitude, longitude = str(given.get("place") or "").strip(), given.get("latitude"), given.get("longitude")
        organisation = self.speaker.organisation
        if latitude is not None and longitude is not None:
            named = text or places.near(organisation, latitude, longitude) or words.say(organisation, self.speaker.language, "pin")
            given["found"] = places.Spot(named, latitude, longitude)
        elif point := coordinates(text):
            given["found"] = places.Spot(places.near(organisation, *point) or words.say(organisation, self.speaker.language, "pin"), *point)
        elif given.get("spot") == OWN:
            given["found"] = places.Spot(text)
        elif text:
            self._look_up(given, str(given.get("spot") or text), text)
        elif self.category.needs_place:
            self.add_error("place", self.speaker.say("form_place_missing"))

    def _look_up(self, given: dict[str, Any], wanted: str, text: str) -> None:
        found = places.find(self.speaker.organisation, wanted)
        if len(found) > 1:
            self.spots = found
            self.add_error("place", self.speaker.say("form_place_which"))
        given["found"] = found[0] if len(found) == 1 else places.Spot(text)

    def report(self) -> Report:
        """What was entered, once it is valid."""
        given = self.cleaned_data
        made = Report(words=given["words"].strip(), answers=given["answers"])
        if spot := given.get("found"):
            set_place(made, spot.name, spot.latitude, spot.longitude)
        made.beyond = beyond(self.speaker.organisation, made)
        return made

    def contact(self) -> dict[str, str]:
        return {name: self.cleaned_data[name].strip() for name in ("name", "email", "phone") if self.cleaned_data.get(name)}


def _wrong(field: forms.Field, speaker: Speaker) -> dict[str, str]:
    """What is said of an entry that does not do, in place of the framework's own words."""
    check = speaker.say("form_field_wrong")
    codes = ("invalid", "invalid_choice", "min_value", "max_value", "null_characters_not_allowed")
    said = dict.fromkeys(codes, check)
    if isinstance(field, forms.EmailField):
        said["invalid"] = speaker.say("form_email_wrong")
    if most := getattr(field, "max_length", None):
        said["max_length"] = speaker.say("form_too_long", most=str(most))
    return said


def _literally(sentence: str) -> str:
    """The framework fills in what stands behind a percent sign."""
    return sentence.replace("%", "%%")


def answered(category: Category, answers: Mapping[str, str], speaker: Speaker) -> list[tuple[dict[str, Any], str]]:
    """The questions with what was answered, as the page says it."""
    found = [(question, answers[question["key"]]) for question in category.questions if question["key"] in answers]
    return [(question, _yes_no(speaker).get(said, said) if question["want"] == questions.YES_NO else said) for question, said in found]


def _yes_no(speaker: Speaker) -> dict[str, str]:
    """What is kept of a yes and a no, and how this page says it."""
    kept = ("Yes", "No") if speaker.language == "en" else ("Ja", "Nein")
    return {kept[0]: speaker.say("answer_yes"), kept[1]: speaker.say("answer_no")}


def _asked(question: dict[str, Any], speaker: Speaker) -> forms.Field:
    """The field of a category's own question; whether an answer fits, `questions.check` says."""
    language = speaker.language
    label, want = questions.said(question["text"], language), question["want"]
    if want in {questions.CHOICE, questions.YES_NO}:
        options = {text: text for each in question.get("options", ()) if (text := questions.said(each, language))}
        choices = _yes_no(speaker) if want == questions.YES_NO else options
        field: forms.Field = forms.ChoiceField(label=label, choices=list(choices.items()), required=False, widget=forms.RadioSelect)
    else:
        kind = {"type": "date"} if want == questions.DATE else {"inputmode": "decimal"} if want == questions.NUMBER else {}
        field = forms.CharField(label=label, max_length=questions.LONGEST, required=False, widget=forms.TextInput(attrs=kind))
    field.required = bool(question.get("required"))
    return field


def beyond(organisation: Organisation, report: Report) -> str:
    """Say whose the place is where it is not ours: a name, "?" where we do not know, "" where it is ours."""
    if report.latitude is None or report.longitude is None or ground.inside(organisation, report.latitude, report.longitude):
        return ""
    neighbour = ground.neighbour(organisation, report.latitude, report.longitude)
    return neighbour.name if neighbour else "?"


# ── What is read back ─────────────────────────────────────────────────────


@dataclass(frozen=True)
class Alike:
    """An open case that may be the same: what one may know of it, and its public page, if it has one."""

    case: Case
    public: Case | None


def alike(category: Category, report: Report) -> list[Alike]:
    """Find what was reported nearby already."""
    if report.latitude is None or report.longitude is None or report.beyond:
        return []
    found = nearby.alike(category, report.latitude, report.longitude, now=timezone.now())
    public = publishing.with_photos(publishing.released(category.organisation).filter(pk__in=[case.pk for case in found]))
    known = {case.pk: case for case in public} if category.organisation.ground.public else {}
    return [Alike(case, known.get(case.pk)) for case in found]


@dataclass(frozen=True)
class Sending:
    """What came with the last step."""

    category: Category
    carried: Carried
    photos: Sequence[UploadedFile[Any]] = field(default_factory=list)


def too_fast(carried: Carried) -> bool:
    return timezone.now().timestamp() - carried.since < QUICKEST


@transaction.atomic
def send(sending: Sending, speaker: Speaker) -> Case:
    """Open the case, once: the same form sent again is the same case. Raises ValidationError where a photo cannot be taken."""
    carried, category = sending.carried, sending.category
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 311))", [carried.form])
    if (known := _sent(category.organisation, carried)) is not None:
        return known
    report = carried.report
    photos = keep(speaker, sending.photos)
    case = opening.open(
        opening.Matter(
            category=category, at=timezone.now(), text=report.words, place=report.place, latitude=report.latitude,
            longitude=report.longitude, answers=report.answers, photos=photos, reporter=carried.contact, origin=Case.Origin.WEB,
            beyond=report.beyond,
        )
    )  # fmt: skip
    opened = case.entries.get(what="opened")
    opened.data["form"] = carried.form  # by it a second click is known; nobody has read the entry yet
    opened.save(update_fields=["data"])
    return case


def _sent(organisation: Organisation, carried: Carried) -> Case | None:
    since = datetime.fromtimestamp(carried.since, tz=UTC) - timedelta(minutes=5)
    rows = Entry.objects.filter(case__organisation=organisation, case__received_at__gte=since, what="opened", data__form=carried.form)
    entry = rows.select_related("case__organisation").first()
    return entry.case if entry else None


def keep(speaker: Speaker, photos: Sequence[UploadedFile[Any]]) -> list[Media]:
    """Store photos, all or none. Raises ValidationError with a sentence for each that is none."""
    if len(photos) > MOST_PHOTOS:
        raise ValidationError(speaker.say("form_photo_many", most=str(MOST_PHOTOS)))
    kept: list[Media] = []
    wrong: list[str] = []
    for photo in photos:
        name = files.clean_name(photo.name or "")
        if (photo.size or 0) > LARGEST:
            wrong.append(speaker.say("form_photo_large", name=name))
            continue
        try:
            media = files.store(speaker.organisation, photo.read(), name)
        except ValidationError:
            wrong.append(speaker.say("form_photo_none", name=name))
            continue
        kept.append(media)
        if media.kind != "image":
            wrong.append(speaker.say("form_photo_none", name=name))
    if wrong:
        for media in kept:
            files.remove(media)
            media.delete()
        raise ValidationError(wrong)
    return kept
