"""The inbox: list, thread, reply field. Every query is bounded by the organisation."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.models import Operator
from buergerdraht.accounts.rights import Right, may
from buergerdraht.connectors.contract import Content, Note
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts import outreach
from buergerdraht.conversations import actions, composing, forms, reading
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media, MessageTemplate


@desk(Right.READ)
def inbox(request: Desk) -> HttpResponse:
    return render(request, "conversations/inbox.html", _list(request))


@desk(Right.READ)
@require_POST
def list_rows(request: Desk) -> HttpResponse:
    return render(request, "conversations/_list.html", _list(request))


@desk(Right.READ)
@require_GET
def next_waiting(request: Desk) -> HttpResponse:
    after = request.GET.get("nach", "")
    found = reading.next_waiting(request.organisation, request.operator, int(after) if after.isdecimal() else None)
    return redirect(_address("thread", request, found.pk) if found else _address("inbox", request))


@desk(Right.READ)
@require_GET
def thread(request: Desk, number: int) -> HttpResponse:
    conversation = _conversation(request, number)
    actions.mark_read(conversation, operator=request.operator, answers=may(request.membership, Right.ANSWER))
    context = _thread(request, conversation)
    if request.headers.get("HX-Target") == "unterhaltung":
        return render(request, "conversations/_conversation.html", context)
    return render(request, "conversations/inbox.html", _list(request, opened=conversation) | context)


@desk(Right.READ)
@require_GET
def head(request: Desk, number: int) -> HttpResponse:
    conversation = _conversation(request, number)
    return render(request, "conversations/_head.html", _head(request, conversation))


@desk(Right.READ)
@require_GET
def messages(request: Desk, number: int) -> HttpResponse:
    """Answer with earlier bubbles (`vor`) or with those that came since (`nach`)."""
    conversation = _conversation(request, number)
    if (after := request.GET.get("nach", "")).isdecimal():
        if request.GET.get("sichtbar"):  # the page is before somebody's eyes
            actions.mark_read(conversation, operator=request.operator, answers=may(request.membership, Right.ANSWER))
        return render(
            request, "conversations/_bubbles.html", _head(request, conversation) | {"bubbles": reading.since(conversation, int(after))}
        )
    before = get_object_or_404(Message, conversation=conversation, pk=_number(request.GET.get("vor")))
    bubbles, more = reading.thread(conversation, before=before)
    return render(request, "conversations/_earlier.html", _head(request, conversation) | {"bubbles": bubbles, "more": more})


@desk(Right.READ)
@require_GET
def message(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = _conversation(request, number)
    found = reading.bubble(conversation, message)
    if found is None:
        raise Http404
    return render(request, "conversations/_bubbles.html", _head(request, conversation) | {"bubbles": [found]})


# ── Answering ─────────────────────────────────────────────────────────────


@desk(Right.ANSWER)
def reply(request: Desk, number: int) -> HttpResponse:
    """Send a reply or keep a note; GET draws the field anew, e.g. for another way of the same person."""
    conversation = _conversation(request, number)
    if request.method != "POST":
        return _field(request, conversation, changed=False)
    form = forms.ReplyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, [str(problem) for problems in form.errors.values() for problem in problems])
    try:
        if form.cleaned_data["art"] == forms.NOTE:
            actions.note(conversation, form.cleaned_data["text"], operator=request.operator)
        else:
            _reply(request, conversation, form.cleaned_data)
    except ValidationError as problem:
        return _refused(request, problem.messages)
    except outreach.Refused as refusal:
        return _refused(request, _sentences(refusal.reason))
    return _field(request, conversation)


def _reply(request: Desk, conversation: Conversation, data: dict[str, Any]) -> None:
    if conversation.operator_id not in {None, request.operator.pk}:
        raise ValidationError(_("Jemand anderes hat diese Unterhaltung übernommen. Übernehmen Sie sie, um zu antworten."))
    composer = composing.composer(conversation, request.operator, data["adresse"])
    if composer.address is None:
        raise ValidationError(_("Diese Person hat keinen Kanal, über den Sie antworten können."))
    media = _media(request, data["datei"])
    content = Content(text=data["text"], media=[files.value(each) for each in media], quote=data["zitat"])
    errors = [_spoken(note) for note in composing.notes(composer.address.channel, content) if note.level == "error"]
    if errors:
        raise ValidationError(errors)
    actions.reply(conversation, content, operator=request.operator, address=composer.address)


def _media(request: Desk, uploads: list[Any]) -> list[Media]:
    alts = request.POST.getlist("alt")
    stored = []
    for index, upload in enumerate(uploads):
        alt = alts[index].strip()[:1000] if index < len(alts) else ""
        stored.append(files.store(request.organisation, upload.read(), upload.name or "", alt=alt))
    return stored


@desk(Right.ANSWER)
@require_POST
def check(request: Desk, number: int) -> HttpResponse:
    """Count the letters and say what the messenger will change."""
    conversation = _conversation(request, number)
    form = forms.ReplyForm(request.POST)
    form.is_valid()
    composer = composing.composer(conversation, request.operator, form.cleaned_data.get("adresse"))
    text = form.cleaned_data.get("text") or ""
    notes = composing.notes(composer.address.channel, Content(text=text)) if composer.address and text else []
    spoken = [(note.level, _spoken(note)) for note in notes]
    return render(request, "conversations/_notes.html", {"length": len(text), "limit": composer.limit, "notes": spoken})


@desk(Right.ANSWER)
def template(request: Desk, number: int) -> HttpResponse:
    """Draw the fields of a template (GET) or send it (POST), with a reply that waits for the citizen's answer."""
    conversation = _conversation(request, number)
    given = request.POST if request.method == "POST" else request.GET
    composer = composing.composer(conversation, request.operator, _number(given.get("adresse")) or None)
    if composer.address is None:
        raise Http404
    row = get_object_or_404(MessageTemplate, channel=composer.address.channel, pk=_number(given.get("vorlage")), paused=False)
    values = {name: value.strip()[:1000] for name, value in request.POST.items() if isinstance(value, str) and "." in name}
    choice = composing.choice(row, values)
    if request.method != "POST":
        return render(request, "conversations/_template_fields.html", {"choice": choice})
    if empty := [field.label for field in choice.fields if not field.value]:
        return _refused(request, [_("Füllen Sie „%(field)s“ aus.") % {"field": label} for label in empty])
    content, text = composing.use(row, values), request.POST.get("text", "").strip()
    try:
        if text:
            actions.await_answer(conversation, Content(text=text), content, operator=request.operator, address=composer.address)
        else:
            actions.reply(conversation, content, operator=request.operator, address=composer.address)
    except outreach.Refused as refusal:
        return _refused(request, _sentences(refusal.reason))
    return _field(request, conversation)


# ── Who holds it ──────────────────────────────────────────────────────────


@desk(Right.ANSWER)
@require_POST
def take(request: Desk, number: int) -> HttpResponse:
    conversation = _conversation(request, number)
    actions.assign(conversation, by=request.operator, operator=request.operator)
    return _field(request, conversation)


@desk(Right.ANSWER)
@require_POST
def assign(request: Desk, number: int) -> HttpResponse:
    conversation = _conversation(request, number)
    form = forms.AssignForm(request.organisation, request.POST)
    if not form.is_valid():
        return _refused(request, [str(problem) for problem in form.errors.get("an", [])])
    to = form.cleaned_data["an"]
    if isinstance(to, Operator) or to is None:
        actions.assign(conversation, by=request.operator, operator=to)
    else:
        actions.assign(conversation, by=request.operator, team=to)
    return _field(request, conversation)


@desk(Right.ANSWER)
@require_POST
def close(request: Desk, number: int) -> HttpResponse:
    conversation = _conversation(request, number)
    actions.close(conversation, operator=request.operator)
    return _field(request, conversation)


@desk(Right.ANSWER)
@require_POST
def reopen(request: Desk, number: int) -> HttpResponse:
    conversation = _conversation(request, number)
    actions.reopen(conversation, operator=request.operator)
    return _field(request, conversation)


@desk(Right.ANSWER)
@require_POST
def again(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = _conversation(request, number)
    actions.try_again(get_object_or_404(Message, conversation=conversation, pk=message), operator=request.operator)
    return _bubble(request, conversation, message)


@desk(Right.ANSWER)
@require_POST
def settle(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = _conversation(request, number)
    found = get_object_or_404(Message, conversation=conversation, pk=message)
    actions.settle(found, operator=request.operator, again=request.POST.get("erneut") == "ja")
    return _bubble(request, conversation, message)


# ── What several views share ──────────────────────────────────────────────


def _conversation(request: Desk, number: int) -> Conversation:
    rows = Conversation.objects.filter(organisation=request.organisation)
    rows = rows.select_related("organisation", "contact", "operator", "team", "last_address__channel")
    return get_object_or_404(rows, pk=number)


def _number(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else 0


def _address(name: str, request: Desk, *args: int) -> str:
    return reverse(f"conversations:{name}", args=[request.organisation.slug, *args])


def _list(request: Desk, opened: Conversation | None = None) -> dict[str, Any]:
    form = forms.FilterForm(request.organisation, request.POST if request.method == "POST" else request.GET)
    counts = reading.counts(request.organisation, request.operator)
    fallback = reading.MINE if counts[reading.MINE] else reading.NEW if counts[reading.NEW] else reading.ALL
    asked = form.asked(fallback)
    offset = form.cleaned_data.get("ab") or 0
    rows, more = reading.rows(request.organisation, request.operator, asked, offset)
    return {
        "form": form, "asked": asked, "counts": counts, "rows": rows, "more": offset + len(rows) if more else None, "offset": offset,
        "opened": opened.pk if opened else form.cleaned_data.get("offen"),
        "tabs": [(reading.MINE, _("Meine"), counts[reading.MINE]), (reading.NEW, _("Neu"), counts[reading.NEW]),
                 (reading.ALL, _("Alle"), counts[reading.ALL]), (reading.DONE, _("Erledigt"), None)],
        "active_filters": len(asked.channels) + bool(asked.team) + asked.unanswered + asked.automatic,
    }  # fmt: skip


def _head(request: Desk, conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "name": reading.name_of(conversation.contact, conversation.last_address),
        "may_answer": may(request.membership, Right.ANSWER),
        "locked_by": conversation.operator if conversation.operator_id not in {None, request.operator.pk} else None,
        "mine": conversation.operator_id == request.operator.pk,
        "colleagues": forms.colleagues(request.organisation),
        "teams": request.organisation.teams.all(),
    }


def _thread(request: Desk, conversation: Conversation) -> dict[str, Any]:
    bubbles, more = reading.thread(conversation)
    return {
        **_head(request, conversation), "bubbles": bubbles, "more": more, "beside": reading.beside(conversation),
        "composer": composing.composer(conversation, request.operator),
    }  # fmt: skip


def _field(request: Desk, conversation: Conversation, *, changed: bool = True) -> HttpResponse:
    """Draw the reply field anew; with `changed` the page also fetches the new bubbles, the head and the list."""
    if not request.headers.get("HX-Request"):
        return redirect(_address("thread", request, conversation.pk))
    fresh = _conversation(request, conversation.pk)
    composer = composing.composer(fresh, request.operator, _number(request.GET.get("adresse")) or None)
    response = render(request, "conversations/_composer.html", _head(request, fresh) | {"composer": composer})
    if changed:
        response["HX-Trigger"] = "unterhaltung-neu"
    return response


def _bubble(request: Desk, conversation: Conversation, number: int) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect(_address("thread", request, conversation.pk))
    return render(
        request, "conversations/_bubbles.html", _head(request, conversation) | {"bubbles": [reading.bubble(conversation, number)]}
    )


def _refused(request: HttpRequest, sentences: list[str]) -> HttpResponse:
    """Say beside the field why nothing was sent; what was typed stays."""
    response = render(request, "conversations/_problem.html", {"sentences": sentences}, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#antwort-fehler", "innerHTML"
    return response


def _spoken(note: Note) -> str:
    return _(note.text).format(**note.values)


def _sentences(reason: str) -> list[str]:
    words = REASONS.get(reason, REASONS["unknown"])
    return [f"{_(words.title)}. {_(words.advice)}"]
