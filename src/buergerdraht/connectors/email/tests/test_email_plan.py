"""What becomes of a content as a mail: every word in both forms, limits written down a second time, read again by the library."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, TemplateUse
from buergerdraht.connectors.email.connector import Email
from buergerdraht.connectors.email.plan import plan, subject
from buergerdraht.connectors.email.writing import Envelope, File, Thread, clean, write
from buergerdraht.connectors.http import Http

PNG = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=4, file_name="platz.png", alt="Der „Platz“ & mehr")
PDF = Media(id="m2", kind=MediaKind.DOCUMENT, mime="application/pdf", size=4, file_name="Plan Süd.pdf")
VOICE = Media(id="m3", kind=MediaKind.VOICE, mime="audio/ogg; codecs=opus", size=4)
ENVELOPE = Envelope(
    own="buerger@stadt.example", name="Stadt Müsterstadt", to="zoe@buerger.example", message_id="<12.0.aa@stadt.example>",
    home="https://amt.stadt.example/webhook/email/" + "t" * 60, sealed="s" * 150,
)  # fmt: skip
NO_THREAD = Thread()
THREAD = Thread("<m1@buerger.example>", tuple(f"<m{number}@{'buerger' * 8}.example>" for number in range(15)), "Frage zum Müll", True)

TAGS = frozenset({"html", "head", "meta", "title", "body", "div", "h1", "p", "br", "hr", "img", "a"})
TAGS |= {"strong", "em", "s", "code", "ul", "ol", "li"}
TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=200) | st.sampled_from(
    ["**fett** _schräg_", "[Stadt](https://stadt.example)", "- eins\n- zwei\n\nEnde", "Zeile\nZeile", "مرحبا", "\u0000\u0001", "ä" * 900]
)
WORD = TEXT.map(lambda text: " ".join(text.split())[:60]).filter(bool)
CHOICES = st.lists(
    st.builds(Choice, id=WORD, title=WORD, description=WORD | st.just(""), url=st.just("") | st.just("https://stadt.example/x?a=1&b=2")),
    max_size=12,
)
CONTENTS = st.builds(
    Content,
    title=TEXT | st.just(""),
    text=TEXT,
    choices=CHOICES.map(tuple),
    media=st.lists(st.sampled_from([PNG, PDF, VOICE]), max_size=3, unique_by=lambda media: media.id).map(tuple),
    footer=st.sampled_from(["", "Abmelden: STOPP", "لإلغاء الاشتراك: STOP", "Ende"]),
    quote=st.sampled_from(["", "<m1@buerger.example>"]),
    location=st.none() | st.just(Location(latitude=51.1, longitude=10.4, name="Rathaus")),
)


def mailed(content: Content, thread: Thread = NO_THREAD, **more: Any) -> tuple[bytes, EmailMessage]:
    part = plan(content).parts[0]
    raw = write(part.body, ENVELOPE._replace(thread=thread, **more), [File(media, b"\x89PNG") for media in part.media])
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return raw, mail


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words, self.hrefs, self.alts, self.tags = "", [], [], set[str]()  # type: ignore[var-annotated]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        self.hrefs += [values["href"]] if "href" in values else []
        self.alts += [values.get("alt")] if tag == "img" else []

    def handle_data(self, data: str) -> None:
        self.words += data


def bare(text: str) -> str:
    return re.sub(r"[\s•]", "", clean(text))


@settings(max_examples=150, deadline=None)
@given(CONTENTS, st.sampled_from([Thread(), THREAD]))
def test_every_mail_is_sound_and_no_word_is_lost(content: Content, thread: Thread) -> None:
    planned = plan(content)
    if not planned.parts:
        assert {note.level for note in planned.notes} >= {"error"}
        return
    raw, mail = mailed(content, thread)
    assert not [part.defects for part in mail.walk() if part.defects]
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in raw.split(b"\r\n"))
    assert raw.partition(b"\r\n\r\n")[0].isascii()
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert len(mail.get_all(name, [])) == 1
    assert str(mail["From"]) == "Stadt Müsterstadt <buerger@stadt.example>"
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    shown, drawn = bare(text.get_content()), Page(page.get_content())
    for wanted in (content.title, content.text):
        words = bare(md.joined(md.strip(md.read(wanted))))
        assert words in bare(drawn.words)
    for choice in content.choices:
        for wanted in (choice.title, choice.description):
            assert bare(wanted) in bare(drawn.words)
            assert bare(wanted) in shown
        assert not choice.url or choice.url in drawn.hrefs
    assert drawn.tags <= TAGS
    files = [part.get_filename() for part in mail.walk() if part.get_filename()]
    assert len(files) == len(content.media)
    assert bool(mail["List-Unsubscribe"]) == bool(content.footer)


def test_the_way_out_is_whole_however_long_it_is() -> None:
    raw, mail = mailed(Content(title="Neues", text="x", footer="Abmelden: STOPP"))
    web, post = str(mail["List-Unsubscribe"]).split(", ")
    assert web == f"<{ENVELOPE.home}/abmelden/{ENVELOPE.sealed}>"
    assert post == f"<mailto:buerger@stadt.example?subject=abmelden%20{ENVELOPE.sealed}>"
    assert str(mail["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert web.encode() in raw.replace(b"\r\n", b"")
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")


def test_without_an_address_of_our_own_the_way_out_is_a_mail() -> None:
    _raw, mail = mailed(Content(title="Neues", text="x", footer="Abmelden: STOPP"), home="")
    assert str(mail["List-Unsubscribe"]).startswith("<mailto:")
    assert mail["List-Unsubscribe-Post"] is None


def test_the_footer_becomes_a_link_in_its_own_language() -> None:
    _raw, mail = mailed(Content(title="News", text="x", footer="Unsubscribe: STOP"))
    page = mail.get_body(("html",))
    assert page is not None
    assert re.search(r'<a href="https://[^"]+/abmelden/s+">Unsubscribe</a>', page.get_content())


def test_an_answer_is_in_its_thread_and_a_newsletter_in_none() -> None:
    _raw, mail = mailed(Content(text="Morgen."), THREAD)
    assert str(mail["In-Reply-To"]) == "<m1@buerger.example>"
    assert str(mail["References"]).split()[-1] == "<m1@buerger.example>"
    assert len(str(mail["References"]).split()) == 11
    assert str(mail["Subject"]) == "Re: Frage zum Müll"
    _raw, news = mailed(Content(title="Neues", text="x", footer="Abmelden: STOPP"), THREAD)
    assert (news["In-Reply-To"], str(news["Subject"])) == (None, "Neues")


def test_nobody_has_us_carry_their_words_to_somebody_else_by_a_forged_sender() -> None:
    forged = THREAD._replace(subject="Gewinn: https://betrug.example", proven=False)
    raw, mail = mailed(Content(text="Danke, wir melden uns."), forged)
    assert str(mail["Subject"]) == "Danke, wir melden uns."
    assert b"betrug" not in raw
    assert str(mail["In-Reply-To"]) == "<m1@buerger.example>"  # it still stands below what it answers
    _raw, mail = mailed(Content(text="Guten Tag", by_person=True), forged)
    assert str(mail["Subject"]) == "Re: Gewinn: https://betrug.example"  # a person read it first


def test_a_choice_opens_a_mail_that_is_ready_and_names_our_letter() -> None:
    _raw, mail = mailed(Content(text="Ja?", choices=(Choice(id="y", title="Ja & gern"), Choice(id="n", title="Nein"))))
    page, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert text is not None
    link = urlsplit(Page(page.get_content()).hrefs[0])
    assert (link.scheme, link.path) == ("mailto", "buerger@stadt.example")
    assert parse_qs(link.query) == {"subject": ["Ja & gern [12.0.aa]"], "body": ["Ja & gern"]}
    assert "1. Ja & gern\n2. Nein" in text.get_content().replace("\r\n", "\n")


def test_a_picture_has_its_description_and_a_file_its_name() -> None:
    _raw, mail = mailed(Content(text="Da", media=(PNG, PDF, VOICE)))
    page = mail.get_body(("html",))
    assert page is not None
    assert Page(page.get_content()).alts == ["Der „Platz“ & mehr"]
    assert sorted(part.get_filename() or "" for part in mail.iter_attachments()) == ["Plan Süd.pdf", "sprachnachricht"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert "[Der „Platz“ & mehr]" in text.get_content()


def test_a_person_is_no_machine_and_a_warning_says_that_it_is_one() -> None:
    _raw, answer = mailed(Content(text="Morgen.", by_person=True, language="de"), THREAD)
    assert answer["Auto-Submitted"] is None
    page = answer.get_body(("html",))
    assert page is not None
    assert '<html lang="de">' in page.get_content()
    _raw, warning = mailed(Content(title="Sturm", text="x", urgent=True, language='de"><script>'))
    assert (warning["Auto-Submitted"], warning["Importance"]) == ("auto-generated", "high")
    page = warning.get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()


def test_nobody_puts_a_header_in() -> None:
    _raw, mail = mailed(Content(title="Neues\r\nBcc: x@y.example", text="x"), name="Amt\r\nBcc: x@y.example")
    assert mail["Bcc"] is None
    assert str(mail["Subject"]) == "Neues Bcc: x@y.example"


def some(count: int, **more: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"Wahl {number}", **more) for number in range(count))


LARGE = Media(id="m9", kind=MediaKind.VIDEO, mime="video/mp4", size=6_000_000)


@pytest.mark.parametrize(
    ("content", "parts", "notes"),
    [
        (Content(text="Hallo"), 1, []),
        (Content(text="Wort " * 9000), 1, []),
        (Content(text="Was?", choices=some(3)), 1, ["choices_as_links"]),
        (Content(text="Was?", choices=some(3, url="https://stadt.example")), 1, []),
        (Content(title="Wort " * 40, text="x"), 1, ["long_subject"]),
        (Content(text="x", media=(LARGE, LARGE)), 1, ["media_size"]),
        (Content(text="x", template=TemplateUse(name="a", language="de")), 1, ["no_templates"]),
        (Content(reaction="👍", quote="<m1@buerger.example>"), 0, ["no_reactions"]),
        (Content(), 0, ["empty"]),
    ],
)
def test_a_content_is_one_mail_and_says_what_changes(content: Content, parts: int, notes: list[str]) -> None:
    planned = plan(content)
    assert len(planned.parts) == parts
    assert [note.code for note in planned.notes] == notes


def test_a_preview_needs_no_account() -> None:
    connector = Email(Email.Config.model_construct(), Http())
    part = connector.plan(Content(title="Titel", text="**fett**", footer="Abmelden: STOPP")).parts[0]
    assert (part.shows.header, part.shows.footer) == ("Betreff: Titel", "Abmelden: STOPP")
    assert connector.link("thema", "") == ""


def test_without_a_title_the_first_line_is_the_subject() -> None:
    assert subject(Content(text="**Die Woche in der Stadt**\n\n- Der Markt zieht um\n- Das Bad öffnet")) == "Die Woche in der Stadt"
    assert subject(Content(text="Wort " * 40)) == f"{'Wort ' * 13}Wort …"
    assert subject(Content(title="Markt", text="zieht um")) == "Markt"
