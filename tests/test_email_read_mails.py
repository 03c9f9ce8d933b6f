"""What becomes of read mails in the mailbox of the strict double: they stay, go to a folder, or are deleted, and nobody else's ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.test_email_at_its_provider import MARK, World, config, world  # noqa: F401 - the fixture

from buergerdraht.simulator.providers import email_imap


def arrived(world: World, text: str, *, days: float, flags: Sequence[str] = ("\\Seen", MARK)) -> dict[str, Any]:  # noqa: F811
    """Let a mail lie in the mailbox that came so long ago, and was dealt with."""
    world.double.write(world.account, world.zoe, text)
    mail: dict[str, Any] = world.account.data["mails"][-1]
    mail["flags"], mail["at"] = list(flags), mail["at"] - days * 86_400
    return mail


async def tidied(world: World, **more: Any) -> list[int]:  # noqa: F811
    """Let the connector look once; gives the numbers of the mails that are still there."""
    world.connector.config = config(world.account, **more)
    told: Any = world.connector.receive()
    hearing = asyncio.create_task(anext(told))
    for _ in range(200):
        if hearing.done() or world.account.data.get("looked", 0):
            break
        await asyncio.sleep(0.01)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await told.aclose()
    return [each["uid"] for each in world.account.data["mails"]]


@pytest.fixture
def old(world: World, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    """Mails of every kind: 1 old and ours, 2 too young, 3 flagged, 4 opened by a person before us, 5 given up by one."""
    arrived(world, "Alt", days=40)
    arrived(world, "Jung", days=10)
    arrived(world, "Wichtig", days=40, flags=("\\Seen", "\\Flagged", MARK))
    arrived(world, "Von Hand gelesen", days=40, flags=("\\Seen",))
    arrived(world, "Von Hand zum Löschen gemerkt", days=40, flags=("\\Seen", "\\Deleted"))
    before = email_imap.Talk.do_idle

    async def idles(self: Any, rest: str, tag: str) -> str:
        world.account.data["looked"] = 1  # the rounds are made
        return await before(self, rest, tag)

    monkeypatch.setattr(email_imap.Talk, "do_idle", idles)
    return world


async def test_read_mails_stay_where_nobody_chose(old: World) -> None:
    assert await tidied(old) == [1, 2, 3, 4, 5]


async def test_old_mails_of_ours_are_deleted_and_nothing_else(old: World) -> None:
    assert await tidied(old, read="delete", read_days=30) == [2, 3, 4, 5]


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 IDLE UNSELECT MOVE", "IMAP4rev1 IDLE UNSELECT UIDPLUS"])
async def test_old_mails_of_ours_go_to_the_folder(old: World, monkeypatch: pytest.MonkeyPatch, capabilities: str) -> None:
    monkeypatch.setattr(email_imap, "CAPABILITIES", capabilities)
    old.account.data["folders"] = {"Archiv": []}
    assert await tidied(old, read="move", read_folder="Archiv") == [2, 3, 4, 5]
    assert [each["uid"] for each in old.account.data["folders"]["Archiv"]] == [1]


@pytest.mark.parametrize(
    ("chosen", "capabilities", "keywords", "code"),
    [
        ({"read": "delete"}, "IMAP4rev1 IDLE UNSELECT", True, "no_deleting"),
        ({"read": "delete"}, "IMAP4rev1 IDLE UNSELECT UIDPLUS", False, "no_marks"),
        ({"read": "move", "read_folder": "Archiv"}, "IMAP4rev1 IDLE UNSELECT UIDPLUS MOVE", True, "no_folder"),
    ],
)
async def test_what_the_server_cannot_do_is_said_and_nothing_is_lost(
    old: World, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any], capabilities: str, keywords: bool, code: str
) -> None:
    monkeypatch.setattr(email_imap, "CAPABILITIES", capabilities)
    monkeypatch.setattr(email_imap, "KEYWORDS", keywords)
    assert await tidied(old, **chosen) == [1, 2, 3, 4, 5]
    health = await old.connector.check()
    assert health.ok
    assert code in [note.code for note in health.findings]


async def test_a_mail_is_marked_once_it_is_stored_and_goes_only_then(world: World) -> None:  # noqa: F811
    """However old it is: what was not stored is never touched."""
    arrived(world, "Hallo", days=400, flags=())
    world.connector.config = config(world.account, read="delete", read_days=7)
    told: Any = world.connector.receive()
    assert (await anext(told))[0].event.text == "Hallo"
    assert world.flags() == [[]]
    hearing = asyncio.create_task(anext(told))  # it is stored
    for _ in range(200):
        if not world.flags():
            break
        await asyncio.sleep(0.02)
    assert world.flags() == []
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await told.aclose()


async def test_an_erasure_takes_their_mails_along_where_mails_are_deleted(old: World) -> None:
    kim = old.town.add_person("Kim Beispiel")
    old.double.write(old.account, kim, "Nicht meine Sache")
    old.account.data["mails"][-1]["flags"] = ["\\Seen", MARK]
    for chosen in ({}, {"read": "move", "read_folder": "Archiv"}):
        old.connector.config = config(old.account, **chosen)
        await old.connector.leave([old.address])
        assert len(old.account.data["mails"]) == 6
    old.connector.config = config(old.account, read="delete")
    await old.connector.leave([old.address, 'x"y@buerger.example', "niemand@buerger.example"])
    assert [each["uid"] for each in old.account.data["mails"]] == [4, 5, 6]  # those a person opened before us are not ours
