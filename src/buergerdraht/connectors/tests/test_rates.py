"""How fast a channel may send: what everybody may, less where one likes, more where the provider grants it."""

from __future__ import annotations

import pytest

from buergerdraht.connectors.contract import Limits


@pytest.mark.parametrize(
    ("most", "wanted", "allowed"),
    [(0.0, None, 80.0), (0.0, 20.0, 20.0), (0.0, 500.0, 80.0), (1000.0, None, 80.0), (1000.0, 500.0, 500.0), (1000.0, 5000.0, 1000.0)],
)
def test_a_channel_sends_as_fast_as_was_entered_and_the_provider_grants(most: float, wanted: float | None, allowed: float) -> None:
    assert Limits(text=1, caption=1, buttons=0, button_title=0, rate=80.0, most_rate=most).allowed(wanted) == allowed
