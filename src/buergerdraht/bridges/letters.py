"""What of a case goes over a bridge: its matter, place, answers, covered pictures. Never who reported it."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from pydantic import BaseModel, ValidationError

from buergerdraht.accounts import vault
from buergerdraht.bridges.kinds import mail, open311, zammad
from buergerdraht.bridges.kinds.letter import Kind, Letter, Picture, There, Trouble
from buergerdraht.bridges.models import Bridge, Parcel, Passage
from buergerdraht.cases import states
from buergerdraht.cases.models import Case, Entry, Photo
from buergerdraht.gateway import files

KINDS: dict[str, Any] = {"mail": mail, "zammad": zammad, "open311": open311}
MOST_PICTURES, MOST_BYTES = 5, 12 * 1024 * 1024  # mail servers take about 20 MB, and base64 adds a third


def kind(bridge: Bridge) -> Kind:
    found: Kind = KINDS[bridge.kind]
    return found


def config(bridge: Bridge) -> Any:
    """Open the settings of a bridge. Raises Trouble where they are not whole."""
    shape: type[BaseModel] = KINDS[bridge.kind].Config
    try:
        return shape.model_validate_json(bridge.config)
    except ValidationError:
        raise Trouble("misconfigured") from None


def there(passage: Passage) -> There:
    return There(passage.external_id, passage.token, passage.link)


# ── What goes ─────────────────────────────────────────────────────────────


def carries(bridge: Bridge, entry: Entry) -> bool:
    """Whether what happened to a case concerns the other side: what citizens add, that it ended or began anew; not what came from there."""
    if entry.operator_id == bridge.actor_id or (bridge.kind == Bridge.Kind.OPEN311 and not _takes_updates(bridge)):
        return False
    if entry.what == "moved":
        return bool({entry.data.get("to"), entry.data.get("from")} & set(Case.CLOSED))
    wanted = {"added", "answered"} if bridge.kind == Bridge.Kind.ZAMMAD else {"added"}
    return entry.what in wanted


def _takes_updates(bridge: Bridge) -> bool:
    try:
        return bool(config(bridge).updates)
    except Trouble:
        return False


def pictures_wait(parcel: Parcel) -> bool:
    """Whether pictures that belong to a letter are still being covered."""
    return _photos(parcel).filter(state=Photo.State.WAITING).exists()


def compose(parcel: Parcel) -> Letter:
    """Write the letter of a parcel, in the authority's language. Raises Trouble where their name for the category is not chosen."""
    bridge, case, entry = parcel.passage.bridge, parcel.passage.case, parcel.entry
    service = bridge.mapping.get(case.category.key, "")
    if bridge.kind == Bridge.Kind.OPEN311 and not service:
        raise Trouble("unmapped")
    language = case.organisation.language
    first = entry is None
    shots = list(_photos(parcel).filter(shown__isnull=False).select_related("shown")[:MOST_PICTURES])
    with override(language):
        text = _matter(bridge, case) if entry is None else _later(entry)
    return Letter(
        mark=mark(parcel), number=case.number, category=case.category.title_in(language), service=service, text=text,
        at=case.received_at if entry is None else entry.at, place=case.place if first else "",
        latitude=case.latitude if first else None, longitude=case.longitude if first else None,
        answers=_answers(case, language) if first and not bridge.released_only else (), pictures=_pictures(shots),
        picture_link=_public(case, shots), link=_link(case) if bridge.kind != Bridge.Kind.OPEN311 else "", language=language,
        state=case.state, first_at=parcel.first_at, inner=entry is not None and entry.what == "answered",
    )  # fmt: skip


def _matter(bridge: Bridge, case: Case) -> str:
    return case.public_text if bridge.released_only else case.text


def _later(entry: Entry) -> str:
    """Say what happened, in a sentence around the words of it."""
    if entry.what == "added":
        return "\n\n".join([_("Nachtrag zu diesem Anliegen:"), entry.text or _("ein Bild")])
    if entry.what == "answered":
        return "\n\n".join([_("Wir haben den Bürgern geantwortet:"), entry.told])
    state = _("Stand bei uns: %(state)s") % {"state": states.TITLES[entry.data["to"]]}
    return "\n\n".join(part for part in (state, entry.told or entry.text) if part)


def _answers(case: Case, language: str) -> list[tuple[str, str, str]]:
    asked = {str(each.get("key")): each for each in case.category.questions if isinstance(each, dict)}
    texts = {key: each.get("text", {}) for key, each in asked.items()}
    return [
        (key, str(texts.get(key, {}).get(language) or texts.get(key, {}).get("de") or key), str(answer))
        for key, answer in case.answers.items()
    ]


def _photos(parcel: Parcel) -> QuerySet[Photo]:
    entry = parcel.entry
    rows = Photo.objects.filter(case=parcel.passage.case_id).order_by("pk")
    if not parcel.passage.bridge.pictures:
        return rows.none()
    if entry is None:
        return rows.filter(kind=Photo.Kind.BEFORE)
    return rows.filter(pk__in=entry.data.get("photos", ()))


def _pictures(shots: Sequence[Photo]) -> list[Picture]:
    """Load covered pictures, as many as a mail may carry. What a citizen called their file stays here."""
    found, size = [], 0
    for number, photo in enumerate(shots, start=1):
        if photo.shown is None:
            continue
        try:
            data = files.path(photo.shown).read_bytes()
        except OSError:
            continue
        size += len(data)
        if size <= MOST_BYTES:
            found.append(Picture(f"bild-{number}.{photo.shown.mime.rpartition('/')[2]}", photo.shown.mime, data))
    return found


def _public(case: Case, shots: Iterable[Photo]) -> str:
    photo = next((each for each in shots if each.released), None)
    if photo is None or case.public != Case.Public.RELEASED:
        return ""
    return _url("reports:picture", case.organisation.slug, photo.pk)


def _link(case: Case) -> str:
    return _url("cases:case", case.organisation.slug, case.number)


def _url(name: str, *values: object) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=values)}"


# ── What it is called ─────────────────────────────────────────────────────


def mark(parcel: Parcel) -> str:
    """Name a letter. In a mail nobody may guess it, because it lets a reply in; elsewhere people read it."""
    passage = parcel.passage
    if passage.bridge.kind == Bridge.Kind.MAIL:
        return f"{parcel.pk}-{_sign(passage.bridge.organisation_id, parcel.pk)}"
    return f"BD-{passage.case.number}-{parcel.pk}"


def marked(bridge: Bridge, text: str) -> Parcel | None:
    """Find the letter that a mail's mark names, if the mark is genuine."""
    number, _dash, sign = text.lower().partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    ours = _sign(bridge.organisation_id, int(number))
    if not hmac.compare_digest(ours.encode(), sign.encode("utf-8", "replace")):
        return None
    rows = Parcel.objects.filter(pk=int(number), passage__bridge=bridge)
    return rows.select_related("passage__case__organisation", "passage__bridge__actor", "passage__operator").first()


def _sign(organisation: int, number: int) -> str:
    return vault.lookup(organisation, f"bridges.parcel:{number}").hex()[:32]
