"""Sending, fetching, templates and the check, against a provider that plays back answers."""

from typing import Any

import pytest

from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Choice,
    Content,
    Media,
    MediaKind,
    Ref,
    Rejected,
    SendError,
    TemplateUse,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.whatsapp.config import WhatsAppConfig
from buergerdraht.connectors.whatsapp.connector import WhatsApp

PERSON, PHONE = "DE.13491208655302741918", "+491713920011"
SENT = {"messaging_product": "whatsapp", "contacts": [{"input": PHONE, "wa_id": "491713920011"}], "messages": [{"id": "wamid.OUT1"}]}
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png")


def whatsapp(url: str, http: Any, **more: Any) -> WhatsApp:
    values = {"phone_number_id": "111222333", "waba_id": "444555666", "access_token": "geheimes-token", "app_secret": "wort"}
    return WhatsApp(WhatsAppConfig(**{**values, "host": url, **more}), http)


def error(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"message": f"(#{code}) Nope", "type": "OAuthException", "code": code, **more}}


async def send(connector: WhatsApp, files: Any, content: Content, address: str = PHONE) -> Any:
    return await connector.send(connector.plan(content).parts[0], address, token="outbox-42", files=files)


async def test_a_text_goes_out_with_our_token(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, SENT)) as meta:
        sent = await send(whatsapp(meta.url, http), files, Content(text="**Hallo**"))
    assert sent.external_id == "wamid.OUT1"
    method, path, body = meta.asked[0]
    assert (method, path) == ("POST", "/v25.0/111222333/messages")
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "text",
        "text": {"body": "*Hallo*"},
        "biz_opaque_callback_data": "outbox-42",
    }
    assert meta.headers[0]["Authorization"] == "Bearer geheimes-token"


async def test_a_citizen_without_number_is_a_recipient(provider: Any, http: Any, files: Any) -> None:
    answer = {**SENT, "contacts": [{"input": PERSON, "user_id": PERSON}]}
    async with provider((200, answer)) as meta:
        sent = await send(whatsapp(meta.url, http), files, Content(text="Hallo"), PERSON)
    assert sent.alias == ""
    assert meta.asked[0][2]["recipient"] == PERSON
    assert "to" not in meta.asked[0][2]


async def test_an_id_learned_on_the_way_is_told(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, {**SENT, "contacts": [{"input": PHONE, "wa_id": "491713920011", "user_id": PERSON}]})) as meta:
        assert (await send(whatsapp(meta.url, http), files, Content(text="Hallo"))).alias == PERSON


async def test_a_partner_has_its_own_path_and_header(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, SENT)) as partner:
        connector = whatsapp(partner.url, http, prefix="", auth_header="D360-API-KEY", number_in_path=False)
        await send(connector, files, Content(text="Hallo"))
    assert partner.asked[0][1] == "/messages"
    assert partner.headers[0]["D360-API-KEY"] == "geheimes-token"


async def test_a_picture_is_uploaded_once(provider: Any, http: Any, files: Any) -> None:
    content = Content(text="Der Platz", media=(PICTURE,))
    async with provider((200, {"id": "M77"}), (200, SENT), (200, SENT)) as meta:
        connector = whatsapp(meta.url, http)
        await send(connector, files, content)
        await send(connector, files, content)
    assert [path for _, path, _ in meta.asked] == ["/v25.0/111222333/media", *["/v25.0/111222333/messages"] * 2]
    assert meta.asked[0][2] == {"messaging_product": "whatsapp", "type": "image/png", "file": "platz.png"}
    assert meta.asked[1][2]["image"] == {"id": "M77", "caption": "Der Platz"}
    assert 600 < files.hours["m1"] < 720


async def test_an_upload_that_breaks_off_has_sent_nothing(provider: Any, http: Any, files: Any) -> None:
    async with provider((0, {})) as meta:
        with pytest.raises(Temporary) as caught:
            await send(whatsapp(meta.url, http), files, Content(media=(PICTURE,)))
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize(
    ("status", "answer", "failure", "reason", "more"),
    [
        (401, error(190), ChannelBroken, "token_invalid", {}),
        (401, error(0), ChannelBroken, "token_invalid", {}),
        (403, error(10), ChannelBroken, "setup", {}),
        (403, error(200), ChannelBroken, "setup", {}),
        (404, error(33), ChannelBroken, "setup", {}),
        (400, error(100), Rejected, "content_refused", {}),
        (500, error(1), Temporary, "unavailable", {"maybe_sent": False}),
        (503, error(131016), Temporary, "unavailable", {}),
        (500, error(131000), Temporary, "unavailable", {}),
        (503, error(131057), Temporary, "unavailable", {"scope": "channel", "retry_after": 60}),
        (429, error(4), Temporary, "rate_limit", {"scope": "channel", "limit": True}),
        (429, error(80007), Temporary, "rate_limit", {"scope": "channel", "limit": True}),
        (429, error(130429), Temporary, "rate_limit", {"scope": "channel", "limit": True}),
        (429, error(131056), Temporary, "pair_limit", {"scope": "pair", "limit": True}),
        (429, error(131048), ChannelBroken, "account_blocked", {}),
        (429, error(131064), ChannelBroken, "account_blocked", {}),
        (403, error(368), ChannelBroken, "account_blocked", {}),
        (403, error(131031), ChannelBroken, "account_blocked", {}),
        (403, error(130497), Rejected, "country_refused", {}),
        (402, error(131042), ChannelBroken, "payment", {}),
        (400, error(133010), ChannelBroken, "setup", {}),
        (429, error(131047), Rejected, "window_closed", {"scope": "window"}),
        (400, error(131026), Rejected, "not_reachable", {}),
        (400, error(131050), Rejected, "opted_out", {"scope": "newsletter"}),
        (429, error(131049), Temporary, "person_limit", {"retry_after": 86400, "limit": False}),
        (400, error(130472), Rejected, "person_limit", {}),
        (403, error(130403), AddressGone, "blocked", {}),
        (400, error(131053), Rejected, "media_refused", {}),
        (400, error(132000), Rejected, "template_refused", {"scope": "message"}),
        (404, error(132001), Rejected, "template_refused", {"scope": "template"}),
        (400, error(132015), Rejected, "template_refused", {"scope": "template"}),
        (400, error(132016), Rejected, "template_refused", {"scope": "template"}),
        (429, error(132069), Temporary, "rate_limit", {"retry_after": 3600}),
        (400, error(987654), Rejected, "unknown", {}),
        (500, error(987654), Temporary, "unavailable", {}),
        (400, error(987654, is_transient=True), Temporary, "unavailable", {}),
        (401, b"nope", ChannelBroken, "token_invalid", {}),
        (429, b"slow down", Temporary, "rate_limit", {"limit": True}),
        (502, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (503, b"<html>", Temporary, "unavailable", {"maybe_sent": False}),
        (504, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (200, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (200, {"messages": []}, Temporary, "unavailable", {"maybe_sent": True}),
        (0, {}, Temporary, "unavailable", {"maybe_sent": True}),
    ],
)
async def test_every_answer_leads_to_one_of_four_failures(
    provider: Any, http: Any, files: Any, status: int, answer: Any, failure: type[SendError], reason: str, more: dict[str, Any]
) -> None:
    async with provider((status, answer)) as meta:
        with pytest.raises(failure) as caught:
            await send(whatsapp(meta.url, http), files, Content(text="Hallo"))
    assert caught.value.reason == reason
    assert {name: getattr(caught.value, name) for name in more} == more


async def test_retry_after_of_the_answer_wins(provider: Any, http: Any, files: Any) -> None:
    async with provider((429, error(130429), {"Retry-After": "17"})) as meta:
        with pytest.raises(Temporary) as caught:
            await send(whatsapp(meta.url, http), files, Content(text="Hallo"))
    assert caught.value.retry_after == 17


async def test_no_number_and_no_token_is_quoted(provider: Any, http: Any, files: Any) -> None:
    answer = error(131026, error_data={"details": "Cannot reach +49 171 3920011 with geheimes-token"})
    async with provider((400, answer)) as meta:
        with pytest.raises(Rejected) as caught:
            await send(whatsapp(meta.url, http), files, Content(text="Hallo"))
    assert caught.value.details == "131026 Cannot reach … with …"


async def test_marketing_takes_its_own_door_where_the_account_demands_it(provider: Any, http: Any, files: Any) -> None:
    async with provider((400, error(131063)), (200, SENT)) as meta:
        await send(whatsapp(meta.url, http), files, Content(template=TemplateUse(name="neu", language="de")))
    assert [path for _, path, _ in meta.asked] == ["/v25.0/111222333/messages", "/v25.0/111222333/marketing_messages"]


async def test_read_marks_and_typing_go_together(provider: Any, http: Any) -> None:
    async with provider((200, {"success": True})) as meta:
        await whatsapp(meta.url, http).mark_read("wamid.IN", PHONE, typing=True)
    assert meta.asked[0][2] == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN",
        "typing_indicator": {"type": "text"},
    }


async def test_an_old_media_address_is_asked_for_again(provider: Any, http: Any) -> None:
    async with provider() as meta:
        described = (200, {"url": f"{meta.url}/datei", "mime_type": "image/jpeg", "file_size": "3"})
        meta.answers = [described, (404, {}), described, (200, b"abc")]
        data, mime = await whatsapp(meta.url, http).fetch(Ref(kind=MediaKind.IMAGE, external_id="M1"))
    assert (data, mime) == (b"abc", "image/jpeg")
    assert all(headers["Authorization"] == "Bearer geheimes-token" for headers in meta.headers)


async def test_templates_are_read_over_all_pages(provider: Any, http: Any) -> None:
    one = {
        "id": "900",
        "name": "termin",
        "language": "de",
        "category": "UTILITY",
        "status": "APPROVED",
        "quality_score": {"score": "GREEN"},
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "Hallo {{name}}, am {{tag}} ({{name}})"},
            {"type": "FOOTER", "text": "Stadt"},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": "Ja"}, {"type": "URL", "text": "Mehr", "url": "https://a.example/{{1}}"}],
            },
        ],
    }
    pages = [
        (200, {"data": [one, {"kaputt": 1}], "paging": {"cursors": {"after": "A"}, "next": "https://x"}}),
        (200, {"data": [{**one, "language": "en"}], "paging": {"cursors": {"after": "B"}}}),
    ]
    async with provider(*pages) as meta:
        first, second = await whatsapp(meta.url, http).templates()
    assert (first.name, first.status, first.category, first.header_kind, first.variables) == (
        "termin",
        "approved",
        "utility",
        "image",
        ("name", "tag"),
    )
    assert [(button.id, button.description) for button in first.buttons] == [("0", "quick_reply"), ("1", "url")]
    assert second.language == "en"
    assert "after=A" in meta.asked[1][1]


NUMBER = {"display_phone_number": "+49 30 23125 100", "verified_name": "Musterstadt", "quality_rating": "GREEN", "status": "CONNECTED"}


@pytest.mark.parametrize(
    ("answers", "ok", "codes"),
    [
        ([(200, NUMBER), (200, {"data": [{"whatsapp_business_api_data": {}}]})], True, []),
        ([(200, NUMBER), (200, {"data": []})], True, ["not_subscribed"]),
        ([(200, {**NUMBER, "quality_rating": "RED"}), (200, {"data": [1]})], True, ["quality_red"]),
        ([(200, {**NUMBER, "status": "DISCONNECTED"})], False, ["number_status"]),
        ([(401, error(190))], False, ["token_invalid"]),
        ([(200, NUMBER), (403, error(10))], False, ["setup"]),
        ([(0, {})], False, ["unavailable"]),
    ],
)
async def test_the_check_tells_what_is_wrong(provider: Any, http: Any, answers: Any, ok: bool, codes: list[str]) -> None:
    async with provider(*answers) as meta:
        health = await whatsapp(meta.url, http).check()
    assert (health.ok, [note.code for note in health.findings]) == (ok, codes)


async def test_starting_subscribes_our_app(provider: Any, http: Any) -> None:
    async with provider((200, {"success": True})) as meta:
        await whatsapp(meta.url, http).activate("https://desk.example/webhook/whatsapp/x")
    assert meta.asked[0][:2] == ("POST", "/v25.0/444555666/subscribed_apps")


def test_the_link_carries_the_words() -> None:
    connector = whatsapp("https://graph.facebook.com", None, number="+49 30 23125 100")
    assert connector.link("thema_1", "ABO & NEWS") == "https://wa.me/493023125100?text=ABO%20%26%20NEWS"
    assert connector.link("", "") == "https://wa.me/493023125100"


def test_without_a_signature_the_agreed_word_is_demanded() -> None:
    connector = whatsapp("https://partner.example", None, signed=False, app_secret="", webhook_secret="ein langes Kennwort")
    connector.verify({"authorization": "ein langes Kennwort"}, b"{}")
    for headers in ({}, {"authorization": "falsch"}):
        with pytest.raises(Unsigned):
            connector.verify(headers, b"{}")


@pytest.mark.parametrize("more", [{"app_secret": ""}, {"signed": False}, {"host": "graph.facebook.com"}, {"phone_number_id": "+49 30"}])
def test_a_config_that_cannot_be_safe_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        whatsapp("https://graph.facebook.com", None, **more)


def test_choices_are_sent_as_they_were_planned() -> None:
    part = whatsapp("https://a.example", None).plan(Content(text="?", choices=(Choice(id="a", title="Ja"),))).parts[0]
    assert part.body["interactive"]["action"]["buttons"][0]["reply"] == {"id": "a", "title": "Ja"}
