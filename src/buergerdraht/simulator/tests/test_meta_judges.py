"""Strangers' libraries for Meta's Graph talk to its doubles: they understand every answer, every error, and every webhook.

python-facebook-api judges the Page's posts and Threads; fbmessenger the Messenger, as its older pages described it;
instagram-platform-sdk Instagram's messages.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, web
from fbmessenger import BaseMessenger
from fbmessenger.attachments import Image
from fbmessenger.elements import Button, Text
from fbmessenger.quick_replies import QuickReplies, QuickReply
from fbmessenger.sender_actions import SenderAction
from fbmessenger.thread_settings import GetStartedButton, GreetingText, MessengerProfile
from instagram_platform.client import InstagramClient
from instagram_platform.exceptions import InstagramAPIError, InstagramAuthError, InstagramMessagingError, InstagramRateLimitError
from instagram_platform.services.webhooks import parse_webhook_payload, verify_webhook_signature
from pyfacebook import FacebookApi, FacebookError, GraphAPI, ThreadsGraphAPI

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Account, Person, Town

TOKEN, SECRET, DAY = "ein-token", "app-geheim", 86_400
PAGE, CHAT, PHOTOS, PROFILE = "600000001", "300000001", "500000001", "26000000000000001"
KINDS = {PAGE: "facebook_page", CHAT: "messenger", PHOTOS: "instagram", PROFILE: "threads"}
Heard = tuple[dict[str, str], bytes]


@dataclass
class World:
    town: Town
    host: str
    ear: str  # where our pictures lie and webhooks go
    zoe: Person
    late: list[float]
    heard: list[Heard] = field(default_factory=list)

    async def acts(self, verb: str, account: str, **wish: Any) -> Any:
        return await self.asks(f"people/{self.zoe.id}/{verb}", account=account, **wish)

    async def asks(self, path: str, **wish: Any) -> Any:
        async with ClientSession() as session, session.post(f"{self.host}/_control/{path}", json=wish) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def hears(self, words: str) -> Heard:
        for _ in range(100):
            if found := [each for each in self.heard if words in each[1].decode()]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError(f"no webhook with {words}")

    def address(self, account: str) -> str:
        return str(self.zoe.ids[KINDS[account]])


@pytest.fixture
async def world(unused_tcp_port_factory: Any) -> AsyncIterator[World]:
    port, ear, late = unused_tcp_port_factory(), unused_tcp_port_factory(), [0.0]
    town = Town(clock=lambda: datetime.now(UTC).timestamp() + late[0])
    found = World(town, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{ear}", town.add_person("Zoë Beispiel"), late)
    for number, kind in KINDS.items():
        data = {"app_id": "999", "subscribed": True, "fields": ["feed"], "instagram_id": "17841400000000007"}
        town.add_account(Account(kind, number, "Stadt", TOKEN, SECRET, username="musterstadt", callback=f"{found.ear}/hook", data=data))

    async def hear(request: web.Request) -> web.Response:
        found.heard.append((dict(request.headers), await request.read()))
        return web.Response()

    async def lent(request: web.Request) -> web.Response:
        return web.Response(body=picture("park"), content_type="image/jpeg")

    listener = web.Application()
    listener.add_routes([web.post("/hook", hear), web.get("/park.jpg", lent)])
    runners = [web.AppRunner(listener, shutdown_timeout=0.1), web.AppRunner(application(town), shutdown_timeout=0.1)]
    for runner, at in zip(runners, (ear, port), strict=True):
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", at).start()
    yield found
    for runner in reversed(runners):
        await runner.cleanup()


async def said(call: Callable[..., Any], *values: Any, **more: Any) -> Any:
    """Let a library that waits do so beside the double."""
    return await asyncio.to_thread(call, *values, **more)


async def refused(call: Callable[..., Any], *values: Any, **more: Any) -> tuple[int, int]:
    """The code and the subcode of python-facebook-api's own error."""
    with pytest.raises(FacebookError) as caught:
        await said(call, *values, **more)
    return caught.value.code, getattr(caught.value, "error_subcode", 0)


# ── The Page's posts: python-facebook-api ─────────────────────────────────


@pytest.fixture
def page(world: World) -> FacebookApi:
    return FacebookApi(app_secret=SECRET, access_token=TOKEN, base_url=f"{world.host}/graph-page/", version="v25.0")


async def posted(page: FacebookApi, text: str, *photos: str) -> str:
    attached = {f"attached_media[{place}]": json.dumps({"media_fbid": each}) for place, each in enumerate(photos)}
    return str((await said(page.post_object, PAGE, "feed", data={"message": text, **attached}))["id"])


async def test_a_page_is_what_it_says_it_is(page: FacebookApi) -> None:
    found = await said(page.page.get_info, page_id=PAGE)
    assert (found.id, found.name, found.username, found.link) == (PAGE, "Stadt", "musterstadt", "https://www.facebook.com/musterstadt")
    assert await said(page.get_object, "me", "id,name") == {"id": PAGE, "name": "Stadt"}
    assert await refused(page.get_object, PAGE, "favourite_dish") == (100, 0)


async def test_a_post_with_pictures_stands_there_with_its_address(world: World, page: FacebookApi) -> None:
    photos = []
    for name in ("park", "laterne"):
        files = {"source": (f"{name}.jpg", picture(name), "image/jpeg")}
        about = {"published": "false", "alt_text_custom": name}
        photos.append((await said(page.post_object, PAGE, "photos", data=about, files=files))["id"])
    number = await posted(page, "Der Park ist offen", *photos)
    post = await said(page.post.get_info, number)
    assert (post.id, post.message) == (number, "Der Park ist offen")
    assert post.permalink_url == f"https://www.facebook.com/{PAGE}/posts/{number.partition('_')[2]}"
    assert datetime.strptime(post.created_time, "%Y-%m-%dT%H:%M:%S%z").tzinfo
    await posted(page, "Und die Laternen brennen")
    listed = await said(page.page.get_posts, object_id=PAGE, count=5, limit=1)
    assert [each.message for each in listed.data] == ["Und die Laternen brennen", "Der Park ist offen"]
    assert world.town.counts[PAGE].accepted == 2
    assert await said(page.delete_object, number) == {"success": True}
    assert await refused(page.post.get_info, number) == (100, 33)


async def test_comments_are_read_and_answered(world: World, page: FacebookApi) -> None:
    number = await posted(page, "Wann soll das Bad öffnen?")
    await world.asks("people", name="Zoë")
    await world.acts("write", PAGE, text="Um acht")
    (comment,) = (await said(page.post.get_comments, object_id=number)).data
    assert comment.message == "Um acht"
    answer = await said(page.comment.create, object_id=comment.id, message="Gern")
    shown = await said(page.comment.get_info, answer.id, fields="id,message,parent,from,permalink_url")
    assert (shown.message, shown.parent.id) == ("Gern", comment.id)
    assert f"comment_id={answer.id.partition('_')[2]}" in shown.permalink_url
    assert (await said(page.comment.get_info, comment.id)).comment_count == 1
    headers, raw = await world.hears("Um acht")
    assert verify_webhook_signature(raw, headers["X-Hub-Signature-256"], SECRET)
    assert not verify_webhook_signature(raw.replace(b"acht", b"neun"), headers["X-Hub-Signature-256"], SECRET)
    (change,) = parse_webhook_payload(raw.decode())["entry"][0]["changes"]
    assert (change["field"], change["value"]["comment_id"], change["value"]["post_id"]) == ("feed", comment.id, number)


async def test_a_page_refuses_with_the_librarys_own_error(world: World, page: FacebookApi) -> None:
    post = {"object_id": PAGE, "connection": "feed", "data": {"message": "Zweimal"}}
    await posted(page, "Zweimal")
    assert await refused(page.post_object, **{**post, "data": dict(post["data"])}) == (506, 0)
    assert await refused(page.post_object, PAGE, "feed", data={}) == (100, 0)
    assert await refused(page.post_object, "123", "feed", data={"message": "Fremd"}) == (100, 33)
    stranger = FacebookApi(access_token="falsch", base_url=f"{world.host}/graph-page/", version="v25.0")
    assert await refused(stranger.page.get_info, page_id=PAGE) == (190, 460)
    unproven = FacebookApi(app_secret="anderes", access_token=TOKEN, base_url=f"{world.host}/graph-page/", version="v25.0")
    assert await refused(unproven.page.get_info, page_id=PAGE) == (100, 0)
    await world.asks(f"accounts/{PAGE}/state", restricted=True)
    assert await refused(page.post_object, PAGE, "feed", data={"message": "Gesperrt"}) == (368, 0)
    world.town.accounts[PAGE].faults.too_many = 1.0
    assert await refused(page.post_object, PAGE, "feed", data={"message": "Zu viel"}) == (613, 0)


# ── Threads: python-facebook-api ──────────────────────────────────────────


@pytest.fixture
def threads(world: World) -> ThreadsGraphAPI:
    return ThreadsGraphAPI(access_token=TOKEN, base_url=f"{world.host}/graph-threads/", version="v1.0")


async def contained(api: ThreadsGraphAPI, **wish: Any) -> str:
    """Make a container, and wait as the pages advise until it is ready."""
    number = str((await said(api.post_object, PROFILE, "threads", data=wish))["id"])
    for _ in range(50):
        state = await said(api.get_object, number, "status,error_message")
        if state["status"] != "IN_PROGRESS":
            assert state["status"] == "FINISHED", state
            return number
        await asyncio.sleep(0.05)
    raise AssertionError("the container is never ready")


async def published(api: ThreadsGraphAPI, **wish: Any) -> str:
    number = await contained(api, **wish)
    post = str((await said(api.post_object, PROFILE, "threads_publish", data={"creation_id": number}))["id"])
    assert (await said(api.get_object, number, "status"))["status"] == "PUBLISHED"
    return post


async def test_a_post_on_threads_is_made_in_two_steps(world: World, threads: ThreadsGraphAPI) -> None:
    assert (await said(threads.get_object, "me", "id,username"))["username"] == "musterstadt"
    text = await published(threads, media_type="TEXT", text="Heute Markt")
    shown = await said(threads.get_object, text, "id,text,media_type,permalink,username,timestamp,shortcode,is_quote_post")
    assert (shown["text"], shown["media_type"], shown["username"]) == ("Heute Markt", "TEXT_POST", "musterstadt")
    assert shown["permalink"].endswith(f"@musterstadt/post/{shown['shortcode']}")
    image = await published(threads, media_type="IMAGE", image_url=f"{world.ear}/park.jpg", text="Der Park", alt_text="Bäume")
    assert await said(threads.get_object, image, "media_type,alt_text") == {"id": image, "media_type": "IMAGE", "alt_text": "Bäume"}
    parts = [await contained(threads, media_type="IMAGE", image_url=f"{world.ear}/park.jpg", is_carousel_item="true") for _ in range(2)]
    row = await published(threads, media_type="CAROUSEL", children=",".join(parts), text="Zwei")
    assert (await said(threads.get_object, row, "media_type"))["media_type"] == "CAROUSEL_ALBUM"
    listed = await said(threads.get_connection, PROFILE, "threads", fields="id,text")
    assert [each["text"] for each in listed["data"]] == ["Zwei", "Der Park", "Heute Markt"]
    limit = await said(threads.get_connection, PROFILE, "threads_publishing_limit", fields="quota_usage,config")
    assert limit["data"][0]["quota_usage"] == 3


async def test_an_answer_on_threads_stands_below_what_it_answers(world: World, threads: ThreadsGraphAPI) -> None:
    post = await published(threads, media_type="TEXT", text="Fragen?")
    await world.acts("write", PROFILE, text="Wo genau?")
    headers, raw = await world.hears("Wo genau?")
    assert verify_webhook_signature(raw, headers["X-Hub-Signature-256"], SECRET)
    values = json.loads(raw)["values"]
    theirs = (values[0] if isinstance(values, list) else values)["value"]
    ours = await published(threads, media_type="TEXT", text="Am Rathaus", reply_to_id=theirs["id"])
    shown = await said(threads.get_object, ours, "text,is_reply,replied_to,root_post")
    assert (shown["is_reply"], shown["replied_to"], shown["root_post"]) == (True, {"id": theirs["id"]}, {"id": post})


async def test_threads_refuses_with_the_librarys_own_error(world: World, threads: ThreadsGraphAPI) -> None:
    assert await refused(threads.post_object, PROFILE, "threads", data={"media_type": "TEXT", "text": "x" * 501}) == (100, 0)
    assert await refused(threads.post_object, PROFILE, "threads_publish", data={"creation_id": "1"}) == (24, 0)
    nothing = {"media_type": "IMAGE", "image_url": f"{world.ear}/nichts.jpg"}
    missing = (await said(threads.post_object, PROFILE, "threads", data=nothing))["id"]
    for _ in range(50):
        state = await said(threads.get_object, missing, "status,error_message")
        if state["status"] != "IN_PROGRESS":
            break
        await asyncio.sleep(0.05)
    assert (state["status"], state["error_message"]) == ("ERROR", "FAILED_DOWNLOADING_IMAGE")
    fresh = await said(threads.refresh_access_token, TOKEN)
    assert (fresh["token_type"], fresh["expires_in"]) == ("bearer", 60 * DAY)
    again = ThreadsGraphAPI(access_token=fresh["access_token"], base_url=f"{world.host}/graph-threads/", version="v1.0")
    assert (await said(again.get_object, "me", "username"))["username"] == "musterstadt"
    world.town.accounts[PROFILE].data["used"] = 250
    number = await contained(again, media_type="TEXT", text="Einer zu viel")
    assert await refused(again.post_object, PROFILE, "threads_publish", data={"creation_id": number}) == (4, 0)


# ── Messenger: fbmessenger ────────────────────────────────────────────────


class Desk(BaseMessenger):  # type: ignore[misc]
    """A bot as the library wants one: it is handed webhooks, and notes what they were."""

    def __init__(self, host: str) -> None:
        super().__init__(TOKEN, app_secret=SECRET)
        self.client.graph_url = f"{host}/graph-messenger/v25.0"
        self.noted: list[tuple[str, dict[str, Any]]] = []

    def message(self, message: dict[str, Any]) -> None:
        self.noted.append(("message", message["message"]))

    def delivery(self, message: dict[str, Any]) -> None:
        self.noted.append(("delivery", message["delivery"]))

    def read(self, message: dict[str, Any]) -> None:
        self.noted.append(("read", message["read"]))

    def postback(self, message: dict[str, Any]) -> None:
        self.noted.append(("postback", message["postback"]))

    def account_linking(self, message: dict[str, Any]) -> None:
        raise AssertionError("nobody links accounts here")

    def optin(self, message: dict[str, Any]) -> None:
        raise AssertionError("nobody opts in here")


@pytest.fixture
async def desk(world: World) -> Desk:
    """A desk that was written to."""
    fields = ["messages", "messaging_postbacks", "message_deliveries", "message_reads"]
    world.town.accounts[CHAT].data["fields"] = fields
    found = Desk(world.host)
    await world.acts("write", CHAT, text="Guten Tag")
    await handed(world, found, "Guten Tag")
    return found


async def handed(world: World, desk: Desk, words: str) -> dict[str, Any]:
    """Let the library read a webhook; gives what it made of it."""
    headers, raw = await world.hears(words)
    assert verify_webhook_signature(raw, headers["X-Hub-Signature-256"], SECRET)
    desk.handle(json.loads(raw))
    return desk.noted[-1][1]


async def test_a_bot_reads_messages_and_answers_whom_it_read(world: World, desk: Desk) -> None:
    assert desk.noted[-1][1]["text"] == "Guten Tag"
    assert desk.get_user_id() == world.address(CHAT)
    replies = QuickReplies([QuickReply(title="Ja", payload="ja"), QuickReply(title="Nein", payload="nein")])
    sent = await said(desk.send, Text(text="Wollen Sie?", quick_replies=replies).to_dict())
    assert sent["recipient_id"] == world.address(CHAT)
    assert sent["message_id"].startswith("m_")
    assert (await handed(world, desk, '"mids"'))["mids"] == [sent["message_id"]]
    await world.acts("tap", CHAT, message=sent["message_id"], choice="Ja")
    assert (await handed(world, desk, "quick_reply"))["quick_reply"] == {"payload": "ja"}
    pressed, led = Button(button_type="postback", title="Termin", payload="t"), Button("web_url", title="Seite", url="https://a.example")
    payload = {"template_type": "button", "text": "Was?", "buttons": [pressed.to_dict(), led.to_dict()]}  # its own class needs Python 2
    sent = await said(desk.send, {"attachment": {"type": "template", "payload": payload}})
    await world.acts("tap", CHAT, message=sent["message_id"], choice="Termin")
    assert (await handed(world, desk, "postback"))["payload"] == "t"
    await world.acts("read", CHAT)
    assert (await handed(world, desk, '"read"'))["watermark"] > 1_700_000_000_000


async def test_a_bot_sends_pictures_by_address_and_by_number(world: World, desk: Desk) -> None:
    assert (await said(desk.send, Image(url="https://stadt.example/park.jpg").to_dict()))["message_id"]
    kept = await said(desk.upload_attachment, Image(url=f"{world.ear}/park.jpg", is_reusable=True))
    sent = await said(desk.send, Image(attachment_id=kept["attachment_id"]).to_dict())
    shown = world.town.messages[sent["message_id"]]
    assert world.town.files[shown.data["message"]["attachment"]["payload"]["attachment_id"]].data == picture("park")
    nothing = await said(desk.upload_attachment, Image(url=f"{world.ear}/nichts.jpg", is_reusable=True))
    assert (nothing["error"]["code"], nothing["error"]["error_subcode"]) == (100, 2018008)


async def test_a_bot_types_and_has_a_profile(world: World, desk: Desk) -> None:
    for action in ("mark_seen", "typing_on", "typing_off"):
        assert await said(desk.send_action, SenderAction(action).to_dict()) == {"recipient_id": world.address(CHAT)}
    profile = MessengerProfile(greetings=[GreetingText("Willkommen")], get_started=GetStartedButton("los"))
    assert await said(desk.set_messenger_profile, profile.to_dict()) == {"result": "success"}
    assert world.town.accounts[CHAT].data["profile"]["get_started"] == {"payload": "los"}
    old = await said(desk.subscribe_app_to_page)  # since 2018 it must say to what
    assert (old["error"]["code"], "subscribed_fields" in old["error"]["message"]) == (100, True)


async def test_a_bot_is_told_why_not(world: World, desk: Desk) -> None:
    async def why(**more: Any) -> tuple[int, int]:
        error = (await said(desk.client.send, {"text": "Hallo"}, **{"recipient_id": world.address(CHAT), **more}))["error"]
        assert error["fbtrace_id"]
        return error["code"], error.get("error_subcode", 0)

    assert await why(recipient_id="123") == (100, 2018001)
    assert await why(messaging_type="MESSAGE_TAG", tag="CONFIRMED_EVENT_UPDATE") == (100, 0)
    world.late[0] += DAY + 60
    assert await why() == (10, 2018278)
    await world.acts("write", CHAT, text="Ich bin wieder da")
    await world.acts("block", CHAT)
    assert await why() == (551, 0)
    await world.acts("unblock", CHAT)
    world.town.accounts[CHAT].faults.broken = 1.0
    assert await why() == (1200, 0)


async def test_forms_say_the_same_as_json(world: World, desk: Desk) -> None:
    graph = GraphAPI(app_secret=SECRET, access_token=TOKEN, base_url=f"{world.host}/graph-messenger/", version="v25.0")
    person, file = {"id": world.address(CHAT)}, {"filedata": ("park.jpg", picture("park"), "image/jpeg")}
    part = {"attachment": {"type": "image", "payload": {"is_reusable": True}}}
    kept = await said(graph.post_object, "me", "message_attachments", data={"message": json.dumps(part)}, files=file)
    whole = {"attachment": {"type": "image", "payload": {"attachment_id": kept["attachment_id"]}}}
    wish = {"recipient": json.dumps(person), "message": json.dumps(whole), "messaging_type": "RESPONSE"}
    assert (await said(graph.post_object, "me", "messages", data=wish))["recipient_id"] == person["id"]
    assert (await said(graph.post_object, CHAT, "subscribed_apps", data={"subscribed_fields": "messages"})) == {"success": True}
    (app,) = (await said(graph.get_connection, CHAT, "subscribed_apps"))["data"]
    assert app["subscribed_fields"] == ["messages"]


# ── Instagram's messages: instagram-platform-sdk ──────────────────────────


@pytest.fixture
async def insta(world: World) -> AsyncIterator[InstagramClient]:
    await world.acts("write", PHOTOS, text="Grüße")
    client = InstagramClient(TOKEN, PHOTOS, base_url=f"{world.host}/graph-instagram", api_version="v25.0", max_retries=0)
    yield client
    client.close()


async def test_instagram_is_answered_and_tells_whom(world: World, insta: InstagramClient) -> None:
    headers, raw = await world.hears("Gr\\u00fc")
    assert verify_webhook_signature(raw, headers["X-Hub-Signature-256"], SECRET)
    (event,) = parse_webhook_payload(raw.decode())["entry"][0]["messaging"]
    person = event["sender"]["id"]
    sent = await said(insta.messaging.send_message, person, "Danke")
    assert (sent.recipient_id, sent.message_id[:2]) == (person, "m_")
    assert (await said(insta.messaging.send_image_message, person, "https://stadt.example/park.jpg")).message_id
    who = await said(insta.messaging.get_user_profile, person, ["name", "username"])
    assert (who.id, who.name) == (person, "Zoë Beispiel")
    assert await said(insta.messaging.set_messenger_profile, {"ice_breakers": []}) == {"result": "success"}


async def test_instagram_refuses_with_the_librarys_own_errors(world: World, insta: InstagramClient) -> None:
    async def why(kind: type[InstagramAPIError], person: str, text: str = "Hallo") -> tuple[int, int | None]:
        with pytest.raises(kind) as caught:
            await said(insta.messaging.send_message, person, text)
        return caught.value.code, caught.value.subcode

    me = world.address(PHOTOS)
    assert await why(InstagramMessagingError, "123") == (100, 2018001)
    assert await why(InstagramAPIError, me, "ü" * 501) == (100, None)
    world.late[0] += DAY + 60
    assert await why(InstagramAuthError, me) == (10, 2018278)
    world.town.accounts[PHOTOS].faults.too_many = 1.0
    assert await why(InstagramRateLimitError, me) == (613, None)
    await world.asks(f"accounts/{PHOTOS}/state", revoked=True)
    assert await why(InstagramAuthError, me) == (190, 460)
