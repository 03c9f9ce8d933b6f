"""`buergerdraht restored`: go on in a database that was restored from a backup, without sending anything twice."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.gateway import restoring
from buergerdraht.house.restored import hold_broadcasts

PURPOSES = {"alert": "Warnungen", "reply": "Antworten", "service": "Antworten des Systems", "newsletter": "Rundnachrichten"}


class Command(BaseCommand):
    help = "Nimmt nach einer Wiederherstellung den Versand wieder auf: Was schon hinausgegangen sein kann, wird nicht von selbst wiederholt"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--resend-replies", action="store_true", help="Antworten und Warnungen noch einmal senden statt sie anzuhalten")
        parser.add_argument("--nothing-lost", action="store_true", help="nur umgezogen: Seit der Sicherung wurde nichts gesendet")
        parser.add_argument("--point-in-time", action="store_true", help="auch dort, wo sich die Wiederherstellung nicht erkennen lässt")

    def handle(self, *arguments: Any, **options: Any) -> None:
        if restoring.same_database() and not options["point_in_time"]:
            raise CommandError(
                "Diese Datenbank ist keine erkennbare Kopie, der Versand läuft in ihr. Wurde sie als Ganzes auf einen früheren Stand "
                "zurückgesetzt (Schnappschuss, Zeitpunkt, verspätetes Replikat), nehmen Sie --point-in-time."
            )
        if options["nothing_lost"]:
            restoring.accept()
            self.stdout.write("Der Versand geht hier weiter, wie er stand.")
            return
        broadcasts = hold_broadcasts()
        self._tell(broadcasts, restoring.take_over(again=options["resend_replies"]))

    def _tell(self, broadcasts: list[Broadcast], held: dict[str, int]) -> None:
        for broadcast in broadcasts:
            self.stdout.write(f"Angehalten: Rundnachricht {broadcast.pk} „{broadcast.title}“")
        for purpose, number in sorted(held.items()):
            self.stdout.write(f"Ungeklärt: {number} {PURPOSES.get(purpose, purpose)}")
        self.stdout.write("Der Versand geht weiter. Was ungeklärt ist, steht in der Konsole: erneut senden oder als zugestellt ansehen.")
        self.stdout.write("Abmeldungen, die nach der Sicherung kamen, sind verloren. Was dann zu tun ist, steht in backup.md.")
