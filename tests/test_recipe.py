"""A stranger follows docs/development/recipe.md in a copy of the house, and the made-up messenger works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(?:python|markdown) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^```registry\n(.*?)^```$", re.MULTILINE | re.DOTALL)

WORKS = """
import asyncio, io, json, os, sys
import django
from aiohttp import web
from PIL import Image
django.setup()
from buergerdraht.connectors.contract import AddressGone, Choice, Content, Location, Media, MediaKind, ReceiptState, Temporary, Unsigned
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.registry import connector_class
from buergerdraht.gateway import channels
from buergerdraht.gateway.forms import ChannelForm
from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.town import Town

picture = io.BytesIO()
Image.new("RGB", (40, 40), "white").save(picture, "PNG")

class Files:
    async def read(self, media): return picture.getvalue()
    async def uploaded(self, media): return None
    async def remember(self, media, external_id, *, hours): pass

async def main():
    told, heard = {}, []
    assert "taube" in {found.kind for found in channels.talking()}
    assert channels.look("taube") == ("turquois", "TB", "Taube")
    told["fields"] = sorted(ChannelForm("taube").fields)
    town = Town()
    async def hook(request):
        heard.append((dict((name.lower(), value) for name, value in request.headers.items()), await request.read()))
        return web.Response()
    app = application(town)
    app.add_routes([web.post("/hook", hook)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    http = Http()
    wish = {"kind": "taube", "name": "Stadt", "secret": "ein-wort"}
    import aiohttp
    async with aiohttp.ClientSession() as control:
        account = await (await control.post(f"{host}/_control/accounts", json=wish)).json()
        await control.post(f"{host}/_control/accounts/{account['id']}/webhook", json={"url": f"{host}/hook"})
        person = await (await control.post(f"{host}/_control/people", json={"name": "Vera Beispiel"})).json()
        kind = connector_class("taube")
        made = kind(kind.Config.model_validate({"name": "Stadt", "key": account["token"], "word": "ein-wort", "host": host}), http)
        assert (await made.check()).ok
        await control.post(f"{host}/_control/people/{person['id']}/write", json={"account": account["id"], "text": "Guten Tag"})
        while not heard: await asyncio.sleep(0.02)
        made.verify(*heard[0])
        try:
            made.verify({"x-taube-word": "falsch"}, b"")
            raise SystemExit("a wrong word was believed")
        except Unsigned: pass
        said = made.parse(heard[0][1])[0].event
        told["said"], to = said.text, said.sender.address
        media = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=len(picture.getvalue()), alt="Der Platz")
        choices = (Choice(id="a", title="Ja"), Choice(id="b", title="Nein"))
        place = Location(latitude=51.5, longitude=7.4, name="Rathaus")
        content = Content(title="Markt", text="**Neu** " * 300, media=(media,), choices=choices, location=place)
        plan = made.plan(content)
        ids = [(await made.send(part, to, token="t1", files=Files())).external_id for part in plan.parts]
        while len(heard) < 1 + len(ids): await asyncio.sleep(0.02)
        receipts = [made.parse(body)[0].event for _headers, body in heard[1:]]
        assert {each.external_id for each in receipts} == set(ids) and {each.state for each in receipts} == {ReceiptState.DELIVERED}
        phone = await (await control.get(f"{host}/_control/people/{person['id']}/phone")).json()
        chat = next(each for each in phone["chats"] if each["kind"] == "taube")
        told["bubbles"] = [each["text"] for each in chat["messages"] if each["ours"]]
        told["pictures"] = sum("media" in each for each in chat["messages"])
        await control.post(f"{host}/_control/people/{person['id']}/block", json={"account": account["id"]})
        try:
            await made.send(plan.parts[-1], to, token="t2", files=Files())
            raise SystemExit("a block was not seen")
        except AddressGone: pass
        await control.post(f"{host}/_control/people/{person['id']}/unblock", json={"account": account["id"]})
        await control.post(f"{host}/_control/accounts/{account['id']}/faults", json={"too_many": 1.0, "retry_after": 3})
        try:
            await made.send(plan.parts[-1], to, token="t3", files=Files())
            raise SystemExit("a limit was not seen")
        except Temporary as problem: told["waits"] = bool(problem.limit and problem.retry_after)
    await http.close()
    await runner.cleanup()
    print(json.dumps(told))

asyncio.run(main())
"""


@pytest.mark.slow
def test_the_recipe_makes_a_messenger_that_works(tmp_path: Path) -> None:
    recipe = (ROOT / "docs/development/recipe.md").read_text("utf-8")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "var"))
    before = {path.relative_to(tmp_path) for path in (tmp_path / "src").rglob("*") if path.is_file()}
    blocks = BLOCK.findall(recipe)
    for name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists()
        path.write_text(text, "utf-8")
    (line,) = LINE.findall(recipe)
    registry = tmp_path / "src/buergerdraht/connectors/registry.py"
    registry.write_text(registry.read_text("utf-8").replace("CONNECTORS: dict[str, str] = {\n", "CONNECTORS: dict[str, str] = {\n" + line))
    folders = {Path(name).parts[:4] for name, _text in blocks}
    assert len(folders) <= 3, "one folder, one double, one page"
    assert len(before) > 500

    told = run(tmp_path, [sys.executable, "-c", WORKS])
    found = json.loads(told)
    assert found["said"] == "Guten Tag"
    assert {"name", "key", "host"} <= {each.removeprefix("config_") for each in found["fields"]}
    assert found["pictures"] == 1
    words = " ".join(found["bubbles"])
    assert words.count("Neu") == 300
    assert "1. Ja" in words
    assert "Rathaus" in words
    assert found["waits"]

    plans = tmp_path / "src/buergerdraht/connectors/tests/test_every_plan.py"
    run(tmp_path, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", str(plans), "-k", "taube"])


def run(house: Path, command: list[str]) -> str:
    """Run something in the copy of the house."""
    environment = {
        **os.environ, "PYTHONPATH": str(house / "src"), "DJANGO_SETTINGS_MODULE": "buergerdraht.settings",
        "BUERGERDRAHT_DATA": str(house / "var"), "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }  # fmt: skip
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
