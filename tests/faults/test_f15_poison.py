"""F15: recipients, texts and templates that break things. Each fails alone; the broadcast goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import report
from django.db import connection
from report import Outcome
from scene import NEWS, Person, Town, judge, open_letters, stage, wait_for

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, TemplateUse, to_json
from buergerdraht.gateway.models import Channel, Outbound, StoredContent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECIPIENTS = report.size(400, 20_000)
STRANGE = {
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 40,
    "right to left": "‏مرحبا بكم في المدينة‎ שלום \u202eabc\u202c",
    "long": " ".join(f"Dies ist Satz {number} eines langen Textes." for number in range(300)),
    "combining": "Z̷̢̛̖͓a̴̡̛l̵̨̛g̶̡̛o̷̡̧",
    "marks": "*fett _kursiv <b>kein Tag</b> &amp; [Link](javascript:alert(1)) {{name}}",
}  # fmt: skip
BROKEN: dict[str, Any] = {
    "no content at all": {},
    "a list": [],
    "text is a number": {"text": 5},
    "media unknown": {"text": "Bild", "media": [{"id": "kein-uuid", "kind": "hologram"}]},
    "media without number": {"text": "Bild", "media": [{"id": "kein-uuid", "kind": "image", "mime": "image/png", "size": 9}]},
    "media gone": {
        "text": "Bild",
        "media": [{"id": "00000000-0000-0000-0000-000000000000", "kind": "image", "mime": "image/png", "size": 9}],
    },
    "empty": to_json(Content(text="")),
    "template nobody has": to_json(Content(template=TemplateUse(name="gibt_es_nicht", language="de"))),
}


def test_what_is_poisoned_fails_alone(tmp_path: Path) -> None:
    with stage(tmp_path) as (double, running):
        town = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), double)
        town.open("whatsapp", report.size(1, 4))
        town.open("telegram", report.size(1, 4))
        people = town.settle(RECIPIENTS)
        sick = [next(each for each in people if each.kind == kind) for kind in ("whatsapp", "telegram")]
        healthy = [each for each in people if each not in sick]
        half = len(healthy) // 2
        town.write(healthy[:half], "newsletter", batch=1)
        strange = {name: town.write(sick, "newsletter", text) for name, text in STRANGE.items()}
        broken = {name: town.write(sick, "newsletter", f"kaputt: {name}") for name in BROKEN}
        for name, content in BROKEN.items():
            _spoil(f"kaputt: {name}", content)
        nobody = [Person("nobody", each.kind, each.channel, "DE.1" if each.kind == "whatsapp" else "1") for each in sick]
        refused = town.write(nobody, "newsletter", "an niemanden")
        sealed = town.write(nobody, "newsletter", "unlesbare Adresse")
        with connection.cursor() as cursor:
            cursor.execute("update gateway_outbound set address = %s where id = any(%s)", [b"\0\1nonsense", sealed])
        town.write(healthy[half:], "newsletter", batch=1)
        running.start("engine")
        wait_for(lambda: not open_letters(), report.size(90, 600), "every letter has an end", 0.3)
        found = judge(town)
        ends = dict(Outbound.objects.values_list("id", "state"))
        spoiled = [number for each in broken.values() for number in each] + refused + sealed
        fine = [number for number, written in town.written.items() if written.words == NEWS]
        missing = [number for number in fine if ends[number] != "accepted"]
        odd = {name: [ends[number] for number in numbers] for name, numbers in strange.items()}
        alive = running.processes["engine"].poll() is None
        running_still = Channel.objects.filter(state="running").count() == len(town.channels)
        wrong = [ends[number] for number in spoiled if ends[number] not in {"failed", "unclear"}]
        report.record(
            Outcome(
                "F15", f"{len(BROKEN) + 2} poisons, {len(STRANGE)} odd texts", found.of,
                "only the poisoned fail; the broadcast completes; the engine lives",
                not (missing or wrong or found.denied or found.doubles) and alive and running_still
                and all(state == "accepted" for states in odd.values() for state in states),
                lost=len(missing), doubled=found.doubles, unclear=found.unclear.total(),
                more={"engine_alive": alive, "channels_running": running_still, "odd": odd, "wrong": wrong,
                      "poison": {name: sorted({ends[number] for number in numbers}) for name, numbers in broken.items()}},
            )
        )  # fmt: skip


def _spoil(words: str, content: Any) -> None:
    StoredContent.objects.filter(content__text=words).update(content=content)
