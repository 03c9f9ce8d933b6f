"""A broadcast appears in public: through the one door by machine, by hand where no API is, each place counted once and never forgotten."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.broadcasts import actions, checks, posts, publishing, reminding, sending
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.connectors.contract import PUBLIC
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Batch, Channel, Outbound, Part
from buergerdraht.simulator.samples import picture

State = Posting.State


@pytest.fixture
def mastodon(town: Organisation) -> Channel:
    config = {"host": "https://social.example", "access_token": "geheim", "account": "musterstadt"}
    return Channel.objects.create(organisation=town, kind="mastodon", name="Mastodon", config=json.dumps(config), state="running")


@pytest.fixture
def by_hand(town: Organisation) -> Channel:
    config = {"name": "Stadt", "address": "https://whatsapp.com/channel/0029"}
    return Channel.objects.create(
        organisation=town, kind="whatsapp_channel", name="WhatsApp-Kanal", config=json.dumps(config), state="running"
    )


@pytest.fixture
def public(draft: Broadcast, mastodon: Channel, by_hand: Channel, editor: Operator) -> Broadcast:
    wishes = [posts.Wish(mastodon.pk, "de", "Kurz: Der Markt zieht um."), posts.Wish(by_hand.pk)]
    return actions.change(draft, operator=editor, version=draft.version, postings=wishes)


@pytest.fixture
def begun(public: Broadcast, people: list[Address], editor: Operator, approver: Operator) -> Broadcast:
    actions.submit(public, operator=editor)
    actions.approve(public, operator=approver)
    sending.round_of_all()
    public.refresh_from_db()
    return public


def posting(channel: Channel) -> Posting:
    return Posting.objects.select_related("outbound", "channel__organisation", "broadcast").get(channel=channel)


def accept(letter: Outbound, number: str = "1100") -> None:
    Outbound.objects.filter(pk=letter.pk).update(state="accepted", accepted_at=timezone.now(), parts_total=1, parts_done=1)
    Part.objects.create(outbound=letter, channel=letter.channel, position=0, external_id=number, state="accepted", at=timezone.now())


# ── Written and released ──────────────────────────────────────────────────


def test_only_public_places_of_ones_own_house_can_be_chosen(draft: Broadcast, editor: Operator, telegram: Channel) -> None:
    other = Organisation.objects.create(slug="nebenan", name="Nebenan")
    foreign = Channel.objects.create(organisation=other, kind="mastodon", name="Fremd", config="{}", state="running")
    wishes = [posts.Wish(telegram.pk), posts.Wish(foreign.pk), posts.Wish(0)]
    actions.change(draft, operator=editor, version=draft.version, postings=wishes)
    assert not Posting.objects.exists()


def test_a_change_of_the_public_words_needs_a_new_release(
    public: Broadcast, people: list[Address], editor: Operator, approver: Operator, mastodon: Channel
) -> None:
    public.scheduled_at = timezone.now() + timedelta(days=1)
    public.save()
    actions.submit(public, operator=editor)
    approved = actions.approve(public, operator=approver)
    assert approved.state == "approved"
    same = actions.change(approved, operator=editor, version=approved.version, postings=posts.wishes(approved))
    assert same.state == "approved"
    changed = actions.change(same, operator=editor, version=same.version, postings=[posts.Wish(mastodon.pk, "de", "Anders")])
    assert (changed.state, changed.approver) == ("draft", None)
    assert [each.text for each in Posting.objects.all()] == ["Anders"]


def test_too_many_letters_forbid_the_release(public: Broadcast, people: list[Address], editor: Operator, mastodon: Channel) -> None:
    public = actions.change(public, operator=editor, version=public.version, postings=[posts.Wish(mastodon.pk, "", "x" * 501)])
    with pytest.raises(ValidationError) as refused:
        actions.submit(public, operator=editor)
    assert any("501" in text and text.startswith("Mastodon") for text in refused.value.messages)


def test_a_town_without_subscribers_may_speak_in_public(public: Broadcast) -> None:
    assert not checks.errors(public)
    Posting.objects.all().delete()
    assert checks.errors(public)


def test_what_is_said_has_no_way_out_and_no_answer_buttons(public: Broadcast, by_hand: Channel) -> None:
    public.versions["de"]["choices"] = [{"id": "b0", "title": "Plan", "url": "https://stadt.example"}, {"id": "b1", "title": "Frage"}]
    said = posts.content_of(public, posts.Wish(by_hand.pk))
    assert (said.footer, [choice.title for choice in said.choices], said.language) == ("", ["Plan"], "de")


def test_public_places_are_no_way_to_people(public: Broadcast, telegram: Channel, whatsapp: Channel, mastodon: Channel) -> None:
    assert {channel.kind for channel in checks.chosen_channels(public)} == {"telegram", "whatsapp"}


def test_a_post_that_cannot_be_prepared_fails_alone(
    public: Broadcast, people: list[Address], editor: Operator, approver: Operator, mastodon: Channel, by_hand: Channel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A warning must not stay with us because a public page is set up wrongly."""
    actions.submit(public, operator=editor)
    actions.approve(public, operator=approver)
    with monkeypatch.context() as broken:
        broken.setattr(
            outreach, "publish", lambda *_, **__: Posting.objects.create(broadcast=public, channel=by_hand)
        )  # breaks a constraint
        sending.round_of_all()
    public.refresh_from_db()
    assert public.state == "sending"
    assert Outbound.objects.filter(batch=public.pk, state="queued").count() == len(people)
    assert (posts.step(posting(mastodon)), posts.step(posting(by_hand))) == ("failed", "handed")
    assert posts.reason(posting(mastodon)) is not None
    publishing.retry(posting(mastodon), operator=editor)
    assert (posts.step(posting(mastodon)), posts.reason(posting(mastodon))) == ("queued", None)


def test_a_post_that_still_cannot_be_prepared_says_so(
    begun: Broadcast, editor: Operator, mastodon: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Posting.objects.filter(channel=mastodon).update(outbound=None)
    with monkeypatch.context() as broken:
        broken.setattr(outreach, "publish", lambda *_, **__: 1 / 0)
        with pytest.raises(ValidationError, match="Prüfen Sie den Zugang"):
            publishing.retry(posting(mastodon), operator=editor)
    actions.stop(begun, operator=editor)
    with pytest.raises(ValidationError, match="abgebrochen"):
        publishing.retry(posting(mastodon), operator=editor)
    assert posts.step(posting(mastodon)) == "failed"


# ── By machine ────────────────────────────────────────────────────────────


def test_the_machines_post_is_one_letter_to_everybody(begun: Broadcast, mastodon: Channel, people: list[Address]) -> None:
    post = posting(mastodon)
    letter = post.outbound
    assert (post.state, posts.step(post)) == ("queued", "queued")
    assert (letter.address, letter.batch, letter.purpose) == (PUBLIC, begun.pk, "newsletter")
    assert letter.content.content["text"] == "Kurz: Der Markt zieht um."
    assert begun.recipients.count() == len(people)
    assert not begun.recipients.filter(outbound=letter).exists()


def test_it_is_followed_to_where_it_can_be_read(begun: Broadcast, mastodon: Channel) -> None:
    accept(posting(mastodon).outbound)
    assert publishing.follow() == 1
    post = posting(mastodon)
    assert (post.state, post.url) == ("sent", "https://social.example/@musterstadt/1100")
    assert post.published_at is not None
    assert publishing.follow() == 0


def test_a_post_in_doubt_is_decided_on_its_own_and_never_posted_blindly(
    begun: Broadcast, mastodon: Channel, telegram: Channel, editor: Operator
) -> None:
    Outbound.objects.filter(batch=begun.pk).update(state="unclear", reason="unclear")
    assert actions.settle(begun, operator=editor, again=True) == 6
    post = posting(mastodon)
    assert posts.step(post) == "unclear"
    publishing.settle(post, operator=editor, again=False)
    assert posts.step(posting(mastodon)) == "sent"
    with pytest.raises(ValidationError):
        publishing.settle(posting(mastodon), operator=editor, again=True)


def test_a_failed_post_is_tried_again_by_a_person(begun: Broadcast, mastodon: Channel, editor: Operator) -> None:
    Outbound.objects.filter(channel=mastodon).update(state="failed", reason="content_refused")
    post = posting(mastodon)
    assert posts.step(post) == "failed"
    assert posts.reason(post).title == "Der Dienst hat den Inhalt abgelehnt"  # type: ignore[union-attr]
    publishing.retry(post, operator=editor)
    assert posts.step(posting(mastodon)) == "queued"
    assert Batch.objects.get(pk=begun.pk).state == "open"


def test_what_was_stopped_is_not_posted_any_more(begun: Broadcast, mastodon: Channel, by_hand: Channel, editor: Operator) -> None:
    Outbound.objects.filter(channel=mastodon).update(state="unclear")
    actions.stop(begun, operator=editor)
    assert posting(by_hand).state == "skipped"
    with pytest.raises(ValidationError):
        publishing.settle(posting(mastodon), operator=editor, again=True)


def test_quiet_hours_hold_for_posts_unless_it_is_urgent(town: Organisation, mastodon: Channel) -> None:
    now = timezone.localtime()
    town.quiet_from, town.quiet_until = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    town.save()
    channel = Channel.objects.select_related("organisation").get(pk=mastodon.pk)
    said = posts.Content(text="Hallo")
    assert outreach.publish(channel, said, batch=1).not_before is not None
    assert outreach.publish(channel, said, batch=1, urgent=True).not_before is None


def test_the_door_lets_no_post_to_people_or_to_hands(by_hand: Channel, telegram: Channel) -> None:
    for channel in (by_hand, telegram):
        with pytest.raises(outreach.Refused):
            outreach.publish(channel, posts.Content(text="Hallo"), batch=1)
    assert not Outbound.objects.exists()


# ── A place that stands still ─────────────────────────────────────────────


@pytest.fixture
def waiting(begun: Broadcast, mastodon: Channel) -> Broadcast:
    """Everybody has theirs; the post waits for a login that expired."""
    Channel.objects.filter(pk=mastodon.pk).update(state="broken", reason="token_invalid")
    Outbound.objects.filter(batch=begun.pk).exclude(channel=mastodon).update(state="accepted", accepted_at=timezone.now())
    sending.round_of_all()
    begun.refresh_from_db()
    return begun


def test_a_broadcast_is_done_when_people_have_theirs(waiting: Broadcast, mastodon: Channel) -> None:
    assert (waiting.state, waiting.finished_at is not None) == ("done", True)
    assert (posts.step(posting(mastodon)), Batch.objects.get(pk=waiting.pk).state) == ("queued", "open")


def test_people_who_still_wait_keep_it_going(begun: Broadcast, mastodon: Channel) -> None:
    Outbound.objects.filter(channel=mastodon).update(state="accepted", accepted_at=timezone.now())
    sending.round_of_all()
    begun.refresh_from_db()
    assert begun.state == "sending"


def test_its_page_says_what_waits_and_why(
    waiting: Broadcast, mastodon: Channel, town: Organisation, editor: Operator, client: Client
) -> None:
    client.force_login(editor)
    page = client.get(reverse("broadcasts:detail", args=["musterstadt", waiting.pk])).content.decode()
    assert (
        "Der Versand an die Menschen ist fertig. 1 öffentlicher Beitrag wartet: Mastodon – Die Anmeldung beim Dienst gilt nicht mehr."
        in page
    )
    assert "Zum Kanal" not in page
    Membership.objects.filter(operator=editor).update(roles=["editor", "administrator"])
    page = client.get(reverse("broadcasts:detail", args=["musterstadt", waiting.pk])).content.decode()
    assert reverse("gateway:channel", args=["musterstadt", mastodon.pk]) in page
    assert "öffentlicher Beitrag wartet" in client.get(reverse("broadcasts:list", args=["musterstadt"])).content.decode()
    Channel.objects.filter(pk=mastodon.pk).update(state="running", reason="")
    assert "öffentlicher Beitrag wartet" not in client.get(reverse("broadcasts:list", args=["musterstadt"])).content.decode()
    accept(posting(mastodon).outbound)
    sending.round_of_all()
    page = client.get(reverse("broadcasts:detail", args=["musterstadt", waiting.pk])).content.decode()
    assert "Beitrag wartet" not in page
    assert Batch.objects.get(pk=waiting.pk).state == "done"


def test_a_waiting_post_can_be_left_out(waiting: Broadcast, mastodon: Channel, editor: Operator, client: Client) -> None:
    client.force_login(editor)
    leave = reverse("broadcasts:posting_act", args=["musterstadt", waiting.pk, posting(mastodon).pk, "auslassen"])
    detail = reverse("broadcasts:detail", args=["musterstadt", waiting.pk])
    assert client.post(leave, {"grund": ""})["Location"] == detail
    assert posting(mastodon).state == "queued"
    client.post(leave, {"grund": "Konto gesperrt"})
    post = posting(mastodon)
    assert (post.state, post.note, post.outbound.state) == ("skipped", "Konto gesperrt", "cancelled")
    assert "Beitrag wartet" not in client.get(detail).content.decode()


@pytest.mark.parametrize("state", ["sending", "doubt", "unclear", "accepted"])
def test_what_is_on_its_way_cannot_be_left_out(begun: Broadcast, mastodon: Channel, editor: Operator, state: str) -> None:
    Outbound.objects.filter(channel=mastodon).update(state=state)
    with pytest.raises(ValidationError, match="unterwegs"):
        publishing.skip(posting(mastodon), operator=editor, reason="zu spät")
    assert posting(mastodon).state == "queued"


def test_a_post_that_outlasts_its_broadcast_keeps_the_quiet_hours(waiting: Broadcast, mastodon: Channel, town: Organisation) -> None:
    Channel.objects.filter(pk=mastodon.pk).update(state="running")
    now = timezone.localtime()
    hours = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_until": (now + timedelta(hours=1)).time()}
    Organisation.objects.filter(pk=town.pk).update(**hours)
    sending.round_of_all()
    assert Batch.objects.get(pk=waiting.pk).state == "resting"
    assert posts.standing(posting(mastodon)) == "Es ist Ruhezeit"
    Organisation.objects.filter(pk=town.pk).update(quiet_from=None, quiet_until=None)
    sending.round_of_all()
    assert Batch.objects.get(pk=waiting.pk).state == "open"


# ── By hand ───────────────────────────────────────────────────────────────


def test_what_only_a_person_can_post_is_prepared_and_handed_over(begun: Broadcast, by_hand: Channel) -> None:
    post = posting(by_hand)
    assert (post.state, post.outbound) == ("handed", None)
    assert posts.prepared(post) == "*Der Markt zieht um*\n\nAuf den *Rathausplatz*."
    assert post.remind_at is not None


def test_a_person_confirms_with_link_and_time(begun: Broadcast, by_hand: Channel, editor: Operator) -> None:
    at = timezone.now() - timedelta(minutes=5)
    publishing.confirm(posting(by_hand), operator=editor, url="https://whatsapp.com/channel/0029/101", at=at)
    post = posting(by_hand)
    assert (post.state, post.url, post.published_at, post.confirmed_by) == (
        "confirmed", "https://whatsapp.com/channel/0029/101", at, editor,
    )  # fmt: skip
    assert posts.figures(posts.lines(begun)) == {"total": 2, "published": 1}
    with pytest.raises(ValidationError):
        publishing.skip(post, operator=editor, reason="doch nicht")


@pytest.mark.parametrize("values", [{"url": "javascript:alert(1)"}, {"url": "whatsapp.com"}, {"at": timezone.now() + timedelta(days=9)}])
def test_what_cannot_be_is_not_confirmed(begun: Broadcast, by_hand: Channel, editor: Operator, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        publishing.confirm(posting(by_hand), operator=editor, **values)
    assert posting(by_hand).state == "handed"


def test_leaving_it_out_needs_a_reason(begun: Broadcast, by_hand: Channel, editor: Operator) -> None:
    with pytest.raises(ValidationError):
        publishing.skip(posting(by_hand), operator=editor, reason=" ")
    publishing.skip(posting(by_hand), operator=editor, reason="Der Kanal ruht")
    assert (posting(by_hand).state, posting(by_hand).note) == ("skipped", "Der Kanal ruht")


def test_a_forgotten_one_is_reminded_once_by_mail(
    begun: Broadcast, by_hand: Channel, editor: Operator, approver: Operator, monkeypatch: Any
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(reminding.tell_later, "defer", lambda posting_id, operator_id: told.append((posting_id, operator_id)))
    assert reminding.remind(timezone.now()) == 0
    later = timezone.now() + posts.REMIND_AFTER + timedelta(minutes=1)
    assert reminding.remind(later) == 1
    assert reminding.remind(later) == 0
    assert sorted(told) == sorted((posting(by_hand).pk, operator.pk) for operator in (editor, approver))
    reminding.tell_later.func(*told[0])
    (letter,) = mail.outbox
    assert "WhatsApp-Kanal" in letter.subject
    assert "Rathausplatz" not in letter.body
    assert f"/rundnachrichten/{begun.pk}/beitrag/" in letter.body


def test_one_that_cannot_be_followed_holds_up_no_reminder(
    begun: Broadcast, by_hand: Channel, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks() -> int:
        raise KeyError("a connector that has forgotten itself")

    monkeypatch.setattr(publishing, "follow", breaks)
    monkeypatch.setattr(reminding.tell_later, "defer", lambda **ids: None)
    Posting.objects.filter(pk=posting(by_hand).pk).update(remind_at=timezone.now())
    sending.round_of_all()
    assert posting(by_hand).reminded_at is not None
    assert "broadcast.undone job=breaks problem=KeyError" in caplog.text


def test_nobody_is_reminded_of_what_was_done(begun: Broadcast, by_hand: Channel, editor: Operator) -> None:
    publishing.confirm(posting(by_hand), operator=editor)
    reminding.tell_later.func(posting(by_hand).pk, editor.pk)
    assert not mail.outbox


# ── The telephone ─────────────────────────────────────────────────────────


def test_the_link_opens_this_post_and_no_other_for_a_day(
    begun: Broadcast, by_hand: Channel, mastodon: Channel, editor: Operator, client: Client, time_machine_free: Any
) -> None:
    token = publishing.link(posting(by_hand), editor)
    page = client.get(reverse("handoff:show", args=[token]))
    assert page.status_code == 200
    assert b"*Der Markt zieht um*" in page.content
    assert page["Referrer-Policy"] == "no-referrer"
    assert client.get(reverse("handoff:show", args=[token[:-3] + "xyz"])).status_code == 404
    time_machine_free(publishing.LINK_SECONDS + 5)
    assert client.get(reverse("handoff:show", args=[token])).status_code == 404


@pytest.fixture
def time_machine_free(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Move the clock by which tokens grow old."""
    from django.core import signing

    now = signing.time.time()

    def forward(seconds: float) -> None:
        monkeypatch.setattr(signing.time, "time", lambda: now + seconds)

    return forward


def test_a_renewed_link_shuts_the_earlier_ones(begun: Broadcast, by_hand: Channel, editor: Operator, client: Client) -> None:
    token = publishing.link(posting(by_hand), editor)
    publishing.renew_link(posting(by_hand), operator=editor)
    assert publishing.opened(token) is None
    assert publishing.opened(publishing.link(posting(by_hand), editor)) is not None


def test_who_may_no_longer_write_has_a_link_to_nothing(begun: Broadcast, by_hand: Channel, editor: Operator) -> None:
    token = publishing.link(posting(by_hand), editor)
    Membership.objects.filter(operator=editor).update(roles=["viewer"])
    assert publishing.opened(token) is None


def test_on_the_telephone_it_is_confirmed_in_the_askers_name(begun: Broadcast, by_hand: Channel, editor: Operator, client: Client) -> None:
    token = publishing.link(posting(by_hand), editor)
    wrong = client.post(reverse("handoff:act", args=[token, "fertig"]), {"url": "keine"})
    assert wrong.status_code == 422
    right = client.post(reverse("handoff:act", args=[token, "fertig"]), {"url": "https://whatsapp.com/channel/0029/101"})
    assert right.status_code == 302
    assert (posting(by_hand).state, posting(by_hand).confirmed_by) == ("confirmed", editor)
    assert b"festgehalten" in client.get(reverse("handoff:show", args=[token])).content


def test_the_telephone_gets_the_files_of_this_post_only(
    begun: Broadcast, by_hand: Channel, editor: Operator, client: Client, town: Organisation
) -> None:
    mine, other = (files.store(town, picture(name), f"{name}.jpg", alt="Bild") for name in ("park", "laterne"))
    post = posting(by_hand)
    post.content["media"] = [{"id": str(mine.pk), "kind": "image", "mime": mine.mime, "size": mine.size, "alt": "Bild"}]
    post.save()
    token = publishing.link(post, editor)
    assert client.get(reverse("handoff:picture", args=[token, mine.pk])).status_code == 200
    assert client.get(reverse("handoff:picture", args=[token, other.pk])).status_code == 404
    assert client.get(reverse("handoff:picture", args=["falsch", mine.pk])).status_code == 404


def test_a_get_changes_nothing(begun: Broadcast, by_hand: Channel, editor: Operator, client: Client) -> None:
    token = publishing.link(posting(by_hand), editor)
    assert client.get(reverse("handoff:act", args=[token, "fertig"])).status_code == 405
    assert posting(by_hand).state == "handed"


# ── Screens ───────────────────────────────────────────────────────────────


def test_the_composer_keeps_places_and_words(
    draft: Broadcast, editor: Operator, mastodon: Channel, by_hand: Channel, client: Client
) -> None:
    client.force_login(editor)
    page = client.get(reverse("broadcasts:detail", args=["musterstadt", draft.pk])).content.decode()
    assert "Auch öffentlich" in page
    form = {
        "version": draft.version, "title": "Markt", "heading_de": "Der Markt zieht um", "text_de": "Auf den Rathausplatz.",
        "posts": [mastodon.pk], f"post_text_{mastodon.pk}": "x" * 501, f"post_language_{mastodon.pk}": "en",
    }  # fmt: skip
    saved = client.post(reverse("broadcasts:save", args=["musterstadt", draft.pk]), form).content.decode()
    assert "501" in saved
    assert [(each.channel_id, each.language, len(each.text)) for each in Posting.objects.all()] == [(mastodon.pk, "en", 501)]


def test_the_page_of_a_broadcast_shows_each_place(
    begun: Broadcast, editor: Operator, mastodon: Channel, by_hand: Channel, client: Client
) -> None:
    accept(posting(mastodon).outbound)
    publishing.follow()
    client.force_login(editor)
    page = client.get(reverse("broadcasts:detail", args=["musterstadt", begun.pk])).content.decode()
    assert "1 von 2 veröffentlicht" in page
    assert "https://social.example/@musterstadt/1100" in page
    assert "wartet auf einen Menschen" in page
    desk = client.get(reverse("broadcasts:posting", args=["musterstadt", begun.pk, posting(by_hand).pk]))
    assert b"<svg" in desk.content
    assert desk["Cache-Control"] == "no-store"


def test_nobody_without_the_right_touches_a_post(begun: Broadcast, by_hand: Channel, approver: Operator, client: Client) -> None:
    Membership.objects.filter(operator=approver).update(roles=["viewer"])
    client.force_login(approver)
    post = posting(by_hand)
    desk = client.get(reverse("broadcasts:posting", args=["musterstadt", begun.pk, post.pk])).content.decode()
    assert "Link für das Telefon" not in desk
    assert "Ist veröffentlicht" not in desk
    assert client.post(reverse("broadcasts:posting_act", args=["musterstadt", begun.pk, post.pk, "bestaetigen"])).status_code == 403


def test_the_public_address_is_sealed_like_every_other(begun: Broadcast, mastodon: Channel, town: Organisation) -> None:
    assert bytes(posting(mastodon).outbound.address_hash) == vault.lookup(town.pk, PUBLIC)
