"""Signing a browser up for push messages: by what it holds, with proof, for just the topics chosen, and as easily ended."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from PIL import Image

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.contacts.models import Address, Consent, ConsentText, Contact, Subscription, Topic
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.website import push
from buergerdraht.website.floods import Dam

pytestmark = pytest.mark.django_db
PUSH = "/p/stadt/push"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
POINT = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def browser(name: str = "abc") -> dict[str, Any]:
    keys = {"p256dh": letters(POINT), "auth": letters(name.encode().ljust(16, b"0")[:16])}
    return {"endpoint": f"https://push.example/{name}", "expirationTime": None, "keys": keys}


@pytest.fixture(autouse=True)
def town(monkeypatch: pytest.MonkeyPatch) -> Organisation:
    monkeypatch.setattr(push, "by_place", Dam(rate=1.0, burst=1000.0))
    found = Organisation.objects.create(slug="stadt", name="Stadt Beispiel", languages=["de", "en"])
    config = channels.sealed(WebPushConfig.model_validate({"contact": "it@stadt.example"}))
    Channel.objects.create(organisation=found, kind="webpush", name="Push", config=config, state=Channel.State.RUNNING)
    for position, key in enumerate(("verkehr", "abfall", "feste")):
        Topic.objects.create(organisation=found, key=key, title={"de": key.title(), "en": f"{key} (en)"}, position=position)
    return found


def ask(client: Client, verb: str, **values: Any) -> Any:
    return client.post(f"{PUSH}/{verb}", json.dumps(values), content_type="application/json", headers={"User-Agent": CHROME})


def sign_up(client: Client, *topics: str, name: str = "abc", **more: Any) -> Any:
    return ask(client, "anmelden", subscription=browser(name), topics=list(topics), language="de", **more)


def state(client: Client, name: str = "abc") -> Any:
    return ask(client, "stand", subscription=browser(name)).json()


def test_a_device_gets_its_topics_with_proof_and_a_first_message(client: Client, town: Organisation) -> None:
    answer = sign_up(client, "verkehr", "feste")
    assert answer.json()["topics"] == ["verkehr", "feste"]
    assert not answer.cookies
    contact = Contact.objects.get()
    assert contact.state == Contact.State.ACTIVE
    assert Subscription.objects.filter(contact=contact, confirmed_at__isnull=False).count() == 2
    assert sorted(Consent.objects.values_list("act", "purpose")) == [
        ("confirm", "topic:feste"), ("confirm", "topic:verkehr"), ("grant", "topic:feste"), ("grant", "topic:verkehr"),
    ]  # fmt: skip
    words = ConsentText.objects.get().text
    assert (
        words
        == "Stadt Beispiel darf mir auf dieses Gerät Push-Nachrichten zu Verkehr und Feste senden. Das kann ich jederzeit hier beenden."
    )
    outbound = Outbound.objects.get()
    assert outbound.content.content["title"] == "Push ist eingerichtet"
    handle = Address.objects.get().handle
    assert handle.endswith("(Chrome, Android)")
    assert "push.example" not in handle


def test_choosing_anew_keeps_just_what_is_chosen_and_greets_nobody_twice(client: Client) -> None:
    sign_up(client, "verkehr")
    assert sign_up(client, "abfall", "feste").json()["topics"] == ["abfall", "feste"]
    assert Outbound.objects.count() == 1
    assert Consent.objects.filter(act="withdraw", purpose="topic:verkehr").count() == 1
    assert Contact.objects.count() == 1


def test_who_comes_back_to_the_page_sees_what_this_device_gets(client: Client) -> None:
    assert state(client) == {"known": False, "topics": [], "devices": []}
    sign_up(client, "verkehr")
    assert state(client)["topics"] == ["verkehr"]
    assert [(each["name"], each["here"]) for each in state(client)["devices"]] == [("Chrome, Android", True)]
    assert state(client, "andere")["known"] is False


def test_ending_it_ends_everything_at_once_with_proof(client: Client) -> None:
    """Law 9."""
    sign_up(client, "verkehr")
    assert ask(client, "abmelden", subscription=browser()).json() == {"done": True}
    assert not Subscription.objects.exists()
    assert Address.objects.get().state == Address.State.GONE
    assert Consent.objects.filter(act="withdraw").count() == 1
    assert Outbound.objects.get().state == Outbound.State.CANCELLED
    assert state(client)["known"] is False
    assert ask(client, "abmelden", subscription=browser("andere")).status_code == 404


def test_who_ended_it_can_begin_again(client: Client) -> None:
    sign_up(client, "verkehr")
    ask(client, "abmelden", subscription=browser())
    assert sign_up(client, "abfall").json()["topics"] == ["abfall"]
    assert Address.objects.get().state == Address.State.ACTIVE


def test_a_person_with_two_devices_can_end_the_other_and_keeps_the_topics(client: Client) -> None:
    sign_up(client, "verkehr")
    sign_up(client, "abfall", name="zwei")
    first, second = Address.objects.order_by("pk")
    Address.objects.filter(pk=second.pk).update(contact=first.contact)
    Subscription.objects.update(contact=first.contact)
    other = next(each["number"] for each in state(client)["devices"] if not each["here"])
    assert ask(client, "abmelden", subscription=browser(), number=other).json() == {"done": True}
    assert [each["here"] for each in state(client)["devices"]] == [True]
    assert sorted(state(client)["topics"]) == ["abfall", "verkehr"]
    assert set(Subscription.objects.values_list("address", flat=True)) == {first.pk}


def test_nobody_ends_the_device_of_another_person(client: Client) -> None:
    sign_up(client, "verkehr")
    sign_up(client, "abfall", name="fremd")
    foreign = Address.objects.order_by("-pk")[0]
    assert ask(client, "abmelden", subscription=browser(), number=foreign.pk).status_code == 404
    assert Address.objects.get(pk=foreign.pk).state == Address.State.ACTIVE


def test_a_changed_subscription_stays_the_same_person(client: Client) -> None:
    sign_up(client, "verkehr")
    assert ask(client, "erneuern", old=browser(), new=browser("neu")).json() == {"done": True}
    assert state(client, "neu")["topics"] == ["verkehr"]
    assert state(client)["known"] is False or Contact.objects.count() == 1
    assert Contact.objects.count() == 1


def test_nobody_takes_a_device_over_who_does_not_know_its_secret(client: Client) -> None:
    sign_up(client, "verkehr")
    guess = browser() | {"keys": {**browser()["keys"], "auth": letters(bytes(16))}}
    assert ask(client, "erneuern", old=guess, new=browser("boese")).status_code == 404
    assert ask(client, "stand", subscription=guess).json()["known"] is False
    assert ask(client, "abmelden", subscription=guess).status_code == 404


@pytest.mark.parametrize(
    "subscription",
    [
        None, [], "x", 7, {}, browser() | {"keys": {}},
        browser() | {"endpoint": "https://127.0.0.1/x"}, browser() | {"endpoint": "http://push.example/x"},
    ],
)  # fmt: skip
def test_what_is_no_subscription_is_refused(client: Client, subscription: Any) -> None:
    for verb in ("anmelden", "stand", "abmelden"):
        assert ask(client, verb, subscription=subscription, topics=["verkehr"]).status_code == 400
    assert ask(client, "erneuern", old=subscription, new=browser()).status_code == 400
    assert not Contact.objects.exists()


@pytest.mark.parametrize("topics", [None, [], "verkehr", [7], [["verkehr"]]])
def test_without_a_topic_nobody_is_taken_in(client: Client, topics: Any) -> None:
    assert ask(client, "anmelden", subscription=browser(), topics=topics).status_code == 400
    assert not Contact.objects.exists()


def test_a_topic_that_is_none_is_not_subscribed(client: Client, town: Organisation) -> None:
    Topic.objects.filter(key="feste").update(active=False)
    other = Organisation.objects.create(slug="andere", name="Andere")
    Topic.objects.create(organisation=other, key="fremd", title={"de": "Fremd"})
    assert sign_up(client, "verkehr", "feste", "fremd").json()["topics"] == ["verkehr"]


def test_other_sites_floods_and_huge_bodies_are_held_off(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"subscription": browser(), "topics": ["verkehr"]})
    for headers in ({"Origin": "https://boese.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(f"{PUSH}/anmelden", body, content_type="application/json", headers=headers).status_code == 403
    assert client.post(f"{PUSH}/anmelden", {"subscription": "x"}).status_code == 403
    assert client.post(f"{PUSH}/anmelden", "[" * 30_000, content_type="application/json").status_code == 400
    assert client.post(f"{PUSH}/anmelden", "[" * 19_000, content_type="application/json").status_code == 400
    monkeypatch.setattr(push, "by_place", Dam(rate=0.001, burst=1.0))
    assert [sign_up(client, "verkehr", name=f"n{number}").status_code for number in range(2)] == [200, 429]


# ── The page, as an app ───────────────────────────────────────────────────


def test_the_page_names_topics_key_and_what_one_agrees_to(client: Client) -> None:
    answer = client.get(PUSH)
    page = answer.content.decode()
    assert "Verkehr" in page
    assert "Stadt Beispiel darf mir auf dieses Gerät Push-Nachrichten zu den gewählten Themen senden." in page
    assert push.public_key(Channel.objects.get()) in page
    assert not answer.cookies
    assert 'value="feste" checked' in client.get(f"{PUSH}?themen=feste").content.decode()
    assert "verkehr (en)" in client.get(f"{PUSH}?sprache=en").content.decode()


def test_it_is_an_app_of_the_authority(client: Client) -> None:
    manifest = client.get(f"{PUSH}/app.webmanifest").json()
    assert (manifest["name"], manifest["start_url"], manifest["display"]) == ("Stadt Beispiel", PUSH, "standalone")
    for icon in manifest["icons"]:
        picture = Image.open(io.BytesIO(client.get(icon["src"]).content))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]
    assert client.get(f"{PUSH}/symbol-4096.png").status_code == 404


def test_the_worker_may_serve_the_page_and_nothing_else_of_ours(client: Client) -> None:
    answer = client.get(f"{PUSH}/sw.js")
    assert answer["Service-Worker-Allowed"] == PUSH
    assert answer["Content-Type"].startswith("text/javascript")
    assert json.loads(answer.content.decode().split("\n")[0].removeprefix("const HOUSE = ").rstrip(";"))["name"] == "Stadt Beispiel"


def test_without_a_channel_there_is_no_page(client: Client, town: Organisation) -> None:
    assert push.push_ready(town)
    Channel.objects.update(state=Channel.State.SETUP)
    assert not push.push_ready(town)
    assert push.push_url(town) == ""
    for path in (PUSH, f"{PUSH}/sw.js", f"{PUSH}/app.webmanifest", f"{PUSH}/symbol-192.png"):
        assert client.get(path).status_code == 404
    assert sign_up(client, "verkehr").status_code == 404


@pytest.mark.parametrize(
    ("agent", "name"),
    [(CHROME, "Chrome, Android"), ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4) Version/17 Safari/604", "Safari, iPhone"),
     ("Mozilla/5.0 (Windows NT 10.0; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Windows"), ("", "Browser"), ("<b>", "Browser")],
)  # fmt: skip
def test_a_device_is_named_in_a_few_words(agent: str, name: str) -> None:
    assert push.device(agent) == name
