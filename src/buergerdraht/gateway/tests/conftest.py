"""A town with one channel, for the gateway's own tests."""

from __future__ import annotations

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.gateway.models import Channel


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de"])


@pytest.fixture
def channel(organisation: Organisation) -> Channel:
    return Channel.objects.create(
        organisation=organisation, kind="telegram", name="Telegram", config="{}", state=Channel.State.RUNNING, token="channel-token"
    )
