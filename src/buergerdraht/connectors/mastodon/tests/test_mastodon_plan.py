"""What a post becomes, against the limits of the documentation written down a second time."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind
from buergerdraht.connectors.mastodon.plan import length, plan

MOST, FILES, DESCRIPTION, ADDRESS = 500, 4, 1500, 23
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=900, file_name="platz.png", alt="Der Platz")
FILM = Media(id="m2", kind=MediaKind.VIDEO, mime="video/mp4", size=900, file_name="platz.mp4", alt="Der Platz")
PAPER = Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=900, file_name="plan.pdf")


def codes(content: Content, level: str = "error") -> list[str]:
    return [note.code for note in plan(content).notes if note.level == level]


def test_marks_go_and_links_are_written_out() -> None:
    content = Content(title="Markt", text="Auf den **Rathausplatz**.", choices=[Choice("a", "Plan", url="https://stadt.example/plan")])
    (part,) = plan(content).parts
    assert part.body["status"] == "Markt\n\nAuf den Rathausplatz.\n\nPlan: https://stadt.example/plan"


def test_the_language_is_told() -> None:
    assert plan(Content(text="Hallo", language="de-simple")).parts[0].body["language"] == "de"


def test_an_answer_names_what_it_answers() -> None:
    assert plan(Content(text="Um acht", quote="1100")).parts[0].body["in_reply_to_id"] == "1100"


def test_a_long_address_counts_as_twenty_three_letters_and_a_mention_as_its_name() -> None:
    assert length("https://www.musterstadt.example/" + "x" * 300) == ADDRESS
    assert length("@zoe@leute.example hallo") == len("@zoe hallo")


def test_what_is_too_long_is_refused_not_cut() -> None:
    assert codes(Content(text="x" * 501)) == ["too_long"]
    assert codes(Content(text="x" * 500)) == []
    assert plan(Content(text="x" * 501)).parts[0].body["status"] == "x" * 501


def test_a_server_may_allow_more() -> None:
    assert not plan(Content(text="x" * 4000), 5000).notes


def test_an_answer_keeps_room_for_the_name() -> None:
    assert codes(Content(text="x" * 470, quote="1100")) == ["too_long"]


def test_files_a_post_cannot_hold_are_refused() -> None:
    assert codes(Content(text="a", media=[PICTURE] * 5)) == ["too_many_files"]
    assert codes(Content(text="a", media=[PICTURE, FILM])) == ["mixed_files"]
    assert codes(Content(text="a", media=[PAPER])) == ["media_type"]


def test_a_picture_without_words_is_noticed() -> None:
    bare = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=900, file_name="platz.png")
    assert codes(Content(text="a", media=[bare]), "warning") == ["alt_missing"]


def test_a_place_is_written_with_a_map() -> None:
    place = Location(latitude=51.5, longitude=7.4, name="Rathaus")
    assert plan(Content(location=place)).parts[0].body["status"].startswith("Rathaus\nhttps://www.openstreetmap.org/")


def test_nothing_is_no_post() -> None:
    assert codes(Content()) == ["empty"]


choices = st.builds(Choice, id=st.text(max_size=5), title=st.text(max_size=60), url=st.sampled_from(["", "https://stadt.example/x"]))
media = st.builds(
    Media, id=st.text("abc", min_size=1, max_size=3), kind=st.sampled_from([MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT]),
    mime=st.sampled_from(["image/png", "video/mp4", "application/pdf"]), size=st.integers(1, 200_000_000), alt=st.text(max_size=1600),
)  # fmt: skip
contents = st.builds(
    Content, title=st.text(max_size=80), text=st.text(max_size=700), choices=st.lists(choices, max_size=3),
    media=st.lists(media, max_size=6), quote=st.sampled_from(["", "1100"]), footer=st.sampled_from(["", "Abmelden: STOPP"]),
)  # fmt: skip


@given(contents)
def test_a_plan_fits_or_says_why_it_does_not(content: Content) -> None:
    made = plan(content)
    if any(note.level == "error" for note in made.notes):
        return
    (part,) = made.parts
    assert len(re.sub(r"https?://[^\s<>\"]+", "x" * ADDRESS, part.body["status"])) <= MOST or "@" in part.body["status"]
    assert len(part.media) <= FILES
    assert all(len(each.alt) <= DESCRIPTION for each in part.media)
    assert part.body["status"].strip() or part.media
