"""A town with its pages: topics, a bot, and a mailbox that is played by a channel of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache

from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import Operator, Organisation, Role
from buergerdraht.broadcasts import actions as broadcasts
from buergerdraht.broadcasts import sending
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, StoredContent
from buergerdraht.website import links, subscribing, ways
from buergerdraht.website.models import SignUp


@pytest.fixture(autouse=True)
def _nobody_asked_before(db: None) -> None:
    cache.clear()  # what was counted of other tests' connections


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en", "de-simple", "ar"])


@pytest.fixture
def topics(town: Organisation) -> list[Topic]:
    titles = {"verkehr": ("Verkehr", "Traffic"), "kultur": ("Kultur", "Culture"), "bauen": ("Bauen", "Building")}
    return [
        Topic.objects.create(organisation=town, key=key, title={"de": german, "en": english}, position=position)
        for position, (key, (german, english)) in enumerate(titles.items())
    ]


@pytest.fixture
def bot(town: Organisation) -> Channel:
    config = TelegramConfig.model_validate(
        {"username": "musterstadt_bot", "bot_token": f"7300000001:{'a' * 35}", "secret_token": "geheim", "host": "http://localhost:1"}
    )
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config=channels.sealed(config), state="running")


@pytest.fixture
def mailbox(bot: Channel, monkeypatch: pytest.MonkeyPatch) -> Channel:
    """Letters go out by the bot's channel: what is asked of the mailbox is the same for every kind."""
    monkeypatch.setattr(ways, "MAIL", "telegram")
    return bot


@pytest.fixture
def letters() -> Callable[[], list[str]]:
    """What was queued for citizens, in the order it was written."""
    return lambda: [row.content.get("text", "") for row in StoredContent.objects.order_by("id")]


@pytest.fixture
def link_in(letters: Callable[[], list[str]]) -> Callable[[], str]:
    """The path of the link in the newest letter."""

    def newest() -> str:
        found = re.search(r"https?://[^/\s]+(/p/\S+)", letters()[-1])
        assert found, letters()
        return found[1]

    return newest


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", "geheim", name="Andrea")
    join(town, operator, [Role.ADMINISTRATOR.value, Role.EDITOR.value])
    return operator


@pytest.fixture
def send(town: Organisation, topics: list[Topic]) -> Callable[..., Broadcast]:
    """Begin to send a broadcast about the first topic, as the worker does."""

    def begin(versions: dict[str, object] | None = None, **audience: object) -> Broadcast:
        said = versions or {"de": {"title": "Der Wochenmarkt zieht um", "text": "Am **Mittwoch** auf dem Rathausplatz."}}
        row = broadcasts.create(town, operator=None, title="Markt", versions=said, audience=audience or {"topics": [topics[0].pk]})
        row.state = Broadcast.State.APPROVED
        row.save(update_fields=["state"])
        assert sending.start(row)
        row.refresh_from_db()
        return row

    return begin


@pytest.fixture
def petra(mailbox: Channel, topics: list[Topic]) -> Address:
    """Somebody who confirmed two topics by mail."""
    subscribing.ask(mailbox, "petra@wohnort.example", topics[:2], "de")
    address = subscribing.confirm(SignUp.objects.get(), "de")
    assert address
    return Address.objects.select_related("contact", "channel", "organisation").get(pk=address.pk)


@pytest.fixture
def page(petra: Address) -> str:
    """Petra's page of settings."""
    return "/p/" + links.to_settings(petra)[0].partition("/p/")[2]
