"""Whatever kind of channel there is, all of it is there: a page for administrators, somebody who plays the provider, a phone, a journey."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Connector
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers import providers
from buergerdraht.simulator.town import Town

ROOT = Path(__file__).parents[1]
PHONES = (ROOT / "src/buergerdraht/simulator/static/phones.js").read_text("utf-8")
SHEETS = "".join(each.read_text("utf-8") for each in (ROOT / "src/buergerdraht/simulator/static").glob("*.css"))
# Who shares a page, because they are set up at one place; all others have one of their own name.
SHARED = {
    "instagram": "messenger", "threads": "facebook-page", "facebook_page": "facebook-page",
    "whatsapp_app": "by_hand", "whatsapp_channel": "by_hand", "whatsapp_status": "by_hand",
}  # fmt: skip
OUR_OWN = {"webchat"}  # nobody provides it: its phone is a page of ours
AT_ANOTHERS = {"telegram_channel": "telegram"}  # one bot and one double for both
of_each = pytest.mark.parametrize("found", registry.kinds(), ids=lambda found: found.kind)


@of_each
def test_a_page_tells_how_it_is_set_up_and_the_first_hour_leads_there(found: type[Connector]) -> None:
    name = f"{SHARED.get(found.kind, found.kind)}.md"
    page = (ROOT / "docs/administration" / name).read_text("utf-8")
    assert found.title in page
    assert "Kanal anlegen" in page
    assert "Kanal starten" in page
    assert f"(../administration/{name})" in (ROOT / "docs/handbook/einrichten.md").read_text("utf-8")


@of_each
def test_somebody_plays_its_provider_and_it_has_a_phone_of_its_own_look(found: type[Connector]) -> None:
    town = Town()
    doubles = providers(town, Delivery(town))
    played = found.kind in doubles or AT_ANOTHERS.get(found.kind) in doubles
    assert played != (found.by_hand or found.kind in OUR_OWN), "either somebody plays it, or nobody provides it"
    if played:
        look = re.search(rf"\b{found.kind}: \"(phone--\w+)\"", PHONES)
        assert re.search(rf"\.{look[1] if look else f'phone--{found.kind}'}\b", SHEETS)


@of_each
def test_a_journey_walks_it(found: type[Connector]) -> None:
    journeys = ROOT / "tests/journeys"
    named = [each for each in journeys.glob("test_*.py") if re.search(rf"[\"']{found.kind}[\"']", each.read_text("utf-8"))]
    assert named or (journeys / f"test_{found.kind}.py").exists()
