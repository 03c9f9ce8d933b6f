"""1,000 citizens at once go through the career chat; then the same while workers are killed in the middle.

Each citizen takes a way of its own, reckoned beforehand in memory: what they say, how many messages come of it, what is known of them
at the end. A citizen reads, looks and types for 25 seconds on average, which makes forty steps a second of a thousand people; the time
of a step counts from the webhook's post to the last message of the step at the provider, whose own answer takes 50 ms. The people are
spread over two numbers: WhatsApp lets one number receive and send 80 messages a second together, and forty steps make nearly ninety.
While workers are killed only what comes of it is judged: citizens are quicker there. Yardstick: the same machine over the same walks in
a loop in memory.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import spent
from benchmarks.scene import Scene, cores, opened
from benchmarks.stage import Stage, until
from benchmarks.table import Line, Options, compare, judged, percentile
from buergerdraht.blueprints import actions as blueprints
from buergerdraht.blueprints import reading
from buergerdraht.contacts import finding
from buergerdraht.dialogs import document, machine, sessions
from buergerdraht.dialogs.document import AskStep, Book, Choose
from buergerdraht.dialogs.models import Dialog, Session, Table
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.walk import RUNNING, Opening, Said, Walk

MOST = 500.0  # ms
PEOPLE, PAUSE, HURRIED = 1_000, 25.0, 10.0  # seconds between two messages of one citizen, undisturbed and while workers are killed
NUMBERS = 2
LONGEST = 20  # moves of one citizen
KEY = "career_chat"
TYPED = {"text": "Beispiel", "postcode": "12345", "email": "vera@example.org", "phone": "030 1234567", "number": "3", "date": "in 5 Tagen"}
Moves = list[tuple[str, int]]


@dataclass(frozen=True)
class Way:
    """One citizen's walk as it ought to be."""

    moves: Moves
    answers: dict[str, Any]


def measure(options: Options) -> list[Line]:
    people = 30 if options.quick else options.rows or PEOPLE
    lines = []
    for kills, pause in ((0, 0.5 if options.quick else PAUSE), (3, 0.5 if options.quick else HURRIED)):
        with Stage() as stage:
            scene = opened(stage, NUMBERS)
            read, tables, words = _town(scene)
            ways, steps = _reckon(read, tables, words, people)
            scene.meet(5)
            found = _walk(scene, ways, pause, kills)
            lines += _lines(found, steps, kills, people)
    return lines


def _town(scene: Scene) -> tuple[document.Dialog, Mapping[str, Sequence[Mapping[str, str]]], str]:
    """Switch the blueprint on; give its dialog, its tables, and the word that begins it."""
    owner = scene.channels[0].organisation
    blueprints.switch_on(owner, reading.all_blueprints()[KEY], operator=None)
    dialog = Dialog.objects.select_related("live").filter(organisation=owner, live__isnull=False, words__on="words").order_by("pk").first()
    assert dialog is not None
    assert dialog.live is not None
    read = document.load(dialog.live.document)
    words = next(word for trigger in read.triggers if trigger.on == "words" for word in trigger.words["de"])
    return read, {row.key: row.rows for row in Table.objects.filter(organisation=owner)}, words


def _reckon(read: document.Dialog, tables: Any, words: str, people: int) -> tuple[list[Way], float]:
    """Walk every citizen's way in memory, and give how many steps a second that makes."""
    ways = [_way(read, tables, words, number) for number in range(people)]
    began = time.perf_counter()
    steps = 0
    for way in ways:
        world = Played(dialogs={read.key: read}, tables=tables, name="Vera Beispiel")
        walk = machine.begin(read, 0, world, Opening(language="de", mark="0"))
        for said, _count in way.moves[1:]:
            machine.answer(walk, Said(text=said), world)
            steps += 1
    return ways, steps / (time.perf_counter() - began)


def _way(read: document.Dialog, tables: Any, words: str, number: int) -> Way:
    """Draw ways until one comes to the dialog's own end; the end is what a machine without a database makes of it."""
    lot = random.Random(number)
    while True:
        world = Played(dialogs={read.key: read}, tables=tables, name="Vera Beispiel")
        walk = machine.begin(read, 0, world, Opening(language="de", mark="0"))
        moves: Moves = [(words, len(world.said))]
        while walk.state == RUNNING and len(moves) < LONGEST and not isinstance(read.step(walk.here.step), Book):
            before, said = len(world.said), _word(read, walk, lot, number)
            machine.answer(walk, Said(text=said), world)
            moves.append((said, len(world.said) - before))
        if walk.state == "done" and all(count for _said, count in moves):
            return Way(moves, walk.answers)


def _word(read: document.Dialog, walk: Walk, lot: random.Random, number: int) -> str:
    step = read.step(walk.here.step)
    if lot.random() < 0.1 and walk.misses == 0:
        return "äh, wie bitte"  # not understood, asked again
    if isinstance(step, Choose):
        return str(lot.randrange(len(step.options)) + 1)
    if isinstance(step, AskStep) and step.want == "yes_no":
        return lot.choice(["ja", "nein"])
    return f"{TYPED['text']} {number}" if isinstance(step, AskStep) and step.want == "text" else TYPED.get(getattr(step, "want", ""), "1")


def _walk(scene: Scene, ways: Sequence[Way], pause: float, kills: int) -> dict[str, Any]:
    path = Path(scene.stage.folder) / "walks.json"
    path.write_text(json.dumps([way.moves for way in ways]), "utf-8")
    watch = scene.stage.look()
    before, began = watch.taken(), time.monotonic()
    scene.partner.tell(reset=True, walkers={"file": str(path), "pause": pause, "within": pause})
    for _time in range(kills):
        time.sleep(pause / 2)
        _kill(scene)
    until(lambda: scene.partner.tell()["walk_done"] == len(ways), LONGEST * pause * 1.5 + 300, "das Ende aller Gespräche", every=0.5)
    seconds = time.monotonic() - began
    told = scene.partner.tell(answers=True)
    found = {"seconds": seconds, "times": told["walk_steps"], "extra": told["walk_extra"], "wrong": _wrong(ways)}
    if not kills:
        found["cores"] = cores(spent(before, watch.taken()), seconds)
        found["memory"] = ", ".join(f"{name} {watch.largest(name):.0f} MB" for name in ("web", "engine", "worker"))
    return found


def _kill(scene: Scene) -> None:
    """Kill the worker as a power cut would, and start another."""
    child = scene.stage.processes["worker"]
    child.send_signal(signal.SIGKILL)
    child.wait()
    scene.stage.start("worker")


def _wrong(ways: Sequence[Way]) -> int:
    """How many citizens did not end where an undisturbed one would: other answers, or no end."""
    owner = Session.objects.values_list("organisation", flat=True)[0]
    wrong = 0
    for number, way in enumerate(ways):
        contact = finding.search(owner, f"+49{1_700_000_000 + number}").first()
        walked = Session.objects.filter(contact=contact).order_by("-pk").first() if contact else None
        wrong += walked is None or walked.state != "done" or sessions.walk_of(walked).answers != way.answers
    return wrong


def _lines(found: dict[str, Any], bare: float, kills: int, people: int) -> list[Line]:
    p50, p95 = (percentile(found["times"], share) * 1000 for share in (0.5, 0.95))
    rate = len(found["times"]) / found["seconds"]
    name = f"{people} Menschen zugleich" + (f", {kills} Worker getötet" if kills else "")
    note = f"{found['wrong']} Menschen woanders angekommen; {found['extra']} Nachrichten zu viel"
    note += "" if kills else f"; {found['cores']}; {found['memory']}"
    points = {"p50": p50, "p95": p95, "steps": rate, "wrong": found["wrong"], "extra": found["extra"]}
    right = not found["wrong"] and not found["extra"]
    if kills:
        return [judged(Line("dialogs", f"falsch geendet, {name}", float(found["wrong"]), "", budget="0", note=note, points=points), right)]
    return [
        judged(
            Line("dialogs", f"p95 eines Schritts, {name}", p95, "ms", budget="≤ 500 ms", note=note, points=points),
            p95 <= MOST and right,
        ),
        compare(Line("dialogs", f"Schritte je Sekunde, {name}", rate, "/s", bare)),
    ]
