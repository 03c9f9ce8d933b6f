"""The page of one case, its verbs, and its paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts import audit, vault
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import actions, basemap, blocks, case_forms, casework, delegating, ground, printing, todo
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.case_forms import CaseForm, proposed
from buergerdraht.cases.models import Case, Delegation, Task

LINK = "new_delegation_link"  # in the session, sealed, until it was shown


@require_safe
@desk(Right.READ)
def detail(request: DeskRequest, number: str) -> HttpResponse:
    case = casework.found(request, number)
    bound: Sequence[CaseForm] = ()
    if request.may(Right.ANSWER) and request.GET.get("stand") in Case.State.values:
        bound = [case_forms.MoveForm(case, request.membership, initial={"state": request.GET["stand"]})]
    return page(request, case, bound)


def page(request: DeskRequest, case: Case, bound: Sequence[CaseForm] = (), status: int = 200, **more: Any) -> HttpResponse:
    """Draw the page; forms that were sent stand there as they were sent."""
    context = casework.context(request, case, bound) | more
    forms = context["forms"]
    if forms:
        move = forms["move"]
        state = str(move["state"].value())
        state = state if state in move.states() else next(iter(move.states()), "")
        context["said_move"] = casework.spoken(case, state, str(move["words"].value() or "")) if state else []
        context["said_answer"] = casework.spoken(case, "answered", str(forms["answer"]["words"].value() or "…"))
        context["previewed"] = casework.previewed(case, forms["release"])
        context["open"] = next((form.name for form in bound if form.is_bound), "")
    context["blocks"] = blocks.drawn(request, case)
    if request.headers.get("HX-Request"):  # the open page fetches itself anew; what is shown once is not taken from the next one
        return render(request, "cases/_case_live.html", context, status=status)
    sealed = request.session.pop(f"{LINK}-{case.pk}", "")
    context["link"] = vault.decrypt(bytes.fromhex(sealed)) if sealed else ""
    response = render(request, "cases/case.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return basemap.open_for(response, ground.of(case.organisation))  # also without a map: the place may come while the page is open


# ── Verbs ─────────────────────────────────────────────────────────────────


class Verb(NamedTuple):
    """A form, what it does, what is said afterwards, and where on the page one is then."""

    form: type[CaseForm] | None
    run: Callable[[DeskRequest, Case, Any], object]
    said: str
    place: str


def _move(request: DeskRequest, case: Case, form: Any) -> None:
    given = form.cleaned_data
    actions.move(case, given["state"], operator=request.operator, words=given["words"].strip(), tell=not given["silent"])


def _assign(request: DeskRequest, case: Case, form: Any) -> None:
    actions.assign(case, form.cleaned_data["operator"], by=request.operator)


def _hand(request: DeskRequest, case: Case, form: Any) -> None:
    actions.hand_on(case, form.cleaned_data["team"], operator=request.operator, text=form.cleaned_data["text"].strip())


def _delegate(request: DeskRequest, case: Case, form: Any) -> None:
    given = form.cleaned_data
    task = delegating.Task(given["firm"], given["words"], given["until"], closes=given["closes"])
    made, link = delegating.delegate(case, task, operator=request.operator)
    request.session[f"{LINK}-{case.pk}"] = vault.encrypt(link).hex()
    if given.get("mail") and given["firm"].email:
        _mailed(request, made, link)


def _mailed(request: DeskRequest, made: Delegation, link: str) -> None:
    if delegating.mail(made, link):
        messages.success(request, _("Der Link ist per E-Mail an die Firma unterwegs."))
    else:
        messages.warning(request, _("Die E-Mail ging nicht hinaus. Bitte schicken Sie den Link selbst."))


VERBS: dict[str, Verb] = {
    "stand": Verb(case_forms.MoveForm, _move, gettext_noop("Der Stand ist geändert."), "stand"),
    "antwort": Verb(
        case_forms.AnswerForm, lambda request, case, form: actions.answer(case, form.cleaned_data["words"], operator=request.operator),
        gettext_noop("Die Antwort ist unterwegs."), "antworten",
    ),
    "notiz": Verb(
        case_forms.NoteForm, lambda request, case, form: actions.note(case, form.cleaned_data["text"], operator=request.operator),
        gettext_noop("Die Notiz ist gespeichert. Sie bleibt im Haus."), "verlauf",
    ),
    "annehmen": Verb(
        None, lambda request, case, form: actions.accept(case, operator=request.operator), gettext_noop("Angenommen."), "zustaendig"
    ),
    "weitergeben": Verb(case_forms.HandForm, _hand, gettext_noop("Weitergegeben. Das Team muss es noch annehmen."), "zustaendig"),
    "zuweisen": Verb(case_forms.AssignForm, _assign, gettext_noop("Zugewiesen."), "zustaendig"),
    "prioritaet": Verb(
        case_forms.RankForm, lambda request, case, form: actions.rank(case, form.cleaned_data["priority"], operator=request.operator),
        gettext_noop("Die Priorität ist geändert."), "zustaendig",
    ),
    "frist": Verb(
        case_forms.DueForm, lambda request, case, form: actions.promise(case, form.cleaned_data["day"], operator=request.operator),
        gettext_noop("Die Frist ist geändert."), "zustaendig",
    ),
    "doppelt": Verb(
        case_forms.DoubleForm, lambda request, case, form: actions.double(case, form.other, operator=request.operator),
        gettext_noop("Als doppelt vermerkt. Wer folgte, folgt jetzt dem anderen Anliegen."), "doppelt",
    ),
    "oeffentlich": Verb(
        case_forms.ReleaseForm,
        lambda request, case, form: actions.release(case, form.cleaned_data["text"], form.numbers(), operator=request.operator),
        gettext_noop("Das Anliegen ist jetzt öffentlich."), "oeffentlich",
    ),
    "verbergen": Verb(
        None, lambda request, case, form: actions.hide(case, operator=request.operator),
        gettext_noop("Nicht mehr öffentlich."), "oeffentlich",
    ),
    "aufgabe": Verb(
        case_forms.TaskForm, lambda request, case, form: todo.add(case, form.cleaned_data["text"], operator=request.operator),
        gettext_noop("Aufgabe hinzugefügt."), "aufgaben",
    ),
    "beauftragen": Verb(case_forms.DelegateForm, _delegate, gettext_noop("Beauftragt."), "auftrag"),
}  # fmt: skip


@require_POST
@desk(Right.ANSWER)
def act(request: DeskRequest, number: str, verb: str) -> HttpResponse:
    """Do what a form of the page wishes; where it cannot be done the page says why, in its place, with all that was typed."""
    case = casework.found(request, number)
    if verb not in VERBS or case.emptied:
        raise Http404
    wish = VERBS[verb]
    form = wish.form(case, request.membership, request.POST) if wish.form else None
    if form is None or form.is_valid():
        try:
            wish.run(request, case, form)
        except NotNow as refused:
            if form is None:
                messages.error(request, str(refused))
                return back(request, case, wish.place)
            form.add_error(None, str(refused))
        else:
            messages.success(request, _(wish.said))
            return back(request, case, wish.place)
    assert form is not None
    return page(request, case, [form], status=422)


@require_POST
@desk(Right.ANSWER)
def preview(request: DeskRequest, number: str, verb: str) -> HttpResponse:
    """Show what would be said or shown, before it is: a piece for the page, or the whole page where there is no script."""
    case = casework.found(request, number)
    if verb not in {"stand", "antwort", "oeffentlich"}:
        raise Http404
    form: Any = VERBS[verb].form(case, request.membership, proposed(case, request.POST))  # type: ignore[misc]
    if not request.headers.get("HX-Request"):
        form.is_valid()
        form.errors.clear()
        return page(request, case, [form])
    if verb == "oeffentlich":
        return render(request, "cases/_case_public.html", {"previewed": casework.previewed(case, form)})
    state = str(form["state"].value() or "") if verb == "stand" else "answered"
    if verb == "stand" and state not in form.states():
        raise Http404
    said = casework.spoken(case, state, str(form["words"].value() or ("" if verb == "stand" else "…")))
    return render(request, "cases/_case_said.html", {"said": said, "silent": verb == "stand" and bool(form["silent"].value())})


@require_POST
@desk(Right.ANSWER)
def tick(request: DeskRequest, number: str, task: int, verb: str) -> HttpResponse:
    """Tick something to do, or take the tick back."""
    case = casework.found(request, number)
    row = get_object_or_404(Task, case=case, pk=task)
    acts = {"erledigt": todo.done, "offen": todo.undone}
    if verb not in acts:
        raise Http404
    acts[verb](row, operator=request.operator)
    return back(request, case, "aufgaben")


def back(request: DeskRequest, case: Case, place: str) -> HttpResponse:
    response = redirect(reverse("cases:case", args=[request.organisation.slug, case.number]))
    response["Location"] += f"#{place}"
    return response


# ── For the file ──────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def printed(request: DeskRequest, number: str) -> HttpResponse:
    """All that is known of a case, to be printed."""
    case = casework.found(request, number)
    audit.record(request.organisation, "cases.print", operator=request.operator, subject=f"case:{case.pk}", form="page")
    return render(request, "cases/print.html", {"paper": printing.paper(case, request), "case": case})


@require_safe
@desk(Right.READ)
def pdf(request: DeskRequest, number: str) -> HttpResponse:
    """The same as a PDF."""
    case = casework.found(request, number)
    audit.record(request.organisation, "cases.print", operator=request.operator, subject=f"case:{case.pk}", form="pdf")
    response = HttpResponse(printing.pdf(printing.paper(case, request)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="anliegen-{case.number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response
