"""`buergerdraht bench`: how fast this installation's code is on this machine, each figure beside its yardstick."""

from __future__ import annotations

import importlib
import json
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

PARTS = (
    "send", "both", "webhook", "receipts", "ingest", "reply", "dialogs", "screens", "audience", "fallback", "million", "console", "search",
    "start", "outbox", "meters", "covering", "cases", "website",
)  # fmt: skip


class Command(BaseCommand):
    help = "Misst die Geschwindigkeit, jede Zahl neben einem Maßstab aus demselben Lauf"
    requires_system_checks = ()  # the start must be quick; make check looks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("parts", nargs="*", help=f"was gemessen wird; sonst alles: {', '.join(PARTS)}")
        parser.add_argument("--quick", action="store_true", help="nur zeigen, dass gemessen werden kann; die Zahlen taugen nichts")
        parser.add_argument("--rows", type=int, default=0, help="Größe der Last; sonst wählt jeder Teil die seine")
        parser.add_argument("--rounds", type=int, default=0, help="Runden je Messung, von denen die mittlere zählt")
        parser.add_argument(
            "--save", action="store_true", help="Ergebnisse unter benchmarks/results ablegen und docs/development/speed.md neu schreiben"
        )
        parser.add_argument("--json", action="store_true", help="statt der Tabelle eine Zeile JSON je Messung")

    def handle(self, *arguments: Any, **options: Any) -> None:
        wanted = options["parts"] or list(PARTS)
        if unknown := [part for part in wanted if part not in PARTS]:
            raise CommandError(f"Den Teil „{unknown[0]}“ gibt es nicht. Wählen Sie aus: {', '.join(PARTS)}.")
        if options["quick"] and options["save"]:
            raise CommandError("Was --quick misst, taugt nicht zum Aufheben. Lassen Sie eines von beiden weg.")
        folder = Path(settings.PROJECT) / "benchmarks"
        if not (folder / "stage.py").exists():
            raise CommandError(f"Die Messungen liegen nicht bei dieser Installation. Sie gehören zum Quelltext, in den Ordner {folder}.")
        sys.path.insert(0, str(folder.parent))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that databases and processes go with us
        try:
            self._measure(wanted, options)
        finally:
            importlib.import_module("benchmarks.stage").clear()

    def _measure(self, wanted: list[str], options: dict[str, Any]) -> None:
        table = importlib.import_module("benchmarks.table")
        archive = importlib.import_module("benchmarks.archive")
        chosen = table.Options(quick=options["quick"], rows=options["rows"], rounds=options["rounds"])
        lines: list[Any] = []
        failed: list[str] = []
        for part in wanted:
            self.stderr.write(f"{part} …")
            try:
                found = importlib.import_module(f"benchmarks.{part}").measure(chosen)
            except Exception:  # one part that fails must not take the figures of the others with it
                self.stderr.write(traceback.format_exc())
                failed.append(part)
                continue
            if chosen.quick:  # such figures are worth nothing
                found = [table.unjudged(line) for line in found]
            lines += found
            if options["save"]:
                archive.save(part, found)
            if options["json"]:
                for line in found:
                    self.stdout.write(json.dumps(line.data(), ensure_ascii=False))
        if options["save"] and lines:
            importlib.import_module("benchmarks.draw").main()
        if lines and not options["json"]:
            self.stdout.write(archive.heading())
            self.stdout.write(table.shown(lines))
        if failed:
            raise CommandError(f"Nicht zu Ende gemessen: {', '.join(failed)}.")
