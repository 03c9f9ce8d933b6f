"""What the command palette finds beside commands: threads and contacts. Words come by POST, because names never stand in addresses."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import finding
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import page, reading, sight
from buergerdraht.conversations.models import Conversation, Reading

MOST = 6  # of each
LONGEST = 100  # letters


@dataclass(frozen=True)
class Find:
    """Something that can be opened."""

    key: str
    name: str
    detail: str
    place: str


@desk(Right.READ)
@require_POST
def find(request: Desk) -> HttpResponse:
    """Answer with threads and contacts that fit the words; without words, with the threads one read last."""
    words = request.POST.get("worte", "").strip()[:LONGEST]
    threads, contacts = (_threads(request, words), _contacts(request, words)) if words else (_recent(request), [])
    return render(request, "conversations/bell/_finds.html", {"words": words, "threads": threads, "contacts": contacts})


def _threads(request: Desk, words: str) -> list[Find]:
    wanted = Q(contact__in=finding.search(request.organisation.pk, words))
    if words.lstrip("#").isdecimal() and len(words) < 12:
        wanted |= Q(pk=int(words.lstrip("#")))
    return [_thread(request, each) for each in _seen(request).filter(wanted).order_by("-last_at", "-pk")[:MOST]]


def _recent(request: Desk) -> list[Find]:
    read = Reading.objects.filter(operator=request.operator, conversation__in=sight.conversations(request.membership))
    last = read.values("conversation").annotate(at=Max("hour"), newest=Max("pk")).order_by("-at", "-newest")[:MOST]
    order = [row["conversation"] for row in last]
    found = _seen(request).in_bulk(order)
    return [_thread(request, found[number]) for number in order if number in found]


def _contacts(request: Desk, words: str) -> list[Find]:
    """Contacts of the words; of those with a hidden thread there is nothing to find."""
    hidden = Conversation.objects.filter(organisation=request.organisation).exclude(
        pk__in=sight.conversations(request.membership).values("pk")
    )
    found = finding.search(request.organisation.pk, words).exclude(pk__in=hidden.values("contact"))
    return [_contact(request, each) for each in found.order_by("-pk")[:MOST]]


def _seen(request: Desk) -> QuerySet[Conversation]:
    return sight.conversations(request.membership).select_related("contact", "operator", "last_address__channel")


def _thread(request: Desk, conversation: Conversation) -> Find:
    name = reading.name_of(conversation.contact, conversation.last_address)
    channel = conversation.last_address.channel.name if conversation.last_address else ""
    who = conversation.operator.name if conversation.operator else ""
    detail = ", ".join(part for part in (channel, who) if part)
    return Find(f"u{conversation.pk}", name, detail, page.address("thread", request, conversation.pk))


def _contact(request: Desk, contact: Contact) -> Find:
    place = reverse("contacts:detail", args=[request.organisation.slug, contact.pk])
    return Find(f"k{contact.pk}", reading.name_of(contact, None), "", place)
