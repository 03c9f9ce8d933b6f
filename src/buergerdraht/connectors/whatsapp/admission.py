"""Who may use the WhatsApp Business Platform, in the words of an operator, and what is to be done by hand at Meta.

https://business.whatsapp.com/policy
"""

from buergerdraht.connectors.applicants import Applicant

_PARTNER = (
    "Behörden beziehen WhatsApp über einen Partner von Meta. "
    "Er fragt nach Behördenstatus, Zweck und Daten; rechnen Sie mit drei bis fünf Wochen."
)
_NO = (
    "Die Regeln von WhatsApp schließen Sie von der Business-Plattform aus. Die WhatsApp-Business-App dürfen Sie mit Einschränkungen nutzen."
)

APPLICANTS = (
    Applicant(id="municipality", title="Stadt, Gemeinde oder Landkreis", verdict="yes", text=_PARTNER),
    Applicant(id="state", title="Landes- oder Bundesbehörde, Ministerium", verdict="yes", text=_PARTNER),
    Applicant(id="utility", title="Stadtwerke, Abfallwirtschaft, Nahverkehr, andere öffentliche Betriebe", verdict="yes"),
    Applicant(
        id="election",
        title="Wahlbehörde",
        verdict="ask",
        text="Das muss dem Partner von Meta vorher gesagt werden. Klären Sie mit ihm, ob und wofür Sie zugelassen werden.",
    ),
    Applicant(
        id="emergency",
        title="Feuerwehr, Rettungsdienst, Katastrophenschutz",
        verdict="ask",
        text="Manche Partner von Meta schließen Notfalldienste aus. Fragen Sie Ihren Partner, bevor Sie auf WhatsApp bauen.",
    ),
    Applicant(id="security", title="Polizei, Strafverfolgung, Justizvollzug, Militär, Nachrichtendienst", verdict="no", text=_NO),
    Applicant(id="political", title="Partei, Fraktion, Politikerin oder Politiker, Kandidatur, Wahlkampf", verdict="no", text=_NO),
    Applicant(id="political_service", title="Dienstleister für Parteien oder Wahlkämpfe", verdict="no", text=_NO),
)

GUIDE = (
    "Öffnen Sie im Meta-App-Dashboard „WhatsApp › Konfiguration“ oder die Webhook-Seite Ihres Partners.",
    "Tragen Sie die Webhook-Adresse und das Prüfwort ein und bestätigen Sie.",
    "Abonnieren Sie die Felder messages, message_template_status_update, message_template_quality_update, template_category_update, "
    "phone_number_quality_update, account_update, account_alerts, business_capability_update, user_preferences und security.",
    "Wählen Sie hier „Kanal starten“: Damit melden wir die App für Ihr WhatsApp-Konto an.",
)
