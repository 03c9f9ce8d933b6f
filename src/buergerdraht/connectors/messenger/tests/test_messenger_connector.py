"""Sending, uploading and the check, against a provider that plays back answers; Instagram, too, where it differs."""

import hashlib
import hmac
from typing import Any

import pytest
from pydantic import ValidationError

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Content,
    Media,
    MediaKind,
    Rejected,
    SendError,
    TemplateUse,
    Temporary,
)
from buergerdraht.connectors.instagram.config import InstagramConfig
from buergerdraht.connectors.instagram.connector import Instagram
from buergerdraht.connectors.messenger.config import MessengerConfig
from buergerdraht.connectors.messenger.connector import Messenger

PERSON = "7300000000000011"
SENT = {"recipient_id": PERSON, "message_id": "m_OUT1"}
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png")
VALUES = {"page_id": "111222333", "access_token": "geheimes-token", "app_secret": "wort", "human_agent": True}
PROOF = hmac.new(b"wort", b"geheimes-token", hashlib.sha256).hexdigest()
CLOSED = (400, {"error": {"code": 10, "error_subcode": 2018278, "message": "(#10) outside of allowed window"}})


def messenger(url: str, http: Any, **more: Any) -> Messenger:
    return Messenger(MessengerConfig.model_validate({**VALUES, "host": url, **more}), http)


def error(code: int, subcode: int = 0, **more: Any) -> dict[str, Any]:
    found = {"message": f"(#{code}) Nope for {PERSON}", "type": "OAuthException", "code": code, **more}
    return {"error": {**found, "error_subcode": subcode} if subcode else found}


async def send(connector: Any, files: Any, content: Content) -> Any:
    return await connector.send(connector.plan(content).parts[0], PERSON, token="42.0", files=files)


async def test_a_text_goes_out_with_the_token_in_a_header_and_its_proof(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, SENT)) as meta:
        sent = await send(messenger(meta.url, http), files, Content(text="**Hallo**"))
    assert sent.external_id == "m_OUT1"
    (method, path, body) = meta.asked[0]
    assert (method, path) == ("POST", f"/v25.0/111222333/messages?appsecret_proof={PROOF}")
    assert body == {"recipient": {"id": PERSON}, "messaging_type": "RESPONSE", "message": {"text": "Hallo"}}
    assert meta.headers[0]["Authorization"] == "Bearer geheimes-token"


async def test_a_host_may_have_a_path(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, SENT)) as meta:
        await send(messenger(f"{meta.url}/davor/", http, version="v26.0"), files, Content(text="Hallo"))
    assert meta.asked[0][1].startswith("/davor/v26.0/111222333/messages?")


async def test_what_a_person_typed_is_sent_with_their_tag_once_the_window_is_closed(provider: Any, http: Any, files: Any) -> None:
    async with provider(CLOSED, (200, SENT)) as meta:
        sent = await send(messenger(meta.url, http), files, Content(text="Hallo", by_person=True))
    assert sent.external_id == "m_OUT1"
    bodies = [body for _, _, body in meta.asked]
    assert [(body["messaging_type"], body.get("tag")) for body in bodies] == [("RESPONSE", None), ("MESSAGE_TAG", "HUMAN_AGENT")]
    assert not any("otherwise" in body for body in bodies)


@pytest.mark.parametrize(("by_person", "granted"), [(False, True), (True, False)])
async def test_nobody_else_uses_that_tag(provider: Any, http: Any, files: Any, by_person: bool, granted: bool) -> None:
    async with provider(CLOSED, (200, SENT)) as meta:
        with pytest.raises(Rejected, match="window_closed"):
            await send(messenger(meta.url, http, human_agent=granted), files, Content(text="Hallo", by_person=by_person))
    assert len(meta.asked) == 1


async def test_a_tag_that_was_not_granted_stops_no_channel(provider: Any, http: Any, files: Any) -> None:
    async with provider(CLOSED, (403, error(10))) as meta:
        with pytest.raises(Rejected) as caught:
            await send(messenger(meta.url, http), files, Content(text="Hallo", by_person=True))
    assert (caught.value.reason, caught.value.scope) == ("window_closed", "window")


async def test_a_picture_is_uploaded_once(provider: Any, http: Any, files: Any) -> None:
    content = Content(media=(PICTURE,))
    async with provider((200, {"attachment_id": "A77"}), (200, SENT), (200, SENT)) as meta:
        connector = messenger(meta.url, http)
        await send(connector, files, content)
        await send(connector, files, content)
    assert [path.split("?")[0].rpartition("/")[2] for _, path, _ in meta.asked] == ["message_attachments", "messages", "messages"]
    assert meta.asked[0][2] == {
        "message": '{"attachment": {"type": "image", "payload": {"is_reusable": true}}}',
        "filedata": "platz.png",
    }
    assert meta.asked[1][2]["message"] == {"attachment": {"type": "image", "payload": {"attachment_id": "A77"}}}
    assert 2000 < files.hours["m1"] < 90 * 24


async def test_instagram_says_for_whom_a_file_is(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, {"attachment_id": "A77"}), (200, SENT)) as meta:
        config = InstagramConfig.model_validate({**VALUES, "instagram_id": "17841400000000002", "host": meta.url})
        await send(Instagram(config, http), files, Content(media=(PICTURE,)))
    assert meta.asked[0][2]["platform"] == "instagram"


async def test_an_upload_that_breaks_off_has_sent_nothing(provider: Any, http: Any, files: Any) -> None:
    for answer in ((0, {}), (502, b"<html>"), (200, {})):
        async with provider(answer) as meta:
            with pytest.raises(Temporary) as caught:
                await send(messenger(meta.url, http), files, Content(media=(PICTURE,)))
        assert caught.value.maybe_sent is False


@pytest.mark.parametrize(
    ("status", "answer", "failure", "reason", "more"),
    [
        (401, error(190), ChannelBroken, "token_invalid", {}),
        (400, error(190, 460), ChannelBroken, "token_invalid", {}),
        (403, error(10), ChannelBroken, "setup", {}),
        (403, error(200), ChannelBroken, "setup", {}),
        (403, error(230), ChannelBroken, "setup", {}),
        (400, error(10, 2018278), Rejected, "window_closed", {"scope": "window"}),
        (400, error(10, 2018065), Rejected, "window_closed", {"scope": "window"}),
        (400, error(10, 2534022), Rejected, "window_closed", {"scope": "window"}),
        (400, error(10, 2018108), AddressGone, "blocked", {}),  # one person's state stops nobody else
        (400, error(200, 1545041), AddressGone, "blocked", {}),
        (400, error(10, 999), Rejected, "unknown", {}),
        (400, error(10), ChannelBroken, "setup", {}),
        (400, error(1545041), Rejected, "window_closed", {"scope": "window"}),
        (400, error(551, 1545041), Rejected, "window_closed", {"scope": "window"}),
        (403, error(10, 1893063), ChannelBroken, "account_blocked", {}),
        (403, error(368), ChannelBroken, "account_blocked", {}),
        (400, error(100), Rejected, "content_refused", {"scope": "message"}),
        (400, error(100, 2018001), AddressGone, "not_reachable", {}),
        (400, error(551), AddressGone, "blocked", {}),
        (400, error(613), Temporary, "rate_limit", {"scope": "channel", "limit": True}),
        (400, error(4), Temporary, "rate_limit", {"scope": "channel", "limit": True}),
        (500, error(1200), Temporary, "unavailable", {"maybe_sent": False, "limit": False}),
        (500, error(2), Temporary, "unavailable", {"maybe_sent": False}),
        (400, error(987654), Rejected, "unknown", {}),
        (500, error(987654), Temporary, "unavailable", {}),
        (400, error(987654, is_transient=True), Temporary, "unavailable", {}),
        (429, b"slow down", Temporary, "rate_limit", {"limit": True}),
        (502, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (503, b"<html>", Temporary, "unavailable", {"maybe_sent": False}),
        (200, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (200, {"recipient_id": PERSON}, Temporary, "unavailable", {"maybe_sent": True}),
        (0, {}, Temporary, "unavailable", {"maybe_sent": True}),
    ],
)
async def test_every_answer_leads_to_one_of_four_failures(
    provider: Any, http: Any, files: Any, status: int, answer: Any, failure: type[SendError], reason: str, more: dict[str, Any]
) -> None:
    async with provider((status, answer)) as meta:
        with pytest.raises(failure) as caught:
            await send(messenger(meta.url, http), files, Content(text="Hallo"))
    assert caught.value.reason == reason
    assert {name: getattr(caught.value, name) for name in more} == more
    assert PERSON not in caught.value.details


async def test_a_refused_template_is_named_as_one(provider: Any, http: Any, files: Any) -> None:
    async with provider((400, error(100))) as meta:
        with pytest.raises(Rejected, match="template_refused"):
            await send(messenger(meta.url, http), files, Content(template=TemplateUse(name="t", language="de")))


async def test_a_reaction_is_known_by_our_token(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, {"recipient_id": PERSON})) as meta:
        sent = await send(messenger(meta.url, http), files, Content(reaction="👍", quote="m_IN1"))
    assert sent.external_id == f"{PERSON}:reaction:42.0"


async def test_the_check_says_what_is_missing(provider: Any, http: Any) -> None:
    page = {"id": "111222333", "name": "Stadt", "username": "musterstadt"}
    partly = {"data": [{"id": "999", "subscribed_fields": ["messages"]}]}
    async with provider((200, page), (200, partly), (200, page), (200, {"data": []}), (401, error(190))) as meta:
        connector = messenger(meta.url, http)
        partial, deaf, locked = [await connector.check() for _ in range(3)]
    assert [note.code for note in partial.findings] == ["fields_missing"]
    assert (partial.ok, partial.learned) == (True, {"username": "musterstadt", "app_id": "999"})
    assert [note.code for note in deaf.findings] == ["not_subscribed"]
    assert [(note.level, note.code) for note in locked.findings] == [("error", "token_invalid")]
    assert "geheimes-token" not in str(locked)


async def test_starting_subscribes_and_sets_the_first_button(provider: Any, http: Any) -> None:
    async with provider((200, {"success": True}), (200, {"result": "success"})) as meta:
        await messenger(meta.url, http).activate("https://stadt.example/webhook/messenger/x")
    assert [path.split("?")[0].rpartition("/")[2] for _, path, _ in meta.asked] == ["subscribed_apps", "messenger_profile"]
    assert "message_reads" in meta.asked[0][2]["subscribed_fields"].split(",")
    assert meta.asked[1][2] == {"get_started": {"payload": "GET_STARTED"}}


async def test_templates_come_page_by_page(provider: Any, http: Any) -> None:
    one = {"id": "1", "name": "a", "language": "de", "category": "UTILITY", "status": "APPROVED", "components": []}
    first = {"data": [one, {"broken": True}], "paging": {"next": "https://x.example", "cursors": {"after": "Q=="}}}
    async with provider((200, first), (200, {"data": [{**one, "name": "b"}]})) as meta:
        found = await messenger(meta.url, http).templates()
    assert [template.name for template in found] == ["a", "b"]
    assert "after=Q%3D%3D" in meta.asked[1][1]


def test_the_handshake_knows_our_word_only(http: Any) -> None:
    connector = messenger("https://graph.facebook.com", http)
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": connector.config.verify_token}
    right = connector.handshake(Called(method="GET", query=query))
    wrong = connector.handshake(Called(method="GET", query={**query, "hub.verify_token": "x"}))
    assert right is not None
    assert wrong is not None
    assert (right.status, right.body, wrong.status) == (200, "1158201444", 403)
    assert connector.handshake(Called(method="GET", tail="x", query=query)) is None


def test_a_link_carries_the_topic(http: Any) -> None:
    assert messenger("https://graph.facebook.com", http, username="@stadt").link("thema_1", "") == "https://m.me/stadt?ref=thema_1"
    config = InstagramConfig.model_validate({**VALUES, "instagram_id": "17841400000000002", "username": "stadt"})
    assert Instagram(config, http).link("thema_1", "Hallo") == "https://ig.me/m/stadt?ref=thema_1"
    assert Instagram(config.model_copy(update={"username": ""}), http).link("x", "") == ""


@pytest.mark.parametrize(
    ("field", "value"), [("page_id", "abc"), ("access_token", ""), ("app_secret", ""), ("host", "graph"), ("version", "25")]
)
def test_a_set_up_that_cannot_work_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError):
        MessengerConfig.model_validate({**VALUES, field: value})
