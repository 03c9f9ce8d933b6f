"""Law 16 for every messenger there is: whatever is to be said, nothing is lost or cut silently, and the provider's limits are kept.

A connector's own tests hold its calls against its provider's page. Here only what all share is asked: what the phone will show
(`Shown`), what the editor is told (`Note`), and what `Limits` say.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Choice, Connector, Content, Location, Media, MediaKind, Note, Part, Plan, Shown, encode
from buergerdraht.connectors.http import Http

KINDS = sorted(registry.CONNECTORS)

# How long a text is for its provider, where it does not count letters. Written down a second time on purpose.
_URL = re.compile(r"https?://[^\s<>\"]+")
COUNTS: dict[str, Callable[[str], int]] = {
    "telegram": lambda words: len(words.encode("utf-16-le")) // 2,
    "telegram_channel": lambda words: len(words.encode("utf-16-le")) // 2,
    "signal": lambda words: len(words.encode()),
    "threema": lambda words: len(words.encode()),
    "instagram": lambda words: len(words.encode()),
    "mastodon": lambda words: len(_URL.sub("x" * 23, words)),
    "webpush": lambda words: len(words.encode()) * 3000 // 3990,  # the bytes of a notification, of which some are not text
}
ATTACHED = {"email"}  # takes a file of any type, and shows some of them
QUICK_REPLIES = {"messenger": 13, "instagram": 13}  # beside the buttons of `Limits`, for answers only

# ── What is to be said ────────────────────────────────────────────────────

_SIGNS = "abcdeäöüßİ 😀👩‍👩‍👧 \n.,!*_~`[]()<>&\"'\\-#@שلم1234"
WORDS = st.text(alphabet=st.sampled_from(_SIGNS), max_size=300)
LINE = st.text(alphabet=st.sampled_from("abcäß 😀.&<*_ש"), max_size=70)
LONG = st.builds(
    lambda word, count: f"{word} " * count,
    st.sampled_from(["Wort", "Straße.\n\n", "😀", "[Stadt](https://stadt.example/a)"]),
    st.integers(1, 1200),
)
URL = st.sampled_from(["https://stadt.example", "https://stadt.example/" + "weg/" * 30, "http://stadt.example/?a=1&b=2"])
TYPES = {
    MediaKind.IMAGE: ["image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml"],
    MediaKind.VIDEO: ["video/mp4", "video/webm"],
    MediaKind.AUDIO: ["audio/mpeg", "audio/ogg", "audio/aac"],
    MediaKind.VOICE: ["audio/ogg", "audio/mp4"],
    MediaKind.DOCUMENT: ["application/pdf", "text/plain", "application/zip"],
    MediaKind.STICKER: ["image/webp", "image/png"],
}


@st.composite
def media(draw: st.DrawFn) -> Sequence[Media]:
    kinds = draw(st.lists(st.sampled_from(list(MediaKind)), max_size=6))
    return tuple(
        Media(
            id=f"00000000-0000-4000-8000-00000000000{number}",
            kind=kind,
            mime=draw(st.sampled_from(TYPES[kind])),
            size=draw(st.sampled_from([10, 400_000, 3_000_000, 12_000_000, 60_000_000, 120_000_000])),
            file_name=draw(st.sampled_from(["", f"datei-{number}.bin"])),
            alt=draw(st.sampled_from(["", "Stände vor dem Rathaus"])),
        )
        for number, kind in enumerate(kinds)
    )


@st.composite
def choices(draw: st.DrawFn) -> Sequence[Choice]:
    titles = draw(st.lists(st.text("xyzäß😀 ", min_size=1, max_size=60).filter(str.strip), max_size=14))
    links = draw(st.sampled_from(["none", "all", "some"]))
    return tuple(
        Choice(
            id=f"c{number}",
            title=title,
            description=draw(st.one_of(st.just(""), st.text("uvw ", min_size=1, max_size=90))),
            url=draw(URL) if links == "all" or (links == "some" and number % 2) else "",
        )
        for number, title in enumerate(titles)
    )


PLACES = st.one_of(
    st.none(),
    st.builds(
        Location,
        latitude=st.sampled_from([51.5135, -33.0, 0.0]),
        longitude=st.sampled_from([7.4653, 151.25]),
        name=st.sampled_from(["", "Rathaus"]),
        address=st.sampled_from(["", "Markt 1, 12345 Musterstadt"]),
    ),
)
CONTENTS = st.builds(
    Content,
    title=LINE,
    text=st.one_of(WORDS, WORDS, LONG),
    media=media(),
    choices=choices(),
    choices_label=st.sampled_from(["", "Auswahl"]),
    location=PLACES,
    footer=st.sampled_from(["", "Abmelden: STOPP"]),
    preview_link=st.booleans(),
    urgent=st.booleans(),
)
NEWS = Content(title="Der Markt zieht um", text="Ab **Donnerstag** am [Rathaus](https://stadt.example).", footer="Abmelden: STOPP")

# ── What was made of it ───────────────────────────────────────────────────


def connector(kind: str) -> Connector:
    """Build one as the previews do: without an account."""
    found = registry.connector_class(kind)
    return found(found.Config.model_construct(), Http())


def bare(words: str) -> str:
    return re.sub(r"\s", "", words)


def read(shown: Shown) -> str:
    """The words of a bubble as somebody reads them."""
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>|</p>|</li>", "\n", shown.html)))


def words_of(part: Part) -> Iterator[str]:
    """Everything a bubble says, addresses behind its links, too."""
    shown = part.shows
    yield shown.header
    yield read(shown)
    yield from (html.unescape(found) for found in re.findall(r'href="([^"]*)"', shown.html))
    yield shown.footer
    yield shown.list_label
    for button in shown.buttons:
        yield from (button.title, button.description, button.url)
    for one in shown.media:
        yield from (one.file_name, one.alt)
    if shown.location is not None:
        yield from (shown.location.name, shown.location.address)


def said(plan: Plan) -> str:
    return bare("".join(word for part in plan.parts for word in words_of(part)))


def wanted(content: Content) -> Iterator[str]:
    """Every word that must not get lost."""
    for run in (*md.read(content.title), *md.read(content.text)):
        yield from run.text.split()
    yield from (run.url for run in md.read(content.text) if run.url)
    yield from content.footer.split()
    for choice in content.choices:
        yield from (*choice.title.split(), *choice.description.split(), choice.url)


def told(plan: Plan, *levels: str) -> list[Note]:
    return [note for note in plan.notes if not levels or note.level in levels]


def refused(plan: Plan) -> bool:
    """The editor is told that it cannot be sent so."""
    return bool(told(plan, "error"))


def planning_is_pure_and_the_same_every_time(found: Connector, content: Content, plan: Plan) -> None:
    assert encode(connector(found.kind).plan(content)) == encode(plan)
    msgspec.json.decode(encode(plan))
    for note in plan.notes:
        note.text.format(**note.values)  # every place in the words has its value


def there_is_something_to_send_or_a_reason_why_not(found: Connector, content: Content, plan: Plan) -> None:
    empty = not (said(plan) or any(part.shows.media or part.shows.location for part in plan.parts))
    assert refused(plan) or (plan.parts and not empty)


def no_word_is_lost_unless_a_note_says_so(found: Connector, content: Content, plan: Plan) -> None:
    shown = said(plan)
    lost = [word for word in wanted(content) if bare(word) not in shown]
    assert not lost or told(plan, "warning", "error"), lost[:5]


def words_keep_their_order(found: Connector, content: Content, plan: Plan) -> None:
    """Addresses may stand between them, where a messenger has no links."""
    if told(plan, "warning", "error"):
        return
    shown, at = said(plan), 0
    for run in md.read(content.text):
        for word in run.text.split():
            at = shown.find(bare(word), at)
            assert at >= 0, word
            at += len(bare(word))


def no_file_and_no_place_is_lost_unless_a_note_says_so(found: Connector, content: Content, plan: Plan) -> None:
    sent = [one.id for part in plan.parts for one in part.shows.media]
    assert sent == [one.id for one in content.media if one.id in sent]  # in order, and none twice
    lost = [one for one in content.media if one.id not in sent]
    assert not lost or told(plan, "warning", "error"), [(one.kind, one.mime, one.size) for one in lost]
    if content.location is not None and not any(part.shows.location for part in plan.parts):
        name = content.location.name or content.location.address or str(content.location.latitude)
        assert bare(name) in said(plan) or told(plan, "warning", "error")


def what_is_shown_is_what_is_sent(found: Connector, content: Content, plan: Plan) -> None:
    for part in plan.parts:
        assert {one.id for one in part.media} <= {one.id for one in part.shows.media}


def what_had_to_change_is_told(found: Connector, content: Content, plan: Plan) -> None:
    buttons = {button.title for part in plan.parts for button in part.shows.buttons}
    if any(choice.title.strip() not in {title.strip() for title in buttons} for choice in content.choices):
        assert plan.notes
    kinds = {one.id: one.kind for part in plan.parts for one in part.media}
    if any(kinds.get(one.id, one.kind) != one.kind for one in content.media):
        assert plan.notes
    if sum(part.shows.kind == "text" for part in plan.parts) > 1:
        assert plan.notes


def texts_keep_their_length(found: Connector, content: Content, plan: Plan) -> None:
    limits = found.limits
    if refused(plan):
        return
    size = COUNTS.get(found.kind, len)
    for part in plan.parts:
        most = limits.caption if part.media and limits.caption else limits.text
        assert size(read(part.shows)) <= max(most, limits.text if not part.media else 0)


def buttons_are_no_more_and_no_longer_than_allowed(found: Connector, content: Content, plan: Plan) -> None:
    limits = found.limits
    if refused(plan):
        return
    for part in plan.parts:
        shown = part.shows
        rows = bool(shown.list_label)
        answers = not any(button.url for button in shown.buttons)
        most = limits.list_rows if rows else max(limits.buttons, QUICK_REPLIES.get(found.kind, 0) if answers else 0)
        longest = limits.list_title if rows else limits.button_title
        assert len(shown.buttons) <= most
        assert all(0 < len(button.title.strip()) <= longest for button in shown.buttons)


def files_are_of_kinds_and_sizes_the_provider_takes(found: Connector, content: Content, plan: Plan) -> None:
    limits = found.limits
    if refused(plan):
        return
    for part in plan.parts:
        for one in part.media:
            types = limits.mimes.get(one.kind.value, ())
            assert one.kind.value in limits.media
            assert one.size <= limits.media[one.kind.value]
            assert found.kind in ATTACHED or not types or "*/*" in types or one.mime.split(";")[0] in types


LAWS = (
    planning_is_pure_and_the_same_every_time,
    there_is_something_to_send_or_a_reason_why_not,
    no_word_is_lost_unless_a_note_says_so,
    words_keep_their_order,
    no_file_and_no_place_is_lost_unless_a_note_says_so,
    what_is_shown_is_what_is_sent,
    what_had_to_change_is_told,
    texts_keep_their_length,
    buttons_are_no_more_and_no_longer_than_allowed,
    files_are_of_kinds_and_sizes_the_provider_takes,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(content=CONTENTS)
@example(content=NEWS)
def test_every_messenger_keeps_the_laws_of_planning(kind: str, content: Content) -> None:
    found, before = connector(kind), encode(content)
    plan = found.plan(content)
    assert encode(content) == before
    for law in LAWS:
        law(found, content, plan)
