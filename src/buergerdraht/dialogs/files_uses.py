"""Where a name of the shelf is said: in drafts and live dialogs, and in rows of tables. A fixed number of queries, whatever the names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from buergerdraht.accounts.models import Organisation
from buergerdraht.dialogs.models import Dialog
from buergerdraht.gateway.queries import queries

PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
SQL = queries(Path(__file__).with_name("files.sql"))


class Use(NamedTuple):
    """A dialog or a table that names a file."""

    what: str  # dialog, table: the address that shows it
    pk: int
    title: str
    where: str


def uses(organisation: Organisation, names: Collection[str]) -> dict[str, list[Use]]:
    """Say of each name which dialogs and which tables name it; archived dialogs do not count."""
    found: dict[str, list[Use]] = {name: [] for name in names}
    if not found:
        return found
    for dialog in Dialog.objects.filter(organisation=organisation, archived_at=None).select_related("live"):
        draft, live = set(_named(dialog.draft)), set(_named(dialog.live.document if dialog.live else {}))
        for name, used in found.items():
            in_draft, in_live = (any(_fits(each, name) for each in said) for said in (draft, live))
            if in_draft or in_live:
                used.append(Use("dialog", dialog.pk, dialog.title, _where(in_draft, in_live)))
    endings = sorted({f"%.{name.rpartition('.')[2]}%" for name in found})
    with connection.cursor() as cursor:
        cursor.execute(SQL["tables"], {"organisation": organisation.pk, "names": list(found), "endings": endings})
        for name, number, title, first, count in cursor.fetchall():
            more = ngettext("Zeile %(first)s", "%(n)s Zeilen, zuerst in Zeile %(first)s", count) % {"n": count, "first": first}
            found[name].append(Use("table", number, title, more))
    return found


def told(found: Collection[Use]) -> str:
    """Name the places in a sentence, the first of them."""
    shown = [_("„%(title)s“ (%(where)s)") % {"title": each.title, "where": each.where} for each in list(found)[:5]]
    return ", ".join(shown) + (" …" if len(found) > len(shown) else "")


def _named(document: Mapping[str, Any]) -> Iterator[str]:
    """The files a document names, however old or broken it is."""
    for step in document.get("steps", []):
        for each in step.get("files") or () if isinstance(step, Mapping) else ():
            if isinstance(each, Mapping) and isinstance(name := each.get("file"), str):
                yield name.strip()


def _fits(written: str, name: str) -> bool:
    """Whether what a step writes may become this name: as it stands, or with something filled in ("{{ raw.job.key }}.png").

    A placeholder alone says nothing: what it becomes stands in a table, and is found there.
    """
    first, *more = PLACEHOLDER.split(written)
    if not more:
        return written == name
    *middle, last = more
    inside = len(name) - len(first) - len(last)
    if not f"{first}{''.join(more)}".strip() or inside < 0 or not (name.startswith(first) and name.endswith(last)):
        return False
    at = len(first)
    for each in middle:
        at = name.find(each, at, len(first) + inside)
        if at < 0:
            return False
        at += len(each)
    return True


def _where(draft: bool, live: bool) -> str:
    if draft and live:
        return _("Entwurf und veröffentlichte Version")
    return _("Entwurf") if draft else _("veröffentlichte Version")
