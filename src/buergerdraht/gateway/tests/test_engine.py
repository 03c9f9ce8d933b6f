from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from double import Double, Provider

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Receipt, ReceiptState, Rejected, Temporary
from buergerdraht.gateway import ingest, outbox, receipts
from buergerdraht.gateway.engine import decide
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound, Part, Traffic

pytestmark = pytest.mark.django_db(transaction=True)
State = Outbound.State
Wait = Callable[..., None]


def states(**which: Any) -> list[str]:
    return list(Outbound.objects.filter(**which).order_by("id").values_list("state", flat=True))


def done() -> bool:
    return not Outbound.objects.filter(state__in=["queued", "sending", "doubt"]).exists()


def put(channel: Channel, address: str, text: str, purpose: str = "newsletter", **more: Any) -> Outbound:
    return outbox.put(channel, address, Content(text=text), purpose=purpose, **more)


def test_everything_queued_goes_out_once(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    for number in range(300):
        put(channel, f"citizen{number % 100}", f"m{number}", batch=1)
    start_engine()
    until(done, 20)
    assert set(states()) == {"accepted"}
    assert sorted(provider.texts()) == sorted(f"m{number}" for number in range(300))
    assert Part.objects.count() == 300
    assert not Outbound.objects.filter(accepted_at=None).exists()


def test_one_address_gets_one_at_a_time_and_in_order(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 5."""
    provider.latency = 0.01
    for number in range(40):
        put(channel, f"citizen{number % 4}", f"m{number:02}\nagain{number:02}", "reply")
    start_engine()
    until(done, 20)
    assert provider.most_flying == 1
    for citizen in range(4):
        told = provider.texts(f"citizen{citizen}")
        assert told == [text for number in range(citizen, 40, 4) for text in (f"m{number:02}", f"again{number:02}")]


def test_a_failed_second_part_is_retried_alone(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 5."""
    provider.fail["anna:two"] = [Temporary("unavailable", retry_after=0.1)]
    put(channel, "anna", "one\ntwo\nthree", "reply")
    put(channel, "anna", "after", "reply")
    start_engine()
    until(done)
    assert provider.texts() == ["one", "two", "three", "after"]
    assert list(Outbound.objects.order_by("id").values_list("tries", "parts_done")) == [(1, 3), (0, 1)]


def test_answers_pass_newsletters_and_alerts_pass_all(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 8."""
    Channel.objects.update(rate=20)
    for number in range(60):
        put(channel, f"citizen{number}", "news", batch=1)
    start_engine()
    until(lambda: len(provider.calls) > 5)
    put(channel, "citizen59", "answer", "reply")
    put(channel, "berta", "alert", "alert")
    until(lambda: "answer" in provider.texts() and "alert" in provider.texts(), 3)
    assert len(provider.calls) < 30


def test_limits_burn_no_tries_and_their_time_is_kept(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 8."""
    provider.fail["anna"] = [Temporary("rate_limit", retry_after=0.5, limit=True, scope="channel") for _ in range(3)]
    provider.fail["berta"] = [Temporary("pair_limit", retry_after=0.3, limit=True, scope="pair") for _ in range(9)]
    put(channel, "anna", "a")
    put(channel, "berta", "b")
    put(channel, "carla", "c")
    start_engine()
    until(done, 15)
    assert set(Outbound.objects.values_list("state", "tries")) == {("accepted", 0)}
    times = [at for at, address, *_ in provider.calls if address == "anna"]
    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(times))


def test_stop_reaches_queued_rows_within_a_second(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 9."""
    Channel.objects.update(rate=30)
    rows = [put(channel, f"citizen{number}", "news", batch=5) for number in range(200)]
    start_engine()
    until(lambda: len(provider.accepted) > 10)
    outbox.cancel(channel.id, rows[-1].address_hash, ["newsletter"])
    outbox.hold(5)
    time.sleep(0.3)
    held = len(provider.calls)
    time.sleep(1.0)
    assert len(provider.calls) == held
    outbox.release(5)
    until(lambda: len(provider.calls) > held + 10)
    stopped = outbox.stop(5)
    time.sleep(0.5)
    after = len(provider.calls)
    time.sleep(0.5)
    assert len(provider.calls) == after
    assert Outbound.objects.filter(state=State.CANCELLED).count() == stopped + 1
    assert len(provider.accepted) + stopped + 1 == 200
    assert "citizen199" not in {address for address, _ in provider.accepted}


def test_a_poisoned_content_fails_alone(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    put(channel, "anna", "poison")
    put(channel, "berta", "fine")
    provider.fail["carla"] = [RuntimeError("bug")]
    put(channel, "carla", "crash")
    start_engine()
    until(done)
    assert states() == ["failed", "accepted", "unclear"]


def test_a_letter_that_always_fails_keeps_nobody_from_a_provider(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait
) -> None:
    """It alone makes the provider seem down; then somebody else's letter feels for it, and finds it well."""
    provider.fail["anna"] = [Temporary("unavailable", retry_after=0.05) for _ in range(1000)]
    poisoned = put(channel, "anna", "poisoned", "alert")
    start_engine()
    until(lambda: len(provider.calls) >= 9, 15)
    for address in ("berta", "carla"):
        put(channel, address, "news")
    until(done, 15)
    assert states() == ["failed", "accepted", "accepted"]
    poisoned.refresh_from_db()
    assert poisoned.reason == "tries_used_up"


def test_where_nobody_else_waits_the_same_letter_feels_again(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    provider.fail["anna"] = [Temporary("unavailable", retry_after=0.05) for _ in range(10)]
    letter = put(channel, "anna", "alarm", "alert")
    start_engine()
    until(done, 20)
    letter.refresh_from_db()
    assert (letter.state, letter.tries, len(provider.calls)) == ("accepted", 7, 11)


def test_a_block_becomes_an_event_and_a_refusal_says_why(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    provider.fail["anna"] = [AddressGone("blocked")]
    provider.fail["berta"] = [Rejected("opted_out", scope="newsletter")]
    provider.fail["carla"] = [Rejected("window_closed", scope="window")]
    for address in ("anna", "berta", "carla"):
        put(channel, address, "news")
    start_engine()
    until(done)
    assert list(Outbound.objects.order_by("id").values_list("state", "reason")) == [
        ("failed", "blocked"), ("failed", "opted_out"), ("failed", "window_closed"),
    ]  # fmt: skip
    until(lambda: InboundEvent.objects.filter(source="engine").count() == 2)
    assert {b'"scope":"newsletter"' in bytes(event.body) for event in InboundEvent.objects.all()} == {True, False}


def test_a_refused_template_is_not_tried_with_everybody(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    from buergerdraht.connectors.contract import TemplateUse

    Channel.objects.update(rate=20)
    provider.fail["*"] = [Rejected("template_refused", scope="template") for _ in range(100)]
    content = outbox.store(channel.organisation, Content(text="x", template=TemplateUse(name="info", language="de")))
    for number in range(100):
        outbox.put(channel, f"citizen{number}", content, purpose="newsletter", batch=4)
    start_engine()
    until(done)
    assert set(Outbound.objects.values_list("state", "reason")) == {("failed", "template_refused")}
    assert len(provider.calls) < 10


def test_a_broken_channel_stops_and_keeps_its_letters(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    Channel.objects.update(rate=20)
    provider.fail["*"] = [ChannelBroken("token_invalid", "expired") for _ in range(50)]
    for number in range(30):
        put(channel, f"citizen{number}", "news")
    start_engine()
    until(lambda: Channel.objects.get().state == "broken")
    time.sleep(0.7)
    calls = len(provider.calls)
    time.sleep(0.7)
    assert len(provider.calls) == calls < 15
    assert set(Outbound.objects.values_list("state", "tries")) == {("queued", 0)}
    provider.fail.clear()
    Channel.objects.update(state="running", reason="")
    until(done, 15)
    assert set(states()) == {"accepted"}


def test_what_is_too_old_is_not_sent(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    from django.utils import timezone

    put(channel, "anna", "news", expires_at=timezone.now())
    put(channel, "anna", "fresh")
    start_engine()
    until(done)
    assert list(Outbound.objects.order_by("id").values_list("state", "reason")) == [("failed", "expired"), ("accepted", "")]
    assert provider.texts() == ["fresh"]


def test_a_doubt_without_receipts_is_shown_or_sent_again(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 7, for a messenger without receipts."""
    for address in ("anna", "berta"):
        provider.reset[address] = [Temporary(maybe_sent=True)]
    put(channel, "anna", "news")
    put(channel, "berta", "answer", "reply")
    start_engine()
    until(done)
    assert list(Outbound.objects.order_by("id").values_list("state", "reason")) == [("unclear", "unclear"), ("accepted", "")]
    assert sorted(provider.texts()) == ["answer", "answer", "news"]


def test_a_doubt_is_settled_by_the_echoed_token(echoing: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 7, for a messenger that echoes our token."""
    from django.utils import timezone

    provider.reset["anna:one"] = [Temporary(maybe_sent=True)]
    row = put(echoing, "anna", "one\ntwo")
    start_engine()
    until(lambda: states() == ["doubt"])
    receipts.apply(echoing.id, [Receipt(external_id="w1", state=ReceiptState.DELIVERED, at=timezone.now(), token=f"{row.id}.0")])
    until(done)
    assert provider.texts() == ["one", "two"]
    assert states() == ["accepted"]


def test_a_doubt_no_receipt_settles_ends_by_purpose(
    echoing: Channel, provider: Provider, start_engine: Any, until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "DOUBT_SECONDS", 0.2)
    for address in ("anna", "berta"):
        provider.fail[address] = [Temporary(maybe_sent=True)]
    put(echoing, "anna", "news")
    put(echoing, "berta", "answer", "reply")
    start_engine()
    until(done)
    assert states() == ["unclear", "accepted"]
    assert provider.texts() == ["answer"]


def test_a_planned_stop_leaves_nothing_in_doubt(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    provider.latency = 0.3
    for number in range(200):
        put(channel, f"citizen{number}", "news")
    running = start_engine()
    until(lambda: len(provider.calls) > 20)
    running.stop()
    assert set(states()) <= {"accepted", "queued"}
    assert states().count("accepted") == len(provider.accepted)


def test_rows_of_a_dead_engine_are_in_doubt(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    """Law 7: sent again for answers, shown for newsletters."""
    put(channel, "anna", "answer", "reply")
    put(channel, "berta", "news")
    Outbound.objects.update(state=State.SENDING, claimed_by="dead", parts_total=1)
    start_engine()
    until(done)
    assert states() == ["accepted", "unclear"]


def test_a_receipt_that_came_before_the_heir_settles_the_orphan(
    echoing: Channel, provider: Provider, start_engine: Any, until: Wait
) -> None:
    from django.utils import timezone

    row = put(echoing, "anna", "news")
    Outbound.objects.update(state=State.SENDING, claimed_by="dead", parts_total=1)
    receipts.apply(echoing.id, [Receipt(external_id="w1", state=ReceiptState.SENT, at=timezone.now(), token=f"{row.id}.0")])
    assert states() == ["sending"]
    start_engine()
    until(lambda: states() == ["accepted"])
    assert provider.texts() == []


def test_two_engines_share_the_channels_and_double_nothing(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    start_engine()
    start_engine()
    for number in range(100):
        put(channel, f"citizen{number}", f"m{number}")
    until(done)
    assert len(provider.accepted) == 100


def test_the_engine_survives_the_loss_of_its_connections(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:

    Channel.objects.update(rate=60)
    for number in range(150):
        put(channel, f"citizen{number}", f"m{number}")
    start_engine()
    for _ in range(3):
        time.sleep(0.6)
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'buergerdraht engine%%'")
    until(done, 20)
    assert states().count("accepted") == 150
    assert len(provider.accepted) == 150


def test_the_pair_limit_is_kept_beforehand(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    monkeypatch.setattr(Double, "limits", msgspec.structs.replace(Double.limits, pair_interval=0.4, pair_burst=2))
    for number in range(4):
        put(channel, "anna", f"m{number}", "reply")
    start_engine()
    until(done)
    times = [at for at, *_ in provider.calls]
    assert provider.texts() == ["m0", "m1", "m2", "m3"]
    # Seen at the provider, a call may have been a little longer on its way than the next.
    assert times[2] - times[0] >= 0.35
    assert times[3] - times[2] >= 0.35


def listens() -> bool:
    """Whether the engine hears what it is told; it sends before that."""
    with connection.cursor() as cursor:
        cursor.execute("select from pg_stat_activity where datname = current_database() and query like 'listen outbox%' and state = 'idle'")
        return cursor.fetchone() is not None


def test_presses_are_answered_by_the_engine(channel: Channel, provider: Provider, start_engine: Any, until: Wait) -> None:
    put(channel, "anna", "hello", "reply")
    start_engine()
    until(lambda: done() and listens())
    ingest.acknowledge(channel, "press-1")
    ingest.mark_read(channel, "m1", "anna")
    until(lambda: provider.acknowledged == ["press-1"], 3)


def test_the_traffic_log_holds_no_address(channel: Channel) -> None:
    assert not any("address" in field.name for field in Traffic._meta.get_fields())


def test_a_channel_that_runs_dry_sends_what_was_queued_and_pauses_itself(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait
) -> None:
    before = [put(channel, f"citizen{number}", "news", batch=5) for number in range(20)]
    Channel.objects.update(state="draining", drain_to=before[-1].id)
    later = put(channel, "late", "news", batch=5)
    start_engine()
    until(lambda: Channel.objects.get().state == "paused")
    assert set(Outbound.objects.filter(id__in=[row.id for row in before]).values_list("state", flat=True)) == {"accepted"}
    assert Outbound.objects.get(id=later.id).state == "queued"
    assert Channel.objects.get().drain_to is None


def test_when_the_window_closed_meanwhile_the_template_that_stands_by_goes(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait
) -> None:
    row = put(channel, "anna", "free")
    Outbound.objects.filter(id=row.id).update(otherwise=outbox.store(channel.organisation, Content(text="template")))
    provider.fail["anna:free"] = [Rejected("window_closed", scope="window")]
    start_engine()
    until(lambda: Outbound.objects.get().state == "accepted")
    assert provider.texts("anna") == ["template"]


def test_a_slow_channel_sends_evenly_and_wastes_nothing_of_its_rate(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait
) -> None:
    Channel.objects.update(rate=30)
    for number in range(150):
        put(channel, f"citizen{number}", "news", batch=5)
    start_engine()
    until(done, 20)
    times = [at for at, *_ in provider.calls]
    assert times[-1] - times[0] < 150 / 30 * 1.3
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 0.6
