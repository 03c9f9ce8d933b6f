"""The block beside a thread: the cases of whoever writes there, and the way to a new one."""

from __future__ import annotations

from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import sight, states
from buergerdraht.cases.models import Category
from buergerdraht.conversations import page
from buergerdraht.conversations.models import Conversation

SHOWN = 5


def beside(request: DeskRequest, conversation: Conversation) -> str:
    """List what the contact brought or follows, the newest first; nothing where there are no categories."""
    contact = conversation.contact_id
    rows = sight.cases(request.membership).filter(Q(contact=contact) | Q(followers__contact=contact, followers__left_at=None)).distinct()
    found = list(rows.select_related("category").order_by("-received_at", "-pk")[: SHOWN + 1])
    may_open = request.may(Right.ANSWER) and _open(request)
    if not found and not may_open:
        return ""
    shown = [(case, states.TONES[case.state], states.TITLES[case.state]) for case in found[:SHOWN]]
    context = {
        "conversation": conversation,
        "rows": shown,
        "more": len(found) > SHOWN,
        "may_open": may_open,
        "url": _new(request, conversation),
    }
    return render_to_string("cases/_case_beside.html", context, request=request)


def turn(request: DeskRequest, conversation: Conversation) -> page.Turn | None:
    """A thread can turn into a case, where something can be reported."""
    if not request.may(Right.ANSWER) or not _open(request):
        return None
    return page.Turn(_("Anliegen anlegen"), _new(request, conversation), "case")


def _open(request: DeskRequest) -> bool:
    """Whether something can be reported: block and menu of one page ask it, the table once."""
    if "reports_offered" not in request.__dict__:
        request.__dict__["reports_offered"] = Category.objects.filter(organisation=request.organisation, active=True).exists()
    return bool(request.__dict__["reports_offered"])


def _new(request: DeskRequest, conversation: Conversation) -> str:
    return f"{reverse('cases:new', args=[request.organisation.slug])}?kontakt={conversation.contact_id}"
