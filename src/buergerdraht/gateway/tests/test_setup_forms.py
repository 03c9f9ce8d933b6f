"""The form that sets a channel up asks for everything once."""

from __future__ import annotations

import pytest

from buergerdraht.gateway import channels
from buergerdraht.gateway.forms import ChannelForm


@pytest.mark.parametrize("kind", [each.kind for each in channels.kinds()])
def test_no_connector_asks_for_what_every_channel_has(kind: str) -> None:
    form = ChannelForm(kind)
    assert not set(form.wanted) & set(ChannelForm.base_fields), "it would stand twice in the form, and the second would win"
