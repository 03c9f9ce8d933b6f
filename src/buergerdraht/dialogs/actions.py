"""What becomes of a dialog: made, changed, undone, published, taken back, switched off, put away; its examples recorded and run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.dialogs import document, editing, knowing, playing, triggers
from buergerdraht.dialogs.editing import Edit
from buergerdraht.dialogs.examples import Verdict
from buergerdraht.dialogs.models import Change, Dialog, Example, Version
from buergerdraht.dialogs.rapidpro import bringing as rapidpro
from buergerdraht.dialogs.rapidpro.report import Report

ONE_STROKE = timedelta(seconds=90)  # changes of one step by one person within it are one step back
MOST_CHANGES = 300  # kept for the way back


class Stale(Exception):
    """Somebody else changed the same thing meanwhile. The sentence says who and when."""


@dataclass(frozen=True)
class Result:
    """An example and how it ended."""

    example: Example
    verdict: Verdict


@dataclass(frozen=True)
class Brought:
    """A flow that was brought over: its draft, or None, and what became of every piece."""

    name: str
    report: Report
    dialog: Dialog | None


# ── Made ──────────────────────────────────────────────────────────────────


@transaction.atomic
def create(organisation: Organisation, title: str, *, operator: Operator | None) -> Dialog:
    """Begin a dialog: a greeting and an end, to write between."""
    language = organisation.language
    languages = list(dict.fromkeys(organisation.languages or [language]))
    steps = [
        {"id": "begruessung", "kind": "say", "text": {language: "Guten Tag."}},
        {"id": "ende", "kind": "end", "text": {language: "Vielen Dank."}},
    ]
    read = document.load({"key": "neu", "title": {language: title}, "languages": languages, "steps": steps})
    return create_from(organisation, read, operator=operator)


@transaction.atomic
def create_from(
    organisation: Organisation, read: document.Dialog, *, operator: Operator | None, examples: Sequence[Mapping[str, Any]] = ()
) -> Dialog:
    """Make a draft of a document, e.g. of a blueprint's. `examples` are {name, channel, language, moves}. The key is made free."""
    title = read.title.get(read.languages[0]) or next(iter(read.title.values()), read.key)
    key = _free_key(organisation, editing.slug(title, "dialog") if read.key == "neu" else read.key)
    draft = {**document.plain(read), "key": key}
    row = Dialog.objects.create(organisation=organisation, key=key, title=title[:120], draft=draft, changed_by=operator)
    Example.objects.bulk_create(
        Example(
            dialog=row, name=str(each.get("name", ""))[:120], channel=each.get("channel", "whatsapp"),
            language=each.get("language", "de"), moves=list(each.get("moves", [])), operator=operator,
        )
        for each in examples
    )  # fmt: skip
    _record(row, "create", operator)
    return row


@transaction.atomic
def copy(dialog: Dialog, *, operator: Operator) -> Dialog:
    """Make a second dialog like one, without what begins it: two must not begin with one word."""
    read = document.load({**dialog.draft, "triggers": []})
    title = {language: f"{words} (Kopie)" for language, words in read.title.items()}
    examples = dialog.examples.values("name", "channel", "language", "moves")
    return create_from(dialog.organisation, read.model_copy(update={"title": title}), operator=operator, examples=list(examples))


def bring(organisation: Organisation, text: str, *, operator: Operator) -> Dialog:
    """Make a draft of a file, YAML or JSON. Raises ValidationError with the places."""
    try:
        read = document.read(text)
    except document.Unreadable as problem:
        raise ValidationError([f"{where}: {what}" if where else what for where, what in problem.problems[:20]]) from None
    return create_from(organisation, read, operator=operator)


@transaction.atomic
def bring_flows(organisation: Organisation, export: bytes, *, operator: Operator) -> list[Brought]:
    """Make drafts of what RapidPro, TextIt or Glific export, a draft for each flow; nothing is lost unsaid: each has its report."""
    brought = rapidpro.bring(export)
    keys: dict[str, str] = {}
    for each in brought:
        if each.dialog:
            keys[each.dialog.key] = _free_key(organisation, each.dialog.key, keys.values())
    return [
        Brought(each.name, each.report, create_from(organisation, _rekeyed(each.dialog, keys), operator=operator) if each.dialog else None)
        for each in brought
    ]


def _rekeyed(read: document.Dialog, keys: Mapping[str, str]) -> document.Dialog:
    """A document under its free key, its parts named by theirs."""
    values = document.plain(read)
    for step in values["steps"]:
        if step["kind"] == "start":
            step["dialog"] = keys.get(step["dialog"], step["dialog"])
    return document.load({**values, "key": keys.get(read.key, read.key)})


# ── Changed ───────────────────────────────────────────────────────────────


@transaction.atomic
def change(dialog: Dialog, edit: Edit, stamp: int, *, operator: Operator) -> Dialog:
    """Make an edit of the draft as seen at `stamp`. Where somebody was faster it is still made, unless they touched the same step.

    Whoever was faster than themselves, because what they typed was still under way, adds, moves and deletes nevertheless.
    """
    row = _locked(dialog)
    if row.stamp != stamp and not _untouched(row, edit) and not _own(row, edit, operator):
        raise Stale(_faster(row))
    try:
        after = document.plain(document.load(edit.apply(deepcopy(row.draft))))
    except editing.Refused as problem:
        raise ValidationError(str(problem)) from None
    except document.Unreadable as problem:
        raise ValidationError([what for _where, what in problem.problems[:5]]) from None
    if after == row.draft:
        return row
    row.changes.filter(undone=True).delete()
    if not _same_stroke(row, edit, operator):
        Change.objects.create(dialog=row, stamp=row.stamp, before=row.draft, what=edit.what[:120], operator=operator)
        _record(row, "change", operator, what=edit.what)
    return _put(row, after, operator)


@transaction.atomic
def undo(dialog: Dialog, stamp: int, *, operator: Operator) -> Change | None:
    """Take the last change back. Returns it, or None where there is none."""
    return _swap(dialog, stamp, operator, undone=False)


@transaction.atomic
def redo(dialog: Dialog, stamp: int, *, operator: Operator) -> Change | None:
    """Make the change taken back last again."""
    return _swap(dialog, stamp, operator, undone=True)


def _swap(dialog: Dialog, stamp: int, operator: Operator, *, undone: bool) -> Change | None:
    row = _locked(dialog)
    if row.stamp != stamp:
        raise Stale(_faster(row))
    found = row.changes.filter(undone=undone).order_by("stamp" if undone else "-stamp").first()
    if found is None:
        return None
    found.before, after, found.undone = row.draft, found.before, not undone
    found.save(update_fields=["before", "undone"])
    _record(row, "redo" if undone else "undo", operator, what=found.what)
    _put(row, after, operator)
    return found


# ── Live ──────────────────────────────────────────────────────────────────


@transaction.atomic
def publish(dialog: Dialog, note: str, *, operator: Operator | None, stamp: int | None = None) -> Version:
    """Let citizens have the draft: only without errors and with every example green. Who walks already ends in the version they began."""
    row = _locked(dialog)
    if stamp is not None and row.stamp != stamp:
        raise Stale(_faster(row))
    errors = [each for each in knowing.findings(row) if each.level == "error"]
    if errors:
        raise ValidationError(
            _("Noch nicht: %(n)s Stellen sind zu klären. Zuerst: %(what)s") % {"n": len(errors), "what": errors[0].sentence}
        )
    red = [each.example.name for each in run_examples(row) if not each.verdict.good]
    if red:
        raise ValidationError(_("Noch nicht: Diese Beispiele gehen nicht mehr gut: %(names)s.") % {"names": ", ".join(red)})
    last = row.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = Version.objects.create(dialog=row, number=last + 1, document=row.draft, note=note.strip()[:200], operator=operator)
    _live(row, version)
    _record(row, "publish", operator, version=version.number)
    return version


@transaction.atomic
def revert(dialog: Dialog, version: Version, *, operator: Operator, stamp: int) -> Dialog:
    """Make a version the draft again. Citizens notice nothing before it is published, and the way back stays."""
    found = Version.objects.get(pk=version.pk, dialog=dialog)
    return change(dialog, editing.whole(f"revert:{found.number}", found.document), stamp, operator=operator)


@transaction.atomic
def switch_off(dialog: Dialog, *, operator: Operator) -> Dialog:
    """Let nobody begin it any more. Who is in it comes to its end."""
    row = _locked(dialog)
    _live(row, None)
    _record(row, "switch_off", operator)
    return row


@transaction.atomic
def switch_on(dialog: Dialog, *, operator: Operator) -> Dialog:
    """Make the version that was live last live again."""
    row = _locked(dialog)
    version = row.versions.order_by("-number").first()
    if version is None:
        raise ValidationError(_("Dieser Dialog war noch nie live. Bitte veröffentlichen Sie ihn."))
    row.archived_at = None
    _live(row, version)
    _record(row, "switch_on", operator)
    return row


@transaction.atomic
def archive(dialog: Dialog, *, operator: Operator) -> Dialog:
    """Put a dialog away: it begins for nobody and stands in no list."""
    row = _locked(dialog)
    row.archived_at = timezone.now()
    _live(row, None)
    _record(row, "archive", operator)
    return row


@transaction.atomic
def bring_back(dialog: Dialog, *, operator: Operator) -> Dialog:
    """Take a dialog out of the archive, switched off."""
    row = _locked(dialog)
    row.archived_at = None
    row.save(update_fields=["archived_at"])
    _record(row, "bring_back", operator)
    return row


# ── Examples ──────────────────────────────────────────────────────────────


@transaction.atomic
def record_example(
    dialog: Dialog, name: str, moves: Sequence[Mapping[str, Any]], setting: playing.Setting, *, operator: Operator
) -> Example:
    """Keep a play of the draft: from now on the dialog must answer like this. An example of that name is replaced."""
    if not name.strip():
        raise ValidationError(_("Geben Sie dem Beispiel einen Namen."))
    if not moves:
        raise ValidationError(_("Es wurde noch nichts gespielt. Schreiben oder tippen Sie zuerst etwas im Telefon."))
    row = _locked(dialog)
    found = playing.record(playing.scene(row, document.load(row.draft)), moves[: playing.MOST_MOVES], setting)
    values = {"channel": setting.channel, "language": setting.language, "moves": found, "operator": operator}
    example, _made = Example.objects.update_or_create(dialog=row, name=name.strip()[:120], defaults=values)
    _record(row, "record_example", operator, example=example.pk)
    return example


@transaction.atomic
def accept_example(example: Example, *, operator: Operator) -> Example:
    """Take what the draft answers now as right: the citizen says the same."""
    first = example.moves[0].get(playing.NOW) if example.moves else None
    setting = playing.Setting(example.channel, example.language, datetime.fromisoformat(first) if first else playing.NOON)
    moves = playing.citizens(example.moves)
    return record_example(example.dialog, example.name, moves, setting, operator=operator)


@transaction.atomic
def remove_example(example: Example, *, operator: Operator) -> None:
    _record(example.dialog, "remove_example", operator, example=example.pk)
    example.delete()


def run_examples(dialog: Dialog) -> list[Result]:
    """Play every example on the draft."""
    rows = list(dialog.examples.all())
    if not rows:
        return []
    scene = playing.scene(dialog, document.load(dialog.draft))
    return [Result(row, playing.verdict(scene, row.moves, row.channel, row.language)) for row in rows]


# ── What several share ────────────────────────────────────────────────────


def _locked(dialog: Dialog) -> Dialog:
    return Dialog.objects.select_for_update(of=("self",)).select_related("organisation", "live", "changed_by").get(pk=dialog.pk)


def _put(row: Dialog, draft: dict[str, Any], operator: Operator) -> Dialog:
    row.draft, row.stamp, row.changed_at, row.changed_by = draft, row.stamp + 1, timezone.now(), operator
    titles = draft.get("title", {})
    row.title = (titles.get(draft.get("languages", ["de"])[0]) or next(iter(titles.values()), "") or row.title)[:120]
    row.save(update_fields=["draft", "stamp", "changed_at", "changed_by", "title"])
    old = row.changes.order_by("-stamp").values_list("stamp", flat=True)[MOST_CHANGES : MOST_CHANGES + 1]
    row.changes.filter(stamp__lte=old[0]).delete() if old else None
    return row


def _live(row: Dialog, version: Version | None) -> None:
    row.live = version
    row.save(update_fields=["live", "archived_at"])
    triggers.publish(row)


def _untouched(row: Dialog, edit: Edit) -> bool:
    """Whether what an edit touches is still as its editor saw it."""
    now = editing.step_of(row.draft, edit.step) if edit.step else editing.head_of(row.draft)
    return bool(edit.seen) and editing.digest(now) == edit.seen


def _own(row: Dialog, edit: Edit, operator: Operator) -> bool:
    """Whether an edit that writes over nobody's words meets a draft that the same person changed last."""
    return not edit.step and not edit.seen and row.changed_by_id == operator.pk


def _same_stroke(row: Dialog, edit: Edit, operator: Operator) -> bool:
    """Whether this goes on with the last change: typing on is not a change of its own."""
    last = row.changes.order_by("-stamp").first()
    goes_on = edit.what.startswith("change:") or edit.what == "head"
    return bool(goes_on and last and last.what == edit.what and last.operator_id == operator.pk and timezone.now() - last.at < ONE_STROKE)


def _faster(row: Dialog) -> str:
    who = row.changed_by.name if row.changed_by else _("Jemand")
    at = date_format(timezone.localtime(row.changed_at), "H:i")
    return _("%(who)s hat hier um %(at)s Uhr etwas geändert.") % {"who": who, "at": at}


def _free_key(organisation: Organisation, wish: str, more: Iterable[str] = ()) -> str:
    taken = set(Dialog.objects.filter(organisation=organisation, key__startswith=wish[:30]).values_list("key", flat=True)) | set(more)
    if wish not in taken:
        return wish
    return next(key for number in range(2, 10_000) if (key := f"{wish[:34]}_{number}") not in taken)


def _record(row: Dialog, verb: str, operator: Operator | None, **details: Any) -> None:
    audit.record(row.organisation, f"dialogs.{verb}", operator=operator, subject=f"dialog:{row.pk}", **details)
