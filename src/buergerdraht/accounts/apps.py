from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "buergerdraht.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places
        from buergerdraht.accounts.rights import Right

        places.put_up(
            places.Place(
                "settings", "house", _("Organisation"), "accounts:settings", rank=10,
                told=_("Name, Land, Sprachen, Anrede und Freigabe durch eine zweite Person"),
                also=_("Impressum Bundesland Vier Augen Sie Du"),
            ),
            places.Place(
                "hours", "house", _("Zeiten"), "accounts:hours", rank=20,
                told=_("Bürozeiten, geschlossene Tage und Ruhezeit für Rundnachrichten"),
                also=_("Feiertage Öffnungszeiten Urlaub Nacht Geduld"),
            ),
            places.Place(
                "team", "people", _("Team"), "accounts:team", rank=10,
                told=_("Wer hier arbeitet, mit welchen Aufgaben und in welchen Teams"),
                also=_("Rollen Rechte einladen Personen Kollegen Benutzer Konten"),
            ),
            places.Place(
                "texts", "work", _("Texte"), "accounts:texts", rank=40,
                told=_("Begrüßung, Abwesenheit und Datenschutzhinweis für Bürgerinnen und Bürger"),
                also=_("Gruß Urlaub Erklärung"),
            ),
            places.Place(
                "rules", "data", _("Fristen und Preise"), "accounts:rules", rank=10,
                told=_("Wie lange etwas aufbewahrt wird und was eine Nachricht kostet"),
                also=_("Löschfristen Aufbewahrung Kosten Cent"),
            ),
            places.Place(
                "audit", "data", _("Protokoll"), "accounts:audit", rank=30, rights=(Right.AUDIT,),
                told=_("Wer wann was geändert hat, geprüft auf Lücken"),
                also=_("Nachweis Änderungen CSV"),
            ),
            places.Place(
                "tokens", "links", _("Schnittstellen"), "accounts:tokens", rank=30,
                told=_("Zugänge, mit denen andere Systeme hier lesen und schreiben"),
                also=_("API Token REST OpenAPI Schlüssel"),
            ),
        )  # fmt: skip
