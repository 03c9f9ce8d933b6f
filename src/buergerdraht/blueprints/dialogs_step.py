"""What a blueprint brings that talks: tables with invented rows, times to book, dialogs that go live where nothing is against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.appointments import actions as appointments
from buergerdraht.appointments.models import Offer
from buergerdraht.blueprints.models import SwitchedOn
from buergerdraht.blueprints.pieces import Blueprint, OfferPiece, TablePiece
from buergerdraht.blueprints.step import Step
from buergerdraht.connectors.contract import Media, MediaKind
from buergerdraht.dialogs import actions as dialogs
from buergerdraht.dialogs import document, examples, shelf
from buergerdraht.dialogs.models import Dialog, Table
from buergerdraht.dialogs.played import Played

KINDS = {
    ".png": (MediaKind.IMAGE, "image/png"), ".jpg": (MediaKind.IMAGE, "image/jpeg"), ".ogg": (MediaKind.VOICE, "audio/ogg"),
    ".mp4": (MediaKind.VIDEO, "video/mp4"),
}  # fmt: skip


def steps(organisation: Organisation, blueprint: Blueprint, operator: Operator | None) -> list[Step]:
    """Files, tables and times first: dialogs speak of them, and are only set live when they are there."""
    if not (blueprint.tables or blueprint.offers or blueprint.dialogs):
        return []
    switched = SwitchedOn.objects.filter(organisation=organisation, key=blueprint.key)
    made = {name for names in switched.values_list("made", flat=True) for name in names}
    return [
        *_files(organisation, blueprint, made),
        *_tables(organisation, blueprint, made),
        *_offers(organisation, blueprint, made, operator),
        *_dialogs(organisation, blueprint, made, operator),
    ]


def _files(organisation: Organisation, blueprint: Blueprint, made: set[str]) -> Iterator[Step]:
    """All at once. A name that is taken keeps its file; what was thrown away comes back only with a new edition."""
    if not blueprint.files:
        return
    name = f"files:{blueprint.key}:{blueprint.edition}"

    def write() -> None:
        shelf.put(organisation, {each: path.read_bytes() for each, path in blueprint.files.items()})

    count = len(blueprint.files)
    detail = ngettext("eine Datei", "%(count)s Dateien, gezeichnet: Ihre eigenen Bilder sind besser", count) % {"count": count}
    known = name in made or blueprint.files.keys() <= shelf.names(organisation.pk)
    yield Step("files", name, _("Bilder, Töne und Videos"), detail, None if known else write)


def _tables(organisation: Organisation, blueprint: Blueprint, made: set[str]) -> Iterator[Step]:
    """One that was made once is not made again, even when it was thrown away."""
    there = set(Table.objects.filter(organisation=organisation).values_list("key", flat=True))
    for piece in blueprint.tables:
        name = f"table:{piece.key}"

        def write(piece: TablePiece = piece) -> None:
            rows = piece.filled(organisation.address_form, timezone.localdate())
            Table.objects.create(organisation=organisation, key=piece.key, title=piece.title, columns=piece.columns, rows=rows)

        count = len(piece.rows)
        detail = ngettext("eine Zeile, ausgedacht", "%(count)s Zeilen, ausgedacht: bitte durch Ihre ersetzen", count) % {"count": count}
        yield Step("table", name, piece.title, detail, None if piece.key in there or name in made else write)


def _offers(organisation: Organisation, blueprint: Blueprint, made: set[str], operator: Operator | None) -> Iterator[Step]:
    there = set(Offer.objects.filter(organisation=organisation).values_list("key", flat=True))
    for piece in blueprint.offers:
        name = f"offer:{piece.key}"

        def write(piece: OfferPiece = piece) -> None:
            plain = piece.model_dump(exclude={"team", "title", "description"})
            team = Team.objects.filter(organisation=organisation, name=piece.team).first() if piece.team else None
            texts = {each: _in(getattr(piece, each), organisation) for each in ("title", "description")}
            appointments.save_offer(Offer(organisation=organisation, team=team, **texts, **plain), operator=operator)

        detail = _("%(minutes)s Minuten, %(place)s") % {"minutes": piece.minutes, "place": piece.place or _("am Telefon oder Bildschirm")}
        yield Step("offer", name, piece.title["de"], detail, None if piece.key in there or name in made else write)


def _dialogs(organisation: Organisation, blueprint: Blueprint, made: set[str], operator: Operator | None) -> Iterator[Step]:
    """Parts come before the dialogs that begin them: a dialog goes live only when its parts are."""
    there = set(Dialog.objects.filter(organisation=organisation).values_list("key", flat=True))
    for found in sorted(blueprint.dialogs, key=lambda each: any(step.get("kind") == "start" for step in each["steps"])):
        read = blueprint.dialog(found["key"], organisation.address_form)
        name = f"dialog:{read.key}"

        def write(read: document.Dialog = read) -> None:
            spoken = [each for each in read.languages if each in (organisation.languages or ["de"])]
            kept = read.model_copy(update={"languages": spoken or read.languages[:1]})
            listed = lasting(blueprint, kept, organisation.address_form)
            row = dialogs.create_from(organisation, kept, operator=operator, examples=listed)
            with suppress(ValidationError):  # something stands against it: it waits as a draft, and the editor says what
                dialogs.publish(row, _("Aus dem Baustein „%(title)s“") % {"title": blueprint.title}, operator=operator)

        known = read.key in there or name in made
        yield Step("dialog", name, read.title["de"], read.purpose, None if known else write)


def lasting(blueprint: Blueprint, read: document.Dialog, form: str) -> list[dict[str, Any]]:
    """Give the examples that also go well without the invented rows: the others would fail as soon as these are replaced."""
    today = timezone.localdate()
    parts = {each["key"]: blueprint.dialog(each["key"], form) for each in blueprint.dialogs} | {read.key: read}
    found = []
    for piece in blueprint.examples.get(read.key, []):
        for language in [piece.language] if piece.language else read.languages:
            moves = piece.spoken(language, form, today)
            world = Played(dialogs=parts, form=form, language=language, channel=piece.channel)
            if language in read.languages and examples.play(read, moves, world, language).good:
                found.append({"name": piece.name, "channel": piece.channel, "language": language, "moves": moves})
    return found


def played(blueprint: Blueprint, form: str, language: str, today: date) -> Played:
    """Give a world in which a blueprint's dialogs can be played as they come."""
    parts = {each["key"]: blueprint.dialog(each["key"], form) for each in blueprint.dialogs}
    tables = {each.key: each.filled(form, today) for each in blueprint.tables}
    return Played(dialogs=parts, tables=tables, files=enclosed(blueprint), form=form, language=language)


def enclosed(blueprint: Blueprint) -> dict[str, Media]:
    """Give a blueprint's files as a play shows them."""
    found = {}
    for name, path in blueprint.files.items():
        kind, mime = KINDS[path.suffix]
        found[name] = Media(id=name, kind=kind, mime=mime, size=path.stat().st_size, file_name=name)
    return found


def _in(texts: dict[str, str], organisation: Organisation) -> dict[str, str]:
    languages = organisation.languages or ["de"]
    return {language: text for language, text in texts.items() if language in languages} or {"de": texts["de"]}
