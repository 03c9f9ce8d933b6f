"""A case by mail to an office, and the office's reply into the citizen's chat, over real SMTP and IMAP."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.bridges import actions, letters, listening, sending
from buergerdraht.bridges.kinds import mail, replies
from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.bridges.models import Bridge, Parcel, Passage
from buergerdraht.bridges.tests.conftest import covered, heard, picture, report
from buergerdraht.bridges.tests.postoffice import Mail, Post
from buergerdraht.cases import actions as cases
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import files

YARD = "bauhof@amt.example"


@pytest.fixture
def post(settings: LazySettings) -> Iterator[Post]:
    office = Post()
    settings.CALL_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", office.smtp_port, False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield office
    office.stop()


@pytest.fixture
def bridge(town: Organisation, post: Post, berta: Operator) -> Bridge:
    return mail_bridge(town, post, berta)


def mail_bridge(town: Organisation, post: Post, operator: Operator, name: str = "Bauhof", **fields: Any) -> Bridge:
    config = {
        "to": YARD, "own": "anliegen@musterstadt.example", "also": "@bauhof.example", "host": "127.0.0.1", "port": post.imap_port,
        "name": "anliegen", "password": "geheim", "folder": "INBOX", "tls": False,
    } | fields.pop("config", {})  # fmt: skip
    return actions.add(town, "mail", actions.Setup(name, config, **fields), operator=operator)


@pytest.fixture
def case(hole: Category, bridge: Bridge, berta: Operator, vera: Address) -> Case:
    made = report(hole, text="Tiefes Loch", place="Marktstraße 12", contact=vera.contact, address=vera)
    actions.hand_over(made, bridge, operator=berta)
    return made


def go(bridge: Bridge) -> int:
    return sending.go(bridge.pk, timezone.now())


def sent(post: Post, number: int = -1) -> EmailMessage:
    found = message_from_bytes(post.sent[number][2], policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def reply(post: Post, text: str, *, sender: str = YARD, to: str = "", html: bool = False, **headers: str) -> EmailMessage:
    """Answer the first mail as somebody's mail program does, into our mailbox."""
    asked = sent(post, 0)
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = f"Bauhof <{sender}>", to or str(asked["Reply-To"]), f"AW: {asked['Subject']}"
    answer["Message-ID"] = f"<{len(post.box)}.{abs(hash(text))}@amt.example>"
    for name, value in headers.items():
        answer[name.replace("_", "-")] = value
    answer.set_content(text, subtype="html" if html else "plain")
    post.box.append(Mail(answer.as_bytes()))
    return answer


def test_a_reply_to_the_mail_lands_in_the_chat_once(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    assert go(bridge) == 1
    sender, receivers, _data = post.sent[0]
    asked = sent(post)
    text = asked.get_content()
    assert receivers == [YARD]
    assert sender == asked["Reply-To"]
    assert sender.startswith("anliegen+")
    assert case.number in asked["Subject"]
    assert "Tiefes Loch" in text
    assert "Vera" not in post.sent[0][2].decode()
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    reply(post, f"Wir kommen morgen früh.\n\nAm 29.11.2026 schrieb Bürgerdraht <{sender}>:\n{quoted}\n")
    listening.ask(bridge.pk)
    post.box[0].flags.clear()  # as if we had died before it was marked
    listening.ask(bridge.pk)
    said = heard(vera)
    assert said.count("Wir kommen morgen früh.") == 1
    assert "schrieb" not in said
    assert post.box[0].flags == {"\\SEEN"}
    assert case.entries.get(what="answered").operator.name == "Bauhof"


def test_words_at_the_beginning_say_what_a_reply_is(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    go(bridge)
    reply(post, "#intern\nDer Bauleiter ist krank.")
    listening.ask(bridge.pk)
    assert case.entries.get(what="note").text == "Der Bauleiter ist krank."
    assert heard(vera) == ""
    reply(post, "#erledigt Das Loch ist zu.")
    listening.ask(bridge.pk)
    case.refresh_from_db()
    assert case.state == Case.State.DONE
    assert "Das Loch ist zu." in heard(vera)


def test_by_the_setting_replies_stay_notes_for_a_person(
    town: Organisation, post: Post, hole: Category, berta: Operator, vera: Address
) -> None:
    bridge = mail_bridge(town, post, berta, answers=False)
    made = report(hole, text="Loch", contact=vera.contact, address=vera)
    actions.hand_over(made, bridge, operator=berta)
    go(bridge)
    reply(post, "Erst nächste Woche.")
    listening.ask(bridge.pk)
    assert made.entries.get(what="note").text == "Erst nächste Woche."
    assert heard(vera) == ""


def test_a_stranger_with_the_address_is_a_note_with_a_warning(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    go(bridge)
    reply(post, "#erledigt Zahlen Sie auf dieses Konto.", sender="boese@fremd.example")
    listening.ask(bridge.pk)
    note = case.entries.get(what="note").text
    assert note.startswith("Achtung")
    assert "boese@fremd.example" in note
    case.refresh_from_db()
    assert case.state == Case.State.RECEIVED
    assert heard(vera) == ""


def test_who_is_named_beside_the_office_may_answer(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    go(bridge)
    reply(post, "Bin dran.", sender="rita@bauhof.example")
    listening.ask(bridge.pk)
    assert "Bin dran." in heard(vera)


def test_without_the_mark_a_mail_is_nobodys_and_stays_flagged(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    go(bridge)
    parcel = Parcel.objects.get()
    for to in (f"anliegen+{parcel.pk}-{'0' * 32}@musterstadt.example", "anliegen@musterstadt.example", "anliegen+@musterstadt.example",
               f"anliegen+{'9' * 30}-x@musterstadt.example", f"andere+{letters.mark(parcel)}@fremd.example"):  # fmt: skip
        reply(post, "Hallo", to=to)
    listening.ask(bridge.pk)
    assert all(each.flags == {"\\SEEN", "\\FLAGGED"} for each in post.box)
    assert heard(vera) == ""
    assert not case.entries.filter(what="note").exists()


def test_a_reply_is_known_by_what_it_answers_where_the_address_lost_its_mark(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    go(bridge)
    reply(post, "Wir kommen.", to="anliegen@musterstadt.example", In_Reply_To=str(sent(post)["Message-ID"]))
    listening.ask(bridge.pk)
    assert "Wir kommen." in heard(vera)


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"X_Auto_Response_Suppress": "All"}, {"Precedence": "bulk"}, {"Return_Path": "<>"},
     {"List_Id": "<liste.amt.example>"}],
)  # fmt: skip
def test_what_a_machine_sent_of_itself_is_left_out(bridge: Bridge, post: Post, case: Case, vera: Address, headers: dict[str, str]) -> None:
    go(bridge)
    reply(post, "Ich bin bis Montag nicht da.", **headers)
    listening.ask(bridge.pk)
    assert heard(vera) == ""
    assert not case.entries.filter(what="note").exists()
    assert post.box[0].flags == {"\\SEEN"}


def test_our_own_mail_that_comes_back_begins_no_circle(bridge: Bridge, post: Post, case: Case, vera: Address) -> None:
    go(bridge)
    reply(post, "Hallo", sender="anliegen@musterstadt.example")
    post.box.append(Mail(post.sent[0][2]))
    listening.ask(bridge.pk)
    assert heard(vera) == ""
    assert Parcel.objects.count() == 1


def test_a_mail_that_comes_back_as_undeliverable_is_said_on_the_case(bridge: Bridge, post: Post, case: Case) -> None:
    go(bridge)
    back = (
        f"From: MAILER-DAEMON@post.example\r\nTo: {sent(post)['Reply-To']}\r\nMessage-ID: <b1@post.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nNo such user"
        "\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; post.example\r\n\r\n"
        f"Final-Recipient: rfc822; {YARD}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n"
    )
    post.box.append(Mail(back.encode()))
    listening.ask(bridge.pk)
    parcel = Parcel.objects.get()
    assert (parcel.problem, parcel.done_at) == ("bounced", None)
    assert parcel.lost_at is not None
    assert "unzustellbar" in case.entries.get(what="note").text


def test_pictures_of_the_office_are_pictures_of_what_was_done(bridge: Bridge, post: Post, case: Case) -> None:
    go(bridge)
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Message-ID"] = YARD, str(sent(post)["Reply-To"]), "<p@amt.example>"
    answer.set_content("Fertig.")
    answer.add_attachment(picture("blue"), maintype="image", subtype="jpeg", filename="../../nachher.jpg")
    answer.add_attachment(b"MZ nothing", maintype="image", subtype="jpeg", filename="boese.jpg")
    answer.add_attachment(b"<svg onload=x>", maintype="image", subtype="svg+xml", filename="a.svg")
    answer.add_attachment(b"PK", maintype="application", subtype="zip", filename="a.zip")
    post.box.append(Mail(answer.as_bytes()))
    listening.ask(bridge.pk)
    photo = Photo.objects.get(case=case)
    assert (photo.kind, photo.state, photo.released) == (Photo.Kind.AFTER, "waiting", False)


def test_later_words_of_citizens_go_in_the_same_thread_and_the_mails_name_stays(
    bridge: Bridge, post: Post, case: Case, vera: Address
) -> None:
    go(bridge)
    cases.add(case, vera.contact, text="Es wird größer.")
    go(bridge)
    first, second = sent(post, 0), sent(post, 1)
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert "Es wird größer." in second.get_content()
    reply(post, "Verstanden.")
    listening.ask(bridge.pk)
    assert go(bridge) == 0  # their own answer does not go back


def test_a_mail_without_an_answer_from_the_server_keeps_its_name_at_the_next_try(bridge: Bridge, post: Post, case: Case) -> None:
    post.dying = 1
    assert go(bridge) == 0
    assert Parcel.objects.get().doubt is True
    assert sending.go(bridge.pk, timezone.now() + timedelta(minutes=2)) == 1
    assert sent(post, 0)["Message-ID"] == sent(post, 1)["Message-ID"]


def test_an_address_the_server_does_not_know_is_given_up_at_once(bridge: Bridge, post: Post, case: Case) -> None:
    post.refused.add(YARD)
    assert go(bridge) == 0
    parcel = Parcel.objects.get()
    assert (parcel.problem, parcel.lost_at is not None) == ("no_such_address", True)


def test_covered_pictures_go_along(bridge: Bridge, post: Post, hole: Category, berta: Operator) -> None:
    made = report(hole, text="Loch")
    photo = covered(made)
    actions.hand_over(made, bridge, operator=berta)
    go(bridge)
    attached = next(iter(sent(post).iter_attachments()))
    assert attached.get_payload(decode=True) == files.path(photo.shown).read_bytes()
    assert attached.get_filename() == "bild-1.jpeg"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_bridge_may_have_its_own_mail_server(
    town: Organisation, post: Post, berta: Operator, hole: Category, settings: LazySettings, allowed: bool
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody is there
    own = {"smtp_host": "127.0.0.1", "smtp_port": post.smtp_port, "smtp_tls": False}
    bridge = mail_bridge(town, post, berta, config=own)
    actions.hand_over(report(hole, text="Tiefes Loch"), bridge, operator=berta)
    if not allowed:
        settings.CALL_NETWORKS = []  # without TLS only in networks of one's own
    assert go(bridge) == int(allowed)
    bridge.refresh_from_db()
    assert (len(post.sent), bridge.problem) == (int(allowed), "" if allowed else "address_refused")
    if allowed:
        letters.kind(bridge).check(letters.config(bridge))


def test_a_wrong_password_is_named_and_asked_again_later(town: Organisation, post: Post, berta: Operator) -> None:
    bridge = mail_bridge(town, post, berta, config={"password": "falsch"})
    listening.ask(bridge.pk)
    bridge.refresh_from_db()
    assert bridge.problem == "forbidden"
    assert bridge.ask_at > timezone.now() + timedelta(minutes=10)


@pytest.mark.parametrize("tls", [True, False])
def test_a_mailbox_in_a_network_nobody_allowed_is_not_called(
    town: Organisation, post: Post, berta: Operator, settings: LazySettings, tls: bool
) -> None:
    settings.CALL_NETWORKS = []
    with pytest.raises(Trouble) as problem:
        mail.mailbox.check(mail.access(letters.config(mail_bridge(town, post, berta, config={"tls": tls}))))
    assert problem.value.problem == "address_refused"


def test_without_tls_no_server_in_the_internet_is_called(settings: LazySettings) -> None:
    settings.CALL_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    with pytest.raises(Trouble) as problem:
        mail.mailbox.socket_to("198.51.100.7", 143, own=True)
    assert problem.value.problem == "address_refused"


def test_a_mail_that_is_too_large_is_left_to_a_person(bridge: Bridge, post: Post, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    go(bridge)
    monkeypatch.setattr(mail.mailbox, "LARGEST", 300)
    reply(post, "x" * 2000)
    listening.ask(bridge.pk)
    assert post.box[0].flags == {"\\SEEN", "\\FLAGGED"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ja.\n\n-- \nBauhof Musterstadt", "Ja."),
        ("Ja.\n--\nkein Strich mit Leerzeichen", "Ja.\n--\nkein Strich mit Leerzeichen"),
        ("Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: x\n", "Ja."),
        ("Ja.\n\nVon: Bürgerdraht <a@b.example>\nGesendet: Montag\nBetreff: x\nalt", "Ja."),
        ("Von: hier aus sehen wir nichts.\nWir kommen.", "Von: hier aus sehen wir nichts.\nWir kommen."),
        ("Am Montag schrieb uns die Firma: sie kommt.\nGruß", "Am Montag schrieb uns die Firma: sie kommt.\nGruß"),
        ("Ja.\n\nAm Mo., 30. Nov. 2026 um 08:00 schrieb Bürgerdraht\n<anliegen@x.example>:\n> alt", "Ja."),
        ("Ja.\nOn Mon, Nov 30, 2026 Bürgerdraht wrote:\n\n> old", "Ja."),
        ("Ja.\n##–– Bitte über dieser Zeile antworten ––##\nalt", "Ja."),
        ("> Frage?\nAntwort.", "> Frage?\nAntwort."),
        ("", ""),
    ],
)  # fmt: skip
def test_only_what_surely_is_no_answer_is_cut_off(text: str, said: str) -> None:
    assert replies.said(text) == said


def test_html_is_read_without_its_tags_and_scripts() -> None:
    answer = EmailMessage()
    answer["From"] = YARD
    answer.set_content("<style>p{}</style><p>Wir&nbsp;kommen <b>morgen</b>.</p><script>alert(1)</script><div>Gruß</div>", subtype="html")
    found = replies.read(answer.as_bytes())
    assert found is not None
    assert found.words == "Wir kommen morgen.\n\nGruß"


@pytest.mark.parametrize(
    "data",
    [b"\x00", b"From: \xff\xfe\r\n\r\n\x00\x01", b"Content-Type: multipart/mixed; boundary=\r\n\r\n", b"From: <<<>>@\r\nTo: ,,;:\r\n\r\nx",
     b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xe4", b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n",
     b"Message-ID: <" + b"x" * 5000 + b">\r\nFrom: =?utf-8?q?=00?= <a@b.example>\r\n\r\nhallo",
     b"Content-Transfer-Encoding: base64\r\n\r\n!!!"],
)  # fmt: skip
def test_a_broken_mail_harms_nobody(bridge: Bridge, case: Case, data: bytes) -> None:
    assert listening.take(bridge, letters.config(bridge), data) is False
    found = replies.read(data)
    assert found is None or "\x00" not in found.words


def test_two_bridges_may_share_a_mailbox(
    town: Organisation, bridge: Bridge, post: Post, case: Case, berta: Operator, vera: Address
) -> None:
    other = mail_bridge(town, post, berta, name="Grünamt", config={"to": "gruen@amt.example"})
    go(bridge)
    reply(post, "Vom Bauhof.")
    listening.ask(other.pk)
    assert "Vom Bauhof." in heard(vera)


def test_the_mark_of_another_house_opens_nothing(bridge: Bridge, post: Post, case: Case, vera: Address, berta: Operator) -> None:
    go(bridge)
    foreign = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    theirs = mail_bridge(foreign, post, berta, name="Fremd")
    reply(post, "Hallo")
    listening.ask(theirs.pk)
    assert heard(vera) == ""
    assert Passage.objects.get().bridge == bridge
