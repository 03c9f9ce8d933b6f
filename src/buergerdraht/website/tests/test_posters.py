"""A poster and a card to print: of their size, with codes that can be photographed, and nothing that runs over anything else."""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import cv2
import numpy
import pytest
from django.test import Client
from fpdf import FPDF

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway.models import Channel
from buergerdraht.website import posters, ways
from buergerdraht.website.models import Look
from buergerdraht.website.pages import look_of

pytestmark = pytest.mark.django_db
DESK = "/o/musterstadt/internetseite/"
LONG = "Verbandsgemeinde Obermusterhausen an der Langen Musterach"


class Code(NamedTuple):
    """Where a code stands, in millimetres, and what a telephone reads in it."""

    left: float
    top: float
    side: float
    link: str


@pytest.fixture
def desk(client: Client, andrea: Operator) -> Client:
    client.force_login(andrea)
    return client


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[Code]:
    """The codes on a sheet, read as it is made."""
    found: list[Code] = []
    place = FPDF.image

    def read(self: FPDF, name: Any, **spot: Any) -> Any:
        picture = cv2.imdecode(numpy.frombuffer(name.getvalue(), numpy.uint8), cv2.IMREAD_GRAYSCALE)
        link, *_rest = cv2.QRCodeDetector().detectAndDecode(picture)
        found.append(Code(spot["x"], spot["y"], spot["w"], link))
        return place(self, name, **spot)

    monkeypatch.setattr(FPDF, "image", read)
    return found


def offer(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Let so many messengers run."""
    links = [f"https://boten.example/stadt/{each}?start=verkehr__kultur" for each in range(number)]
    found = [
        ways.Way(f"k{each}", "blue", "X", f"Facebook Messenger {each}", "", link, "<svg/>", "", "", "") for each, link in enumerate(links)
    ]
    monkeypatch.setattr(ways, "offer", lambda *_: ways.Offer(found))
    return links


@pytest.mark.parametrize(("size", "points"), [("a4", ("595", "841")), ("a6", ("297", "419"))])
def test_poster_and_card_are_pdfs_of_their_size(
    desk: Client, bot: Channel, topics: list[Topic], size: str, points: tuple[str, str]
) -> None:
    answer = desk.get(f"{DESK}aushang/?size={size}&language=de&topics={topics[0].pk}")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    box = answer.content.partition(b"/MediaBox [")[2].partition(b"]")[0].decode().split()
    assert [side.partition(".")[0] for side in box[2:]] == list(points)
    assert answer.content.count(b"/Type /Page\n") == 1


@pytest.mark.parametrize("size", ["a4", "a6"])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 8, 10, 14])
@pytest.mark.parametrize("name", ["Au", LONG])
def test_every_code_can_be_read_and_none_lies_on_another(
    town: Organisation, topics: list[Topic], codes: list[Code], monkeypatch: pytest.MonkeyPatch, size: str, number: int, name: str
) -> None:
    town.name = name
    links = offer(monkeypatch, number)
    posters.pdf(town, Look(organisation=town), size, "de-simple", topics)
    page, *others = codes
    assert page.link == posters.page_address(town, topics)
    assert [each.link for each in others] in (links, [])  # all of them, or none
    measure = posters.SIZES[size]
    assert page.side >= measure.most / 3
    for each in codes:
        assert measure.margin - 0.1 <= each.left <= measure.wide - measure.margin - each.side + 0.1
        assert each.top + each.side <= measure.high - measure.margin
    for one, other in combinations(codes, 2):
        apart = one.left + one.side <= other.left or other.left + other.side <= one.left
        assert apart or one.top + one.side <= other.top or other.top + other.side <= one.top


def test_where_there_is_no_room_for_all_messengers_all_are_named(
    town: Organisation, topics: list[Topic], codes: list[Code], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    cell = FPDF.multi_cell
    monkeypatch.setattr(FPDF, "multi_cell", lambda self, w, h, text, **more: (said.append(text), cell(self, w, h, text, **more))[1])
    offer(monkeypatch, 4)
    posters.pdf(town, look_of(town), "a6", "de", topics)
    assert len(codes) == 1
    assert any(f"Facebook Messenger {number}" in line for line in said for number in (0, 3))
    assert next(line for line in said if line.startswith("Zur Wahl stehen dort:")).count("Facebook Messenger") == 4


def test_what_the_poster_leads_to_knows_the_topics(town: Organisation, topics: list[Topic]) -> None:
    assert posters.page_address(town, topics[:2]).endswith("/p/musterstadt/abo?themen=verkehr,kultur")
    assert posters.page_address(town, []).endswith("/p/musterstadt/abo")
    assert posters.pdf(town, look_of(town), "a6", "de-simple", topics)


def test_a_size_that_is_not_there_is_said(desk: Client) -> None:
    assert desk.get(f"{DESK}aushang/?size=a0&language=de").status_code == 422
