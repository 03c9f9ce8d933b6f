from __future__ import annotations

import pytest

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.gateway.engine.decide import DAY, DOUBT_SECONDS, MOST_TRIES, Decision, Situation, decide, settle

N, R, A, S = "newsletter", "reply", "alert", "service"
CASES: list[tuple[SendError, Situation, Decision]] = [
    # the four failures
    (ChannelBroken("token_invalid"), Situation(N, 3), Decision("queued", "token_invalid", stops="channel")),
    (ChannelBroken("payment"), Situation(A), Decision("queued", "payment", stops="channel")),
    (AddressGone("blocked"), Situation(R), Decision("failed", "blocked", stops="address")),
    (Rejected("content_refused"), Situation(R), Decision("failed", "content_refused")),
    (Rejected("opted_out", scope="newsletter"), Situation(N), Decision("failed", "opted_out", stops="newsletter")),
    (Rejected("template_refused", scope="template"), Situation(N), Decision("failed", "template_refused", stops="template")),
    (Rejected("unknown", scope="window"), Situation(R), Decision("failed", "window_closed")),
    # again, later
    (Temporary("unavailable"), Situation(N, 0), Decision("queued", "unavailable", 1, burns=True)),
    (Temporary("unavailable"), Situation(N, 2), Decision("queued", "unavailable", 15, burns=True)),
    (Temporary("unavailable", retry_after=90), Situation(N), Decision("queued", "unavailable", 90, burns=True)),
    (Temporary("unavailable"), Situation(N, MOST_TRIES[N] - 1), Decision("failed", "tries_used_up")),
    (Temporary("unavailable"), Situation(A, MOST_TRIES[N] - 1), Decision("queued", "unavailable", 600, burns=True)),
    (Temporary("unavailable"), Situation(A, MOST_TRIES[A] - 1), Decision("failed", "tries_used_up")),
    # limits burn no tries, however often they are met
    (Temporary("rate_limit", retry_after=7, limit=True, scope="channel"), Situation(N, 5), Decision("queued", "rate_limit", 7, waits="channel")),  # noqa: E501
    (Temporary("rate_limit", limit=True, scope="channel"), Situation(R, 99), Decision("queued", "rate_limit", 1, waits="channel")),
    (Temporary("pair_limit", limit=True, scope="pair"), Situation(R), Decision("queued", "pair_limit", 1, waits="pair")),
    (Temporary("pair_limit", limit=True, scope="pair"), Situation(R, strikes=2), Decision("queued", "pair_limit", 16, waits="pair")),
    # the provider's cap per person: tomorrow, once more
    (Temporary("person_limit", limit=True), Situation(N), Decision("queued", "person_limit", DAY, burns=True)),
    (Temporary("person_limit", limit=True), Situation(N, 1), Decision("failed", "person_limit")),
    # doubt
    (Temporary(maybe_sent=True), Situation(N, echoes_token=True), Decision("doubt", "unclear", DOUBT_SECONDS)),
    (Temporary(maybe_sent=True), Situation(R, echoes_token=True), Decision("doubt", "unclear", DOUBT_SECONDS)),
    (Temporary(maybe_sent=True), Situation(N), Decision("unclear", "unclear")),
    (Temporary(maybe_sent=True), Situation(R), Decision("queued", "unavailable", 1, burns=True)),
    (Temporary(maybe_sent=True), Situation(S), Decision("queued", "unavailable", 1, burns=True)),
    (Temporary(maybe_sent=True), Situation(A, 3), Decision("queued", "unavailable", 60, burns=True)),
    (Temporary(maybe_sent=True), Situation(R, MOST_TRIES[R] - 1), Decision("unclear", "unclear")),
]  # fmt: skip


@pytest.mark.parametrize(("error", "letter", "decision"), CASES)
def test_each_failure_has_its_decision(error: SendError, letter: Situation, decision: Decision) -> None:
    assert decide(error, letter) == decision


@pytest.mark.parametrize(("purpose", "state"), [(N, "unclear"), (R, "queued"), (S, "queued"), (A, "queued")])
def test_a_doubt_nobody_settled_ends_by_purpose(purpose: str, state: str) -> None:
    assert settle(Situation(purpose)).state == state
