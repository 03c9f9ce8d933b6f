"""Answering: reply, note, template, and what is done about a message that did not arrive."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.connectors.contract import Choice, Content
from buergerdraht.contacts import outreach
from buergerdraht.conversations import answering, composing, confidential, forms, hold_views, page, pen, saved_answers
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media, MessageTemplate


@desk(Right.ANSWER)
def reply(request: Desk, number: int) -> HttpResponse:
    """Send a reply or keep a note; GET draws the field anew, e.g. for another way of the same person."""
    conversation = page.wanted(request, number)
    if request.method != "POST":
        return page.field_piece(request, conversation, changed=False)
    form = forms.ReplyForm(request.POST, request.FILES)
    if not form.is_valid():
        return page.refused(request, [str(problem) for problems in form.errors.values() for problem in problems])
    try:
        if form.cleaned_data["art"] == forms.NOTE:
            answering.note(
                conversation, form.cleaned_data["text"], operator=request.operator, once=form.cleaned_data["einmal"],
                include=hold_views.included(request),
            )  # fmt: skip
        else:
            _reply(request, conversation, form.cleaned_data)
    except answering.News as news:
        return page.news(request, conversation, news.messages)
    except confidential.Unseen as unseen:
        return hold_views.ask_to_include(request, unseen.people)
    except ValidationError as problem:
        return page.refused(request, problem.messages, anew=isinstance(problem, answering.Already))
    except outreach.Refused as refusal:
        return page.refused(request, page.sentences(refusal.reason))
    return page.field_piece(request, conversation, focus=True)


def _reply(request: Desk, conversation: Conversation, data: dict[str, Any]) -> None:
    if conversation.operator_id not in {None, request.operator.pk}:
        raise ValidationError(_("Jemand anderes hat diese Unterhaltung übernommen. Übernehmen Sie sie, um zu antworten."))
    composer = composing.composer(conversation, request.operator, data["adresse"])
    if composer.address is None:
        raise ValidationError(_("Diese Person hat keinen Kanal, über den Sie antworten können."))
    kept = [found for token in data["bleibt"] if (found := composing.kept(conversation, token))]
    media = [*kept, *_media(request, data["datei"])]
    content = Content(
        text=saved_answers.signed(data["text"], composer.signature), media=[files.value(each) for each in media], quote=data["zitat"],
        choices=[Choice(id=f"auswahl-{index}", title=title) for index, title in enumerate(data["auswahl"], 1)], location=data["standort"],
        by_person=True,
    )  # fmt: skip
    errors = [page.spoken(note) for note in composing.notes(composer.address.channel, content) if note.level == "error"]
    if errors:
        raise ValidationError(errors)
    answering.reply(conversation, content, operator=request.operator, address=composer.address, desired=_desired(data))
    if data["baustein"]:
        saved_answers.count(data["baustein"], request.organisation)


def _desired(data: dict[str, Any]) -> answering.Desired:
    seen = [each for each in (data["gesehen"], data["trotzdem"]) if each is not None]
    return answering.Desired(once=data["einmal"], seen=max(seen, default=None), over=data["entwurf"])


def _media(request: Desk, uploads: list[Any]) -> list[Media]:
    alts = request.POST.getlist("alt")
    stored = []
    for index, upload in enumerate(uploads):
        alt = alts[index].strip()[:1000] if index < len(alts) else ""
        stored.append(files.store(request.organisation, upload.read(), upload.name or "", alt=alt))
    return stored


@desk(Right.ANSWER)
@require_POST
def undo(request: Desk, number: int, message: int) -> HttpResponse:
    """Take a reply back before it left, and put it into the field again."""
    conversation = page.wanted(request, number)
    found = get_object_or_404(Message, conversation=conversation, pk=message)
    try:
        written = answering.undo(found, operator=request.operator)
    except ValidationError as problem:
        return page.refused(request, problem.messages)
    filled = composing.taken_back(conversation, written, request.operator, request.POST.get("text", "").strip())
    pen.save(conversation, pen.Typed(filled.text), operator=request.operator)
    return page.field_piece(request, conversation, focus=True, filled=filled, said=_("Zurückgenommen. Ihr Text steht wieder im Feld."))


@desk(Right.ANSWER)
@require_POST
def parked(request: Desk, number: int, message: int) -> HttpResponse:
    """Word a reply anew that waits for the citizen's answer, or drop it."""
    conversation = page.wanted(request, number)
    found = Message(pk=message, conversation=conversation)  # it may have left meanwhile, which is to be said
    text = "" if request.POST.get("verwerfen") else request.POST.get("text", "").strip()[:20_000]
    if not text and not request.POST.get("verwerfen"):
        return page.refused(request, [_("Schreiben Sie einen Text, oder verwerfen Sie die wartende Antwort.")])
    try:
        answering.change_parked(found, text, operator=request.operator)
    except ValidationError as problem:
        return page.refused(request, problem.messages)
    return page.bubble_piece(request, conversation, message)


@desk(Right.ANSWER)
@require_POST
def check(request: Desk, number: int) -> HttpResponse:
    """Count the letters and say what the messenger will change."""
    conversation = page.wanted(request, number)
    form = forms.ReplyForm(request.POST)
    form.is_valid()
    composer = composing.composer(conversation, request.operator, form.cleaned_data.get("adresse"))
    text = saved_answers.signed(form.cleaned_data.get("text") or "", composer.signature)
    choices = [Choice(id=title, title=title) for title in form.cleaned_data.get("auswahl", [])]
    notes = composing.notes(composer.address.channel, Content(text=text, choices=choices)) if composer.address and text else []
    spoken = [(note.level, page.spoken(note)) for note in notes]
    near = len(text) if not composer.limit or 2 * len(text) > composer.limit else 0  # how much room is left concerns only whoever fills it
    return render(request, "conversations/_notes.html", {"length": near, "limit": composer.limit, "notes": spoken})


@desk(Right.ANSWER)
def template(request: Desk, number: int) -> HttpResponse:
    """Draw the fields of a template (GET) or send it (POST), with a reply that waits for the citizen's answer."""
    conversation = page.wanted(request, number)
    given = request.POST if request.method == "POST" else request.GET
    composer = composing.composer(conversation, request.operator, page.number(given.get("adresse")) or None)
    if composer.address is None:
        raise Http404
    row = get_object_or_404(MessageTemplate, channel=composer.address.channel, pk=page.number(given.get("vorlage")), paused=False)
    values = {name: value.strip()[:1000] for name, value in request.POST.items() if isinstance(value, str) and "." in name}
    choice = composing.choice(row, values)
    if request.method != "POST":
        return render(request, "conversations/_template_fields.html", {"choice": choice})
    if empty := [field.label for field in choice.fields if not field.value]:
        return page.refused(request, [_("Füllen Sie „%(field)s“ aus.") % {"field": label} for label in empty])
    if conversation.operator_id not in {None, request.operator.pk}:
        return page.refused(request, [_("Jemand anderes hat diese Unterhaltung übernommen. Übernehmen Sie sie, um zu antworten.")])
    form = forms.ReplyForm(request.POST)
    form.is_valid()  # a template needs no text: only what the page knows of the thread is asked here
    page_knows = {name: form.cleaned_data.get(name) for name in ("einmal", "gesehen", "trotzdem", "entwurf")}
    try:
        _send_template(request, conversation, composer, composing.use(row, values), _desired(page_knows))
    except answering.News as news:
        return page.news(request, conversation, news.messages)
    except ValidationError as problem:
        return page.refused(request, problem.messages, anew=isinstance(problem, answering.Already))
    except outreach.Refused as refusal:
        return page.refused(request, page.sentences(refusal.reason))
    return page.field_piece(request, conversation, focus=True)


def _send_template(
    request: Desk, conversation: Conversation, composer: composing.Composer, content: Content, desired: answering.Desired
) -> None:
    text = saved_answers.signed(request.POST.get("text", "").strip()[:20_000], composer.signature)
    if text and not composer.open:
        answering.await_answer(
            conversation, Content(text=text), content, operator=request.operator, address=composer.address, desired=desired
        )  # fmt: skip
    else:
        answering.reply(conversation, content, operator=request.operator, address=composer.address, desired=desired)


@desk(Right.ANSWER)
@require_POST
def again(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    answering.try_again(get_object_or_404(Message, conversation=conversation, pk=message), operator=request.operator)
    return page.bubble_piece(request, conversation, message)


@desk(Right.ANSWER)
@require_POST
def settle(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    found = get_object_or_404(Message, conversation=conversation, pk=message)
    answering.settle(found, operator=request.operator, again=request.POST.get("erneut") == "ja")
    return page.bubble_piece(request, conversation, message)
