"""The desk's page of own words: ours beside the authority's, in every language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.languages import NAMES, TITLES, direction, tag
from buergerdraht.accounts.rights import Right
from buergerdraht.wording import actions, checking, reading, sheets
from buergerdraht.wording.reading import Line
from buergerdraht.wording.shelves import SHELVES, Shelf

PAGE = 20
MOST_WRONG = 20  # rows of a file that are told one by one


@dataclass(frozen=True)
class Wish:
    """What of all sentences is looked at."""

    language: str
    room: str = ""
    only: str = ""
    words: str = ""
    page: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str], first: str) -> Wish:
        language, room, only = given.get("sprache", ""), given.get("raum", ""), given.get("nur", "")
        return cls(
            language if language in NAMES else first,
            room if room in SHELVES else "",
            only if only in {reading.MISSING, reading.OWN} else "",
            given.get("suche", "").replace("\0", "").strip()[:100],
            given.get("seite", "")[:6],
        )

    def query(self, **other: str) -> str:
        asked = {"sprache": self.language, "raum": self.room, "nur": self.only, "suche": self.words, "seite": self.page} | other
        return urlencode({name: text for name, text in asked.items() if text})

    @property
    def shelves(self) -> list[Shelf]:
        return [SHELVES[self.room]] if self.room else []


@dataclass
class Typed:
    """What came with the form: for each sentence the text, and what stood there when the page was made."""

    texts: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Typed:
        texts = {name.removeprefix("t:"): text for name, text in given.items() if name.startswith("t:")}
        before = {name.removeprefix("w:"): text for name, text in given.items() if name.startswith("w:")}
        return cls(dict(list(texts.items())[:PAGE]), before)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponseBase:
    """Show the sentences of a language, and keep what was written."""
    wish = Wish.read(request.GET.dict(), request.organisation.language)
    if request.method != "POST":
        return _show(request, wish, Typed())
    typed = Typed.read(request.POST.dict())
    if (back := request.POST.get("zurueck", "")) in typed.texts:
        typed.texts[back] = ""
    changed = actions.put(request.organisation, wish.language, _checked(request, wish, typed), operator=request.operator)
    _say(request, changed, len(typed.wrong))
    if typed.wrong:
        return _show(request, wish, typed)
    return redirect(f"{reverse('wording:list', args=[request.organisation.slug])}?{wish.query()}")


def _checked(request: DeskRequest, wish: Wish, typed: Typed) -> dict[tuple[str, str], str]:
    """Give what was written anew and can be kept; what cannot, `typed.wrong` says."""
    there = {line.name: line for line in reading.lines(request.organisation, wish.language)}
    found = {}
    for name, text in typed.texts.items():
        line = there.get(name)
        if line is None:
            raise Http404
        if _stamp(text) == typed.before.get(name):
            continue
        try:
            if _stamp(line.own) not in {typed.before.get(name), _stamp(text)}:
                raise ValidationError(_("Hier hat inzwischen jemand etwas anderes geschrieben: „%(text)s“") % {"text": line.own[:300]})
            found[line.shelf.name, line.key] = checking.check(line.shelf, line.key, text)
        except ValidationError as problem:
            typed.wrong[name] = problem.messages
    return found


def _stamp(text: str) -> str:
    """What a browser makes of line ends does not count."""
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()[:16]


def _say(request: DeskRequest, changed: int, wrong: int) -> None:
    if changed:
        messages.success(request, ngettext("%(n)s Satz gespeichert.", "%(n)s Sätze gespeichert.", changed) % {"n": changed})
    elif not wrong:
        messages.success(request, _("Es gab nichts zu ändern."))


def _show(request: DeskRequest, wish: Wish, typed: Typed) -> HttpResponse:
    house = request.organisation
    page = Paginator(reading.narrowed(reading.lines(house, wish.language, wish.shelves), wish.only, wish.words), PAGE).get_page(wish.page)
    context = {
        "tab": "wording", "wish": wish, "page": page, "asked": wish.query(seite=""), "rows": [_row(request, line, typed) for line in page],
        "language": {"code": wish.language, "title": TITLES[wish.language], "tag": tag(wish.language), "dir": direction(wish.language)},
        "languages": _languages(request, wish), "count": reading.count(house, wish.language), "wrong": len(typed.wrong),
        "lacking": 0 if wish.language.startswith("de") else reading.lacking(house, wish.language),
        "rooms": [(name, shelf.title, reading.count(house, wish.language, [shelf])) for name, shelf in SHELVES.items()],
        "offered": wish.language in house.languages,
        "missing": reading.MISSING, "own": reading.OWN,
    }  # fmt: skip
    return render(request, "wording/list.html", context, status=422 if typed.wrong else 200)


def _languages(request: DeskRequest, wish: Wish) -> list[dict[str, Any]]:
    """Every language with how far it is; those that are offered first."""
    house = request.organisation
    offered = list(dict.fromkeys([*house.languages, *NAMES]))
    return [
        {
            "code": code, "title": TITLES[code], "name": NAMES[code], "tag": tag(code), "offered": code in house.languages,
            "count": reading.count(house, code), "here": code == wish.language, "query": wish.query(sprache=code, seite=""),
        }
        for code in offered if code in NAMES
    ]  # fmt: skip


def _row(request: DeskRequest, line: Line, typed: Typed) -> dict[str, Any]:
    text = typed.texts.get(line.name, line.own) if line.name in typed.wrong else line.own
    return {
        "line": line, "text": text, "before": _stamp(line.own), "wrong": typed.wrong.get(line.name, []),
        "id": line.name.replace("/", "-").replace(".", "-"),
        "preview": reading.preview(request.organisation, line, text) if text and line.name not in typed.wrong else "",
        "rows": min(max(2, (text or line.ours or line.german).count("\n") + 1 + len(text or line.ours or line.german) // 60), 14),
    }  # fmt: skip


@require_POST
@desk(Right.MANAGE)
def preview(request: DeskRequest) -> HttpResponse:
    """Show a sentence with examples while it is written, or what is wrong with it."""
    typed = Typed.read(request.POST.dict())
    name, text = next(iter(typed.texts.items()), ("", ""))
    line = next((each for each in reading.lines(request.organisation, request.organisation.language) if each.name == name), None)
    if line is None:
        raise Http404
    context: dict[str, Any] = {"wrong": []}
    try:
        kept = checking.check(line.shelf, line.key, text)
        context["preview"] = reading.preview(request.organisation, line, kept) if kept else ""
    except ValidationError as problem:
        context["wrong"] = problem.messages
    return render(request, "wording/_preview.html", context)


# ── For a translator ──────────────────────────────────────────────────────


@require_safe
@desk(Right.MANAGE)
def export(request: DeskRequest) -> HttpResponse:
    """Hand out all sentences of one language as a file."""
    language = request.GET.get("sprache", "")
    if language not in NAMES:
        raise Http404
    audit.record(request.organisation, "wording.export", operator=request.operator, language=language)
    answer = HttpResponse(sheets.write(reading.lines(request.organisation, language)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="saetze-{language}.csv"'
    return answer


@require_POST
@desk(Right.MANAGE)
def bring(request: DeskRequest) -> HttpResponse:
    """Read a translated file; rows that cannot be kept are told one by one, the others are kept."""
    house, language, upload = request.organisation, request.POST.get("sprache", ""), request.FILES.get("datei")
    if language not in NAMES:
        raise Http404
    try:
        if upload is None:
            raise ValidationError(_("Wählen Sie eine Datei."))
        if (upload.size or 0) > sheets.LARGEST:
            raise ValidationError(_("Die Datei ist zu groß: höchstens 3 MB."))
        sheet = sheets.read(upload.read())
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect(f"{reverse('wording:list', args=[house.slug])}?{urlencode({'sprache': language})}")
    changed = actions.put(house, language, sheet.texts, operator=request.operator)
    _say(request, changed, len(sheet.wrong))
    for sentence in sheet.wrong[:MOST_WRONG]:
        messages.warning(request, sentence)
    if (more := len(sheet.wrong) - MOST_WRONG) > 0:
        messages.warning(request, _("Und %(n)s weitere Zeilen.") % {"n": more})
    return redirect(f"{reverse('wording:list', args=[house.slug])}?{urlencode({'sprache': language})}")
