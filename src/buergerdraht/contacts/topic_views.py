"""The screens of topics, with their deep links and QR codes, and of districts."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import records
from buergerdraht.contacts.forms import DistrictForm, TopicForm
from buergerdraht.contacts.models import District, Topic
from buergerdraht.gateway import links
from buergerdraht.gateway.links import Link
from buergerdraht.gateway.models import Channel


@desk(Right.READ)
@require_GET
def listing(request: DeskRequest) -> HttpResponse:
    confirmed = Count("subscriptions", filter=Q(subscriptions__confirmed_at__isnull=False))
    topics = list(Topic.objects.filter(organisation=request.organisation).annotate(subscribers=confirmed).order_by("position", "id"))
    context = {
        "topics": [topic for topic in topics if topic.active],
        "archived": [topic for topic in topics if not topic.active],
        "may_change": request.may(Right.CONTACTS),
    }
    return render(request, "contacts/topics.html", context)


@desk(Right.CONTACTS)
@require_http_methods(["GET", "POST"])
def edit(request: DeskRequest, topic: int | None = None) -> HttpResponse:
    """Make a topic, or change it; an existing one shows its links and codes."""
    found = _topic(request, topic) if topic else Topic(organisation=request.organisation)
    form = TopicForm(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        saved = records.save_topic(form.apply(), operator=request.operator)
        messages.success(request, _("Das Thema „%(title)s“ ist gespeichert.") % {"title": saved})
        return redirect("contacts:topic", request.organisation.slug, saved.pk)
    context = {"form": form, "topic": found, "links": _links(found) if found.pk else []}
    return render(request, "contacts/topic.html", context, status=422 if form.is_bound else 200)


@desk(Right.CONTACTS)
@require_POST
def move(request: DeskRequest, topic: int) -> HttpResponse:
    records.move_topic(_topic(request, topic), -1 if "hoch" in request.POST else 1, operator=request.operator)
    return redirect("contacts:topics", request.organisation.slug)


@desk(Right.CONTACTS)
@require_POST
def archive(request: DeskRequest, topic: int) -> HttpResponse:
    found = _topic(request, topic)
    records.archive_topic(found, active=not found.active, operator=request.operator)
    text = _("„%(title)s“ kann wieder abonniert werden.") if found.active else _("„%(title)s“ ist im Archiv. Abos bleiben bestehen.")
    messages.success(request, text % {"title": found})
    return redirect("contacts:topics", request.organisation.slug)


@desk(Right.READ)
@require_GET
def qr(request: DeskRequest, topic: int, channel: int, ending: str) -> HttpResponse:
    """Hand out the QR code of a topic on a channel, as SVG for print or PNG."""
    found = _topic(request, topic)
    address = links.address(get_object_or_404(Channel, organisation=request.organisation, pk=channel), *_words(found))
    return links.code(address, ending, saved_as=found.key if "laden" in request.GET else "")


@desk(Right.CONTACTS)
@require_http_methods(["GET", "POST"])
def districts(request: DeskRequest) -> HttpResponse:
    form = DistrictForm(request.POST or None, instance=District(organisation=request.organisation))
    if request.method == "POST" and form.is_valid():
        records.save_district(form.instance, operator=request.operator)
        messages.success(request, _("Der Ortsteil ist angelegt."))
        return redirect("contacts:districts", request.organisation.slug)
    rows = District.objects.filter(organisation=request.organisation).annotate(people=Count("contact"))
    return render(request, "contacts/districts.html", {"form": form, "districts": rows}, status=422 if form.is_bound else 200)


@desk(Right.CONTACTS)
@require_http_methods(["GET", "POST"])
def district(request: DeskRequest, district: int) -> HttpResponse:
    """Rename a district, or delete it."""
    found = get_object_or_404(District, organisation=request.organisation, pk=district)
    if "loeschen" in request.POST:
        records.delete_district(found, operator=request.operator)
        messages.success(request, _("Der Ortsteil ist gelöscht."))
        return redirect("contacts:districts", request.organisation.slug)
    form = DistrictForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        records.save_district(form.instance, operator=request.operator)
        messages.success(request, _("Gespeichert."))
        return redirect("contacts:districts", request.organisation.slug)
    return render(request, "contacts/district.html", {"form": form, "district": found}, status=422 if form.is_bound else 200)


def _topic(request: DeskRequest, number: int) -> Topic:
    return get_object_or_404(Topic.objects.select_related("organisation"), organisation=request.organisation, pk=number)


def _links(topic: Topic) -> list[Link]:
    rows = Channel.objects.filter(organisation_id=topic.organisation_id).order_by("name")
    return [_shown(topic, each) for each in links.listed(rows, *_words(topic))]


def _shown(topic: Topic, found: Link) -> Link:
    """Say where a link's pictures are."""
    slug = topic.organisation.slug
    svg, png = (reverse("contacts:topic_qr", args=[slug, topic.pk, found.channel.pk, ending]) for ending in ("svg", "png"))
    alt = _("QR-Code: %(topic)s über %(title)s abonnieren") % {"topic": topic, "title": found.title}
    return replace(found, alt=alt, svg=svg, png=png)


def _words(topic: Topic) -> tuple[str, str]:
    """What a link carries, as a parameter or as words."""
    return f"abo-{topic.key}", f"ABO {topic.key}"
