"""How one content arrives on every messenger there is, whether the organisation has it or not: samples, or a draft of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.rights import Right
from buergerdraht.broadcasts import content as contents
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.broadcasts.reading import NAMES
from buergerdraht.broadcasts.templatetags.broadcasts import SAMPLE
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Note, Shown
from buergerdraht.gateway import channels

MOST_DRAFTS = 30
FOOTER = "Abmelden: STOPP"
PICTURE = Media(
    id=SAMPLE, kind=MediaKind.IMAGE, mime="image/jpeg", size=180_000, file_name="rathausplatz.jpg", alt="Stände vor dem Rathaus"
)
MARKET = "Ab Donnerstag stehen die Stände auf dem **Rathausplatz**. Die Parkplätze dort sind von _6 bis 14 Uhr_ gesperrt."
SAMPLES = {
    "kurz": (
        gettext_lazy("Kurze Nachricht"),
        Content(title="Der Wochenmarkt zieht um", text=f"{MARKET} [Lageplan](https://musterstadt.example/markt)", footer=FOOTER),
    ),
    "lang": (
        gettext_lazy("Lange Nachricht"),
        Content(
            title="Das ändert sich bei der Abfuhr",
            text="\n\n".join(
                f"**Bezirk {number}:** Die Tonnen werden ab Januar am Dienstag geleert, das Altpapier alle vier Wochen. "
                "Stellen Sie die Tonnen bitte bis 6 Uhr an die Straße. Bei Schnee und Eis kann es später werden; "
                "nicht geleerte Tonnen holen wir am nächsten Werktag."
                for number in range(1, 25)
            ),
            footer=FOOTER,
        ),
    ),
    "bild": (
        gettext_lazy("Bild mit Knöpfen"),
        Content(
            title="Der Wochenmarkt zieht um",
            text=MARKET,
            media=(PICTURE,),
            choices=(
                Choice(id="ja", title="Ich komme"),
                Choice(id="nein", title="Ich komme nicht"),
                Choice(id="plan", title="Zum Lageplan", url="https://musterstadt.example/markt"),
            ),
            footer=FOOTER,
        ),
    ),
    "liste": (
        gettext_lazy("Liste mit zehn Einträgen"),
        Content(
            text="Worum geht es?",
            choices=tuple(
                Choice(id=f"c{number}", title=title)
                for number, title in enumerate(
                    ("Ausweis", "Meldebestätigung", "Kita", "Müll", "Straße", "Lärm", "Bauen", "Heiraten", "Fundsache", "Etwas anderes")
                )
            ),
            choices_label="Anliegen wählen",
        ),
    ),
    "ort": (
        gettext_lazy("Ort"),
        Content(
            text="Hier ist die Sammelstelle.",
            location=Location(latitude=51.5135, longitude=7.4653, name="Rathaus", address="Markt 1, 12345 Musterstadt"),
        ),
    ),
    "warnung": (
        gettext_lazy("Warnung"),
        Content(
            title="Warnung: Das Trinkwasser ist verunreinigt",
            text="Kochen Sie Wasser ab, bevor Sie es trinken. Es gilt für **Altstadt** und **Hafen**, bis wir entwarnen.\n\n"
            "Mehr unter https://musterstadt.example/wasser",
            urgent=True,
        ),
    ),
}


@dataclass(frozen=True)
class Exhibit:
    """A messenger on the wall: what its phone shows, and what had to change for it."""

    kind: str
    title: str
    bubbles: Sequence[Shown]
    notes: Sequence[tuple[str, str]]  # level and words
    public: bool
    length: int
    most: int
    post: int = 0

    @property
    def key(self) -> str:
        return self.kind


def exhibits(content: Content, kind: str = "") -> list[Exhibit]:
    """Plan a content for every messenger, or for one."""
    return [_exhibit(found.kind, content) for found in channels.kinds() if kind in {"", found.kind}]


def _exhibit(kind: str, content: Content) -> Exhibit:
    public = not channels.reaches_people(kind)
    said = in_public(content) if public else content
    plan = channels.plan_of(kind, said)
    limits = channels.limits_of(kind)
    most = limits.caption if said.media else limits.text
    notes = [(note.level, _spoken(note)) for note in plan.notes]
    length = len(said.title) + len(said.text)
    return Exhibit(kind, channels.title(kind), [part.shows for part in plan.parts], notes, public, length, most)


def in_public(content: Content) -> Content:
    """Leave out what makes no sense before everybody: the way out of a list, and answers."""
    return msgspec.structs.replace(content, footer="", choices=tuple(choice for choice in content.choices if choice.url))


def _spoken(note: Note) -> str:
    return _(note.text).format(**note.values)


def _drafts(organisation: Organisation) -> list[Broadcast]:
    states = [Broadcast.State.DRAFT, Broadcast.State.SUBMITTED, Broadcast.State.APPROVED]
    rows = Broadcast.objects.filter(organisation=organisation, state__in=states, archived_at=None).exclude(versions={})
    return list(rows.order_by("-updated_at", "-id")[:MOST_DRAFTS])


@require_safe
@desk(Right.READ)
def gallery(request: DeskRequest) -> HttpResponseBase:
    drafts = {f"entwurf-{row.pk}": row for row in _drafts(request.organisation)}
    wish, kind, language = (request.GET.get(name, "") for name in ("inhalt", "messenger", "sprache"))
    kinds = [(found.kind, found.title) for found in channels.kinds()]
    kind = kind if kind in dict(kinds) else ""
    language = language if language in request.organisation.languages else request.organisation.language
    if wish in drafts:
        content = contents.version(drafts[wish], language)
        spoken = contents.fallback(drafts[wish], language)
    else:
        wish = wish if wish in SAMPLES else "bild"
        content, spoken = SAMPLES[wish][1], "de"
    return render(request, "broadcasts/gallery.html", {
        "exhibits": exhibits(content, kind), "wish": wish, "kind": kind, "kinds": kinds, "language": spoken, "asked_language": language,
        "samples": [(key, title) for key, (title, _content) in SAMPLES.items()],
        "drafts": [(key, row.title or _("Ohne Titel")) for key, row in drafts.items()],
        "languages": [(code, NAMES.get(code, code)) for code in request.organisation.languages],
    })  # fmt: skip
