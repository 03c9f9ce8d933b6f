"""200 open screens while citizens write: from the post to the webhook until the row, and the fetched bubble, are at an operator's screen.

Every screen is another operator's stream with another thread open. A tenth of the threads is confidential. What is counted: every
message at every screen that may see it, and nothing of a confidential thread at any other. Yardstick: the database's notification
to as many bare streams, without sign-in, rights or drawing.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from django.test import Client

from benchmarks.machine import spent
from benchmarks.scene import Scene, cores, opened
from benchmarks.stage import Stage, free_port, until
from benchmarks.table import Line, Options, judged
from benchmarks.town import hooks
from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import Operator, Organisation, Role
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Conversation

MOST = 500.0  # ms
RATE = 20.0
HIDDEN_EACH = 10  # every tenth thread is confidential
NAMED = 5  # for so many
CHANNELS = 4


def measure(options: Options) -> list[Line]:
    screens = options.size(200, 20)
    seconds, rate = 5.0 if options.quick else 30.0, min(RATE, screens / 10)  # nobody writes so often that words are overtaken
    with Stage() as stage:
        scene = opened(stage, CHANNELS)
        operators = _employ(screens)
        people = _threads(scene, screens)
        plan = _plan(scene, operators, people) | {"rate": rate, "seconds": seconds, "port": stage.port}
        look = stage.look()
        before = look.taken()
        seen = _ask(stage, plan)
        taken = cores(spent(before, look.taken()), seconds)
        port = free_port()
        stage.beside("bare", "benchmarks.bare_live", port, stage.url)
        until(lambda: stage.lives() and _opens(port), 30, "der Maßstab")
        bare = _ask(stage, {"streams": screens, "rate": rate, "seconds": min(seconds, 10.0), "port": port, "database": stage.url})
    return _lines(seen, bare, taken, screens)


def _employ(count: int) -> list[Operator]:
    organisation = Organisation.objects.get()
    made = []
    for number in range(count):
        operator = Operator.objects.create_user(f"platz{number}@messung.example", None, name=f"Person {number}")
        join(organisation, operator, [Role.AGENT.value])
        made.append(operator)
    return made


def _threads(scene: Scene, count: int) -> dict[int, int]:
    """Let as many citizens write as there are screens: number -> conversation, all before people."""
    wishes = {"rate": 40, "seconds": count / 40, "people": count, "words": "Guten Morgen"}
    scene.partner.tell(reset=True, citizens=wishes)
    until(
        lambda: scene.stage.lives() and Conversation.objects.filter(last_at__isnull=False).count() >= count,
        60 + count,
        "die Unterhaltungen",
    )
    Conversation.objects.update(state="open")
    found = {}
    for address in Address.objects.select_related("contact__conversation"):
        number = "".join(letter for letter in address.address if letter.isdigit())
        found[int(number) - 491_600_000_000] = address.contact.conversation.pk
    return found


def _plan(scene: Scene, operators: list[Operator], people: dict[int, int]) -> dict[str, Any]:
    """Who looks at which thread, and which threads few may see."""
    numbers = [people[person] for person in sorted(people)]
    hidden: dict[int, list[int]] = {}
    for index in range(0, len(numbers), HIDDEN_EACH):
        named = [(index + step) % len(operators) for step in range(NAMED)]
        conversation = Conversation.objects.get(pk=numbers[index])
        conversation.confidential = True
        conversation.save(update_fields=["confidential"])
        conversation.named.set([operators[each] for each in named])
        hidden[numbers[index]] = named
    screens = [{"cookies": _cookies(operator), "conversation": numbers[index % len(numbers)]} for index, operator in enumerate(operators)]
    return {"screens": screens, "hidden": hidden, "conversations": people, "hooks": hooks(scene.channels)}


def _cookies(operator: Operator) -> dict[str, str]:
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {name: morsel.value for name, morsel in client.cookies.items()}


def _ask(stage: Stage, plan: dict[str, Any]) -> dict[str, Any]:
    file = Path(stage.folder) / "plan.json"
    file.write_text(json.dumps(plan))
    return stage.ask("benchmarks.watching", file)


def _opens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lines(seen: dict[str, Any], bare: dict[str, Any], taken: str, screens: int) -> list[Line]:
    whole = not (seen["missing_rows"] or seen["missing_bubbles"] or seen["leaks"] or seen["troubles"]) and seen["open"] == screens
    asked = ", ".join(f"{count}x {what}" for what, count in seen["asked"].items())
    counted = (
        f"{seen['said']} Nachrichten, {seen['rows']} Zeilen, {seen['bubbles']} Blasen an {seen['open']} Bildschirmen; abgeholt {asked}"
    )
    wrong = (
        f"; es fehlen {seen['missing_rows']} Zeilen, {seen['missing_bubbles']} Blasen; zu Unrecht {seen['leaks']}; {seen['troubles'] or ''}"
    )
    note = counted + ("" if whole else wrong)
    found = []
    for what, name in (("row", "Zeile der Liste"), ("bubble", "Blase im Verlauf")):
        p50, p95 = seen[f"{what}_p50"] * 1000, seen[f"{what}_p95"] * 1000
        found.append(
            judged(Line("screens", f"{name}, mittlere Zeit", p50, "ms", bare["p50"] * 1000, note=taken if what == "row" else ""), None)
        )
        line = Line("screens", f"{name}, p95", p95, "ms", bare["p95"] * 1000, budget="≤ 500 ms", note=note, points={"p50": p50, "p95": p95})
        found.append(judged(line, p95 <= MOST and whole))
    return found
