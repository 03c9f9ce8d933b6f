"""The delivery pages: what goes out and comes in, what needs a decision, what was noticed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.gateway import actions as gateway
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound
from buergerdraht.watch import figures, kinds, unclear, words
from buergerdraht.watch.models import Alarm

PER_PAGE = 50
REASONS_SHOWN = 8


def open_alarms(request: DeskRequest) -> tuple[int, str]:
    """How many alarms are open, for the badge in the navigation."""
    number = Alarm.objects.open().of(request.organisation).count()
    return number, ngettext("ein offener Alarm", "%(n)d offene Alarme", number) % {"n": number}


def _channel(request: DeskRequest, number: int) -> Channel:
    return get_object_or_404(Channel, pk=number, organisation=request.organisation)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def frame(request: DeskRequest, place: str, **more: Any) -> dict[str, Any]:
    """What every page of the room shows: its tabs with their numbers."""
    kept = InboundEvent.objects.filter(channel__in=request.organisation.channels.all(), state=InboundEvent.State.KEPT)
    numbers = {"unclear": _letters(request, unclear.Wish()).count(), "kept": kept.count()}
    return {"place": place, "numbers": numbers, "may_manage": request.may(Right.MANAGE), **more}


def _alarms(request: DeskRequest, channel: Channel | None = None) -> list[dict[str, Any]]:
    """The open alarms with their words, faults first."""
    found = Alarm.objects.open().of(request.organisation).select_related("channel")
    if channel is not None:
        found = found.filter(channel=channel)
    ordered = sorted(found, key=lambda alarm: (alarm.level != Alarm.Level.FAULT, alarm.since))
    return [told(alarm) | {"url": _where(request, alarm, channel)} for alarm in ordered]


def _where(request: DeskRequest, alarm: Alarm, here: Channel | None) -> str:
    """The page where something can be done about an alarm; none where one stands on it already or may not go."""
    slug = request.organisation.slug
    match alarm.kind:
        case Alarm.Kind.KEPT_EVENTS:
            return reverse("watch:kept", args=[slug])
        case Alarm.Kind.RECONCILIATION_DIFFERENCE:
            return reverse("watch:reconciliation", args=[slug])
        case Alarm.Kind.CHANNEL_BROKEN | Alarm.Kind.CHANNEL_SILENT | Alarm.Kind.PROVIDER_COMPLAINS if request.may(Right.MANAGE):
            return reverse("gateway:channel", args=[slug, alarm.channel_id]) if alarm.channel_id else ""
        case Alarm.Kind.BRIDGE_FAILING if request.may(Right.MANAGE):
            return reverse("bridges:list", args=[slug])
    return reverse("watch:channel", args=[slug, alarm.channel_id]) if alarm.channel_id and here is None else ""


def told(alarm: Alarm) -> dict[str, Any]:
    kind = kinds.KINDS.get(alarm.kind)
    return {
        "alarm": alarm,
        "title": kind.title if kind else alarm.kind,
        "text": kinds.sentence(alarm) if kind else "",
        "advice": kind.advice if kind else "",
        "age": words.age(alarm.since, timezone.now()),
        "tone": "is-bad" if alarm.level == Alarm.Level.FAULT else "is-warn",
    }


# ── What goes out ─────────────────────────────────────────────────────────


def _shown(line: figures.Line) -> dict[str, Any]:
    """A channel's line with its words."""
    return {
        "line": line,
        "tone": line.state[0],
        "icon": line.state[1],
        "word": line.state[2],
        "age": words.age(line.queue.oldest, line.now),
        "running": words.age(line.engine.since, line.now) if line.engine else "",
        "canary": words.canary(line.probe),
        "silent": words.silence(line.channel.last_inbound_at, line.now) if line.works else None,
        "alarms": [told(alarm) for alarm in line.alarms],
    }


@require_safe
@desk(Right.READ)
def delivery(request: DeskRequest) -> HttpResponseBase:
    now = timezone.now()
    house = figures.house(request.organisation, now=now)
    context = {
        "now": now,
        "house": house,
        "age": words.age(house.queue.oldest, now),
        "lines": [_shown(line) for line in house.lines],
        "failures": house.failures[:REASONS_SHOWN],
        "picture": figures.picture(house.hour, now),
        "alarms": _alarms(request),
    }
    return render(request, "watch/delivery.html", frame(request, "delivery", **context))


@require_safe
@desk(Right.READ)
def channel(request: DeskRequest, channel: int) -> HttpResponseBase:
    found, now = _channel(request, channel), timezone.now()
    line = figures.house(request.organisation, only=found.pk, now=now).lines[0]
    context = {
        "now": now,
        "channel": found,
        "limits": line.limits,
        "shown": _shown(line),
        "failures": line.failures[:REASONS_SHOWN],
        "picture": figures.picture(line.hour, now),
        "alarms": _alarms(request, found),
    }
    return render(request, "watch/channel.html", frame(request, "delivery", **context))


# ── Letters in doubt ──────────────────────────────────────────────────────


def _wish(request: DeskRequest, values: Any) -> unclear.Wish:
    asked = values.get("rundnachricht", "")
    return unclear.Wish(
        channel=_number(values.get("kanal")),
        broadcast=_number(asked),
        single=asked == "einzeln",
        ids=[number for number in map(_number, values.getlist("brief")) if number][:PER_PAGE] if hasattr(values, "getlist") else (),
    )


def _letters(request: DeskRequest, wish: unclear.Wish) -> QuerySet[Outbound]:
    """Those of the wish that the member may know of."""
    return unclear.letters(request.organisation, wish).filter(unclear.seen(request.membership))


def _page(request: DeskRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("seite"))


def _asked(request: DeskRequest) -> str:
    asked = request.GET.copy()
    asked.pop("seite", None)
    return asked.urlencode()


@require_safe
@desk(Right.READ)
def doubts(request: DeskRequest) -> HttpResponseBase:
    """List what may or may not have arrived."""
    wish = _wish(request, request.GET)
    page = _page(request, _letters(request, wish).select_related("channel"))
    rows = unclear.rows(request.organisation, request.membership, list(page.object_list))
    context = {
        "page": page,
        "rows": rows,
        "total": page.paginator.count,
        "mine": unclear.letters(request.organisation, wish).filter(unclear.decidable(request.membership)).count(),
        "wish": wish,
        "filtered": bool(wish.channel or wish.broadcast or wish.single),
        "channels": request.organisation.channels.order_by("kind", "name"),
        "broadcasts": unclear.broadcasts(request.organisation),
        "asked": _asked(request),
    }
    return render(request, "watch/unclear.html", frame(request, "unclear", **context))


@require_POST
@desk(Right.READ)
def settle(request: DeskRequest) -> HttpResponseBase:
    """Ask once more with the number, then decide the chosen ones, or all of the filter."""
    again = request.POST.get("wie") == "erneut"
    everything = request.POST.get("umfang") == "alle"
    wish = _wish(request, request.POST)
    if everything:
        wish = unclear.Wish(wish.channel, wish.broadcast, wish.single)
    elif not wish.ids:
        messages.warning(request, _("Wählen Sie zuerst Nachrichten aus."))
        return redirect("watch:unclear", request.organisation.slug)
    allowed = unclear.decidable(request.membership)
    found = unclear.letters(request.organisation, wish).filter(allowed)
    number = found.count()
    if not number and _letters(request, wish).exists():
        raise PermissionDenied
    if not number:
        messages.info(request, _("Diese Nachrichten sind schon entschieden."))
        return redirect("watch:unclear", request.organisation.slug)
    if request.POST.get("sicher") != "ja":
        context = {"number": number, "again": again, "everything": everything, "wish": wish}
        return render(request, "watch/settle.html", frame(request, "unclear", **context))
    _said(request, unclear.decide(request.organisation, found, again=again, operator=request.operator), again)
    return redirect("watch:unclear", request.organisation.slug)


def _said(request: DeskRequest, outcome: unclear.Outcome, again: bool) -> None:
    """Tell what became of it, and why some may not be sent."""
    if outcome.done:
        spoken = (
            ngettext("Eine Nachricht geht erneut hinaus.", "%(n)d Nachrichten gehen erneut hinaus.", outcome.done)
            if again
            else ngettext("Eine Nachricht gilt als angekommen.", "%(n)d Nachrichten gelten als angekommen.", outcome.done)
        )
        messages.success(request, spoken % {"n": outcome.done})
    for reason, number in outcome.reasons:
        spoken = ngettext("Eine Nachricht bleibt ungeklärt: %(why)s.", "%(n)d Nachrichten bleiben ungeklärt: %(why)s.", number)
        messages.warning(request, spoken % {"n": number, "why": _(reason.title)})
    if outcome.left:
        spoken = ngettext(
            "Eine steht noch aus. Entscheiden Sie bitte noch einmal.",
            "%(n)d stehen noch aus. Entscheiden Sie bitte noch einmal.",
            outcome.left,
        )
        messages.info(request, spoken % {"n": outcome.left})


# ── What could not be handled ─────────────────────────────────────────────


def _kept(request: DeskRequest, values: Any) -> QuerySet[InboundEvent]:
    """Kept events of this house, newest first: all, of one channel, or one."""
    rows = InboundEvent.objects.filter(channel__in=request.organisation.channels.all(), state=InboundEvent.State.KEPT)
    if (number := _number(values.get("kanal"))) is not None:
        rows = rows.filter(channel=number)
    if (number := _number(values.get("meldung"))) is not None:
        rows = rows.filter(pk=number)
    return rows.order_by("-pk")


@require_safe
@desk(Right.READ)
def kept(request: DeskRequest) -> HttpResponseBase:
    """List raw events that failed, by kind and size; what citizens wrote in them is not shown here."""
    found = _kept(request, request.GET).annotate(size=Length("body")).defer("body").select_related("channel")
    page = _page(request, found)
    rows = [
        {
            "event": event,
            "why": words.trouble(event),
            "source": words.SOURCES.get(event.source, event.source),
            "size": words.size(event.size),
        }
        for event in page.object_list
    ]
    context = {
        "page": page,
        "rows": rows,
        "total": page.paginator.count,
        "chosen": _number(request.GET.get("kanal")),
        "channels": request.organisation.channels.order_by("kind", "name"),
        "asked": _asked(request),
    }
    return render(request, "watch/kept.html", frame(request, "kept", **context))


@require_POST
@desk(Right.MANAGE)
def replay(request: DeskRequest) -> HttpResponseBase:
    number = gateway.replay_many(_kept(request, request.POST), operator=request.operator)
    if number:
        spoken = ngettext("Eine Meldung wird noch einmal verarbeitet.", "%(n)d Meldungen werden noch einmal verarbeitet.", number)
        messages.success(request, spoken % {"n": number})
    else:
        messages.info(request, _("Hier wartet nichts mehr."))
    return redirect("watch:kept", request.organisation.slug)


@require_POST
@desk(Right.MANAGE)
def dismiss(request: DeskRequest) -> HttpResponseBase:
    """Ask once more with the number, then give them up."""
    found = _kept(request, request.POST)
    number = found.count()
    if number and request.POST.get("sicher") != "ja":
        chosen = {"kanal": request.POST.get("kanal", ""), "meldung": request.POST.get("meldung", "")}
        return render(request, "watch/dismiss.html", frame(request, "kept", number=number, chosen=chosen))
    if number:
        number = gateway.dismiss_many(found, operator=request.operator)
        spoken = ngettext("Eine Meldung ist verworfen.", "%(n)d Meldungen sind verworfen.", number)
        messages.success(request, spoken % {"n": number})
    else:
        messages.info(request, _("Hier wartet nichts mehr."))
    return redirect("watch:kept", request.organisation.slug)
