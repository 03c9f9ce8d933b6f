"""Cases handed to a Zammad that answers as its documentation says, and its webhooks back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.bridges import actions, letters, listening, sending
from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.bridges.models import Bridge, Heard, Parcel, Passage
from buergerdraht.bridges.tests.conftest import Answer, Elsewhere, Request, covered, heard, picture, report
from buergerdraht.cases import actions as cases
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import files

Start = Callable[[Callable[[Request], Answer]], Elsewhere]
SECRET = "webhook-wort"


class Zammad:
    """Tickets and articles by the REST API; every call needs the token."""

    def __init__(self) -> None:
        self.tickets: list[dict[str, Any]] = []
        self.articles: list[dict[str, Any]] = []
        self.mute = 0

    def __call__(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        if request.headers.get("authorization") != "Token token=abc":
            return Answer(401, b'{"error": "Authentication required"}')
        if parts.path == "/api/v1/users/me":
            return Answer(200, b'{"id": 3}')
        if parts.path.startswith("/api/v1/ticket_attachment/"):
            return Answer(200, picture("blue"), "image/jpeg")
        if parts.path == "/api/v1/tickets/search":
            words = parse_qs(parts.query)["query"][0].removeprefix('title:"').removesuffix('"')
            found = {str(each["id"]): each for each in self.tickets if words in each["title"]}
            return said(200, {"tickets": [int(key) for key in found], "tickets_count": len(found), "assets": {"Ticket": found}})
        if parts.path.startswith("/api/v1/ticket_articles/by_ticket/"):
            return said(200, [each for each in self.articles if each["ticket_id"] == int(parts.path.rpartition("/")[2])])
        told = json.loads(request.body)
        if parts.path == "/api/v1/tickets":
            if not told.get("group") or not str(told.get("customer_id", "")).startswith("guess:"):
                return said(422, {"error": "Group can't be blank"})
            row = {"id": 80 + len(self.tickets), "number": "10081", "title": told["title"]}
            self.tickets.append(row)
            self.articles.append(told["article"] | {"id": 100 + len(self.articles), "ticket_id": row["id"]})
        elif parts.path == "/api/v1/ticket_articles":
            row = told | {"id": 100 + len(self.articles)}
            self.articles.append(row)
        else:
            return said(404, {"error": "No route matches"})
        if self.mute:
            self.mute -= 1
            return Answer(200, b"", silent=True)
        return said(201, row)


def said(status: int, what: Any) -> Answer:
    return Answer(status, json.dumps(what).encode())


Two = tuple[Zammad, Elsewhere]


@pytest.fixture
def zammad(elsewhere: Start) -> Two:
    there = Zammad()
    return there, elsewhere(there)


@pytest.fixture
def bridge(town: Organisation, zammad: Two, berta: Operator) -> Bridge:
    config = {"url": zammad[1].url, "token": "abc", "group": "Bauhof", "customer": "anliegen@musterstadt.example", "secret": SECRET}
    return actions.add(town, "zammad", actions.Setup("Zammad", config), operator=berta)


@pytest.fixture
def case(hole: Category, bridge: Bridge, berta: Operator, vera: Address) -> Case:
    made = report(hole, text="Tiefes Loch", place="Marktstraße 12", contact=vera.contact, address=vera)
    actions.hand_over(made, bridge, operator=berta)
    return made


def go(bridge: Bridge) -> int:
    return sending.go(bridge.pk, timezone.now())


def hook(
    bridge: Bridge, ticket: int, *, state: str = "open", article: dict[str, Any] | None = None, delivery: str = "d1", secret: str = SECRET,
    at: str = "",
) -> Any:  # fmt: skip
    """What Zammad's trigger posts, signed as it signs."""
    told: dict[str, Any] = {"ticket": {"id": ticket, "number": "10081", "state": state, "title": "x"} | ({"updated_at": at} if at else {})}
    if article is not None:
        told["article"] = {"id": 200, "ticket_id": ticket, "sender": "Agent", "type": "note", "internal": False,
                           "content_type": "text/html",
                           "subject": "", "attachments": []} | article  # fmt: skip
    body = json.dumps(told).encode()
    signature = "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return Client().post(
        reverse("bridges_in:zammad", args=[bridge.pk]), body, content_type="application/json",
        headers={"X-Hub-Signature": signature, "X-Zammad-Delivery": delivery, "X-Zammad-Trigger": "t"},
    )  # fmt: skip


def test_a_case_becomes_a_ticket_of_a_neutral_customer(bridge: Bridge, zammad: Two, hole: Category, berta: Operator, vera: Address) -> None:
    made = report(hole, text="Tiefes Loch", place="Marktstraße 12", contact=vera.contact, address=vera)
    photo = covered(made)
    actions.hand_over(made, bridge, operator=berta)
    assert go(bridge) == 1
    asked = json.loads(zammad[1].asked[0].body)
    assert asked["group"] == "Bauhof"
    assert asked["customer_id"] == "guess:anliegen@musterstadt.example"
    assert asked["title"].startswith("Schlagloch, Marktstraße 12")
    assert asked["article"]["type"] == "note"
    assert "Tiefes Loch" in asked["article"]["body"]
    (attached,) = asked["article"]["attachments"]
    assert base64.b64decode(attached["data"]) == files.path(photo.shown).read_bytes()
    assert (attached["mime-type"], attached["filename"]) == ("image/jpeg", "bild-1.jpeg")
    assert "Vera" not in zammad[1].asked[0].body.decode()
    passage = Passage.objects.get()
    assert (passage.external_id, passage.link) == ("80", f"{zammad[1].url}/#ticket/zoom/80")


def test_a_public_article_of_an_agent_reaches_the_citizen_once(bridge: Bridge, case: Case, vera: Address) -> None:
    go(bridge)
    article = {"body": "Wir kommen<br>am <b>Dienstag</b>.<script>x</script>"}
    for delivery in ("d1", "d1", "d2"):  # the same again, and another trigger with the same article
        assert hook(bridge, 80, article=article, delivery=delivery).status_code == 200
    assert heard(vera).count("Wir kommen\nam Dienstag.") == 1
    assert "script" not in heard(vera)
    assert case.entries.get(what="answered").operator.name == "Zammad"
    assert go(bridge) == 0  # and does not go back


@pytest.mark.parametrize(
    "article", [{"internal": True}, {"sender": "Customer"}, {"sender": "System"}, {"subject": "2026-1 [BD-2026-00001-1]"}]
)
def test_what_is_internal_or_no_agents_or_ours_stays_there(bridge: Bridge, case: Case, vera: Address, article: dict[str, Any]) -> None:
    go(bridge)
    assert hook(bridge, 80, article={"body": "geheim"} | article).status_code == 200
    assert heard(vera) == ""
    assert not case.entries.filter(what__in=["answered", "note"]).exists()


def test_closing_it_there_with_words_is_one_message(bridge: Bridge, case: Case, vera: Address) -> None:
    go(bridge)
    hook(bridge, 80, state="closed", article={"body": "Das Loch ist zu."})
    hook(bridge, 80, state="closed", delivery="d2")
    case.refresh_from_db()
    assert case.state == Case.State.DONE
    assert heard(vera).count("Das Loch ist zu.") == 1
    assert case.entries.filter(what="moved").count() == 1
    hook(bridge, 80, state="open", delivery="d3")
    assert "wieder offen" in case.entries.filter(what="note").last().text


def test_an_older_state_that_is_told_late_changes_nothing(bridge: Bridge, case: Case, vera: Address) -> None:
    go(bridge)
    hook(bridge, 80, state="closed", at="2026-11-29T10:05:00.123Z", delivery="d1")
    hook(bridge, 80, state="open", at="2026-11-29T10:01:00.000Z", delivery="d2", article={"body": "Wir sind unterwegs."})
    case.refresh_from_db()
    assert case.state == Case.State.DONE
    assert not case.entries.filter(what="note", text__contains="wieder offen").exists()
    assert "Wir sind unterwegs." in heard(vera)  # what somebody said is said, whenever it comes
    hook(bridge, 80, state="open", at="2026-11-29T10:09:00.000Z", delivery="d3")
    assert case.entries.filter(what="note", text__contains="wieder offen").exists()


def test_what_was_given_up_with_the_case_goes_after_it_when_it_is_tried_again(
    bridge: Bridge, zammad: Two, case: Case, vera: Address, berta: Operator
) -> None:
    first = Parcel.objects.get()
    Parcel.objects.update(lost_at=timezone.now(), problem="refused")
    cases.add(case, vera.contact, text="Es wird größer.")
    cases.add(case, vera.contact, text="Noch größer.")
    assert go(bridge) == 0
    assert set(Parcel.objects.exclude(pk=first.pk).values_list("problem", flat=True)) == {"first"}
    actions.retry(first, operator=berta)
    assert go(bridge) == 3
    said_there = [each["body"] for each in zammad[0].articles]
    assert ["Tiefes Loch" in said_there[0], "Es wird" in said_there[1], "Noch" in said_there[2]] == [True] * 3


def test_a_wrong_signature_an_unknown_bridge_and_none_at_all_hear_the_same(bridge: Bridge, case: Case, town: Organisation) -> None:
    go(bridge)
    answers = [
        hook(bridge, 80, secret="falsch"),
        Client().post(reverse("bridges_in:zammad", args=[99999]), b"{}", content_type="application/json"),
    ]
    answers.append(Client().post(reverse("bridges_in:zammad", args=[bridge.pk]), b"{}", content_type="application/json"))
    assert {(each.status_code, each.content) for each in answers} == {(401, b'{"problem": "unauthorised"}')}
    assert not Heard.objects.exists()
    config = json.loads(bridge.config) | {"secret": ""}
    Bridge.objects.filter(pk=bridge.pk).update(config=json.dumps(config))
    assert hook(bridge, 80, secret="").status_code == 401  # without a secret nothing comes in


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ticket": 5}', b'{"ticket": {"id": "x"}}', b"\xff", b"[" * 9000])
def test_a_signed_body_that_says_nothing_is_refused(bridge: Bridge, body: bytes) -> None:
    signature = "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    address = reverse("bridges_in:zammad", args=[bridge.pk])
    answer = Client().post(address, body, content_type="application/json", headers={"X-Hub-Signature": signature})
    assert answer.status_code == 422


def test_tickets_that_are_not_ours_are_passed_over(bridge: Bridge, case: Case, vera: Address) -> None:
    go(bridge)
    assert hook(bridge, 4711, article={"body": "für jemand anderen"}).status_code == 200
    assert heard(vera) == ""


def test_later_words_and_answers_become_articles(bridge: Bridge, zammad: Two, case: Case, vera: Address, berta: Operator) -> None:
    go(bridge)
    cases.add(case, vera.contact, text="Es wird größer.")
    cases.answer(case, "Danke, wir schauen.", operator=berta)
    cases.note(case, "Quittenmarmelade", operator=berta)
    cases.move(case, Case.State.REJECTED, operator=berta, words="Nicht unsere Straße.")
    assert go(bridge) == 3  # one after the other, in order
    later = zammad[0].articles[1:]
    assert [each["ticket_id"] for each in later] == [80, 80, 80]
    assert ["größer" in later[0]["body"], "wir schauen" in later[1]["body"], "Abgelehnt" in later[2]["body"]] == [True] * 3
    assert [each["internal"] for each in later] == [False, True, False]
    assert "Quitten" not in json.dumps(zammad[0].articles)


def test_a_ticket_and_an_article_without_an_answer_are_looked_for_first(bridge: Bridge, zammad: Two, case: Case, vera: Address) -> None:
    there = zammad[0]
    there.mute = 1
    assert go(bridge) == 0
    assert sending.go(bridge.pk, timezone.now() + timedelta(minutes=2)) == 1
    assert (len(there.tickets), Passage.objects.get().external_id) == (1, "80")
    cases.add(case, vera.contact, text="mehr")
    there.mute = 1
    assert go(bridge) == 0
    assert sending.go(bridge.pk, timezone.now() + timedelta(minutes=2)) == 1
    assert len(there.articles) == 2


def test_pictures_of_an_article_are_fetched_from_that_zammad_alone(bridge: Bridge, zammad: Two, case: Case) -> None:
    go(bridge)
    passage = Passage.objects.get()
    listening.fetch(
        passage.pk, [("nachher.jpg", f"{zammad[1].url}/api/v1/ticket_attachment/80/200/1"), ("x.jpg", "https://boese.example/x.jpg")]
    )
    photo = Photo.objects.get(case=case)
    assert photo.kind == Photo.Kind.AFTER
    assert len([each for each in zammad[1].asked if "attachment" in each.path]) == 1


def test_a_wrong_token_is_named(bridge: Bridge, zammad: Two, case: Case) -> None:
    config = json.loads(bridge.config) | {"token": "falsch"}
    Bridge.objects.filter(pk=bridge.pk).update(config=json.dumps(config))
    with pytest.raises(Trouble) as problem:
        letters.kind(bridge).check(letters.config(Bridge.objects.get()))
    assert problem.value.problem == "forbidden"
    assert go(bridge) == 0
    assert Parcel.objects.get().lost_at is None  # somebody may put it right within the day
