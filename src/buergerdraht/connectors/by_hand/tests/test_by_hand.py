"""What is prepared for a person, against the app's limits written down a second time; nothing here calls anybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.by_hand.config import ByHandConfig
from buergerdraht.connectors.by_hand.connector import WhatsAppApp, WhatsAppChannel, WhatsAppStatus
from buergerdraht.connectors.contract import PUBLIC, Choice, Content, Media, MediaKind, Rejected
from buergerdraht.connectors.http import Http

LONGEST = {WhatsAppChannel: (4096, 1024), WhatsAppStatus: (700, 700), WhatsAppApp: (4096, 1024)}
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png", alt="Der Platz")
KINDS = [WhatsAppChannel, WhatsAppStatus, WhatsAppApp]


def place(kind: type[WhatsAppChannel] = WhatsAppChannel, **config: str) -> WhatsAppChannel:
    return kind(ByHandConfig.model_validate(config), Http())


def test_a_text_is_prepared_in_the_apps_marks() -> None:
    content = Content(title="Markt", text="Auf den **Rathausplatz**.", choices=[Choice("a", "Plan", url="https://stadt.example/plan")])
    (part,) = place().plan(content).parts
    assert part.body["text"] == "*Markt*\n\nAuf den *Rathausplatz*.\n\nPlan: https://stadt.example/plan"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_long_is_refused_not_cut(kind: type[WhatsAppChannel]) -> None:
    text, caption = LONGEST[kind]
    for media, most in ((), text), ((PICTURE,), caption):
        assert not [note for note in place(kind).plan(Content(text="x" * most, media=media)).notes if note.level == "error"]
        made = place(kind).plan(Content(text="x" * (most + 1), media=media))
        assert [note.code for note in made.notes if note.level == "error"] == ["too_long"]
        assert len(made.parts[0].body["text"]) == most + 1


def test_a_paper_cannot_be_shown_there() -> None:
    paper = Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=9, file_name="plan.pdf")
    assert "media_type" in {note.code for note in place().plan(Content(text="a", media=[paper])).notes}


async def test_nobody_is_called() -> None:
    with pytest.raises(Rejected):
        await place().send(place().plan(Content(text="a")).parts[0], PUBLIC, token="1.0", files=None)  # type: ignore[arg-type]


async def test_the_check_says_what_is_noted() -> None:
    health = await place(address="https://whatsapp.com/channel/0029", verified="ja").check()
    assert (health.ok, health.findings) == (True, ())
    assert health.facts == {"number": "https://whatsapp.com/channel/0029"}
    assert [note.code for note in (await place(verified="beantragt").check()).findings] == ["no_link", "not_verified"]
    assert [note.code for note in (await place(WhatsAppStatus).check()).findings] == ["no_link"]


@pytest.mark.parametrize("address", ["http://whatsapp.com/x", "whatsapp.com", "javascript:alert(1)"])
def test_a_link_is_a_safe_address(address: str) -> None:
    with pytest.raises(ValueError, match="Webadresse"):
        ByHandConfig(address=address)


@given(st.builds(Content, title=st.text(max_size=90), text=st.text(max_size=5000)), st.sampled_from(KINDS))
def test_a_plan_fits_or_says_why_it_does_not(content: Content, kind: type[WhatsAppChannel]) -> None:
    made = place(kind).plan(content)
    assert [note for note in made.notes if note.level == "error"] or len(made.parts[0].body["text"]) <= LONGEST[kind][0]
