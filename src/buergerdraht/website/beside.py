"""What the composer shows of the public pages: whether this broadcast will stand there, its date, and the short links it may lead to."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.accounts.rights import Right
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.website import publishing, short
from buergerdraht.website.dates import When
from buergerdraht.website.forms import DateForm
from buergerdraht.website.models import Showing

OPEN = {Broadcast.State.DRAFT, Broadcast.State.SUBMITTED, Broadcast.State.APPROVED}


def section(request: DeskRequest, broadcast: Broadcast, form: DateForm | None = None, said: str = "") -> SafeString:
    """Switch and date; once it is published, a link to the page."""
    published = getattr(broadcast, "published", None)
    when = When.of(Showing.objects.filter(broadcast=broadcast).first())
    may_write, is_open = request.may(Right.WRITE), broadcast.state in OPEN
    context = {
        "broadcast": broadcast, "published": published if published and published.hidden_at is None else None,
        "possible": publishing.for_everybody(broadcast), "wanted": publishing.wanted(broadcast), "may_write": may_write, "open": is_open,
        "form": form or DateForm(when), "dated": when.begins_at is not None, "said": said,
        "short_links": short.working(broadcast.organisation) if may_write and is_open else [],
    }  # fmt: skip
    return render_to_string("website/desk/_choice.html", context, request=request)
