"""Read what WhatsApp tells about the account, its templates, its quality, and about people who want no newsletters.

https://developers.facebook.com/docs/whatsapp/webhooks/reference
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from buergerdraht.connectors.contract import Changed, Event, Gone, Item
from buergerdraht.connectors.whatsapp.errors import words_of
from buergerdraht.connectors.wire import item, listed, moment, text

Data = Mapping[str, Any]

# Known, and of no concern to a messenger desk without groups, calls or the Business app's history.
_NOT_OURS = (
    "group_",
    "calls",
    "smb_app_state_sync",
    "history",
    "flows",
    "partner_solutions",
    "payment_configuration_update",
    "tracking_events",
)


def read(field: str, value: Data, entry: Data) -> list[Item]:
    """Read one change of a field other than `messages`."""
    if field == "user_preferences":
        return [item(partial(_preference, one), {"user_preference": one}) for one in listed(value.get("user_preferences"))]
    if field == "smb_message_echoes":
        return [item(partial(_echo, one), {"echo": one}) for one in listed(value.get("message_echoes"))]
    kept = {"field": field, "value": value}
    if field in READERS:
        return [item(partial(_changed, field, value, entry), kept)]
    if field.startswith(_NOT_OURS):
        return [Item(raw={"field": field})]
    return [Item(raw=kept, problem=f"unknown field {field}"[:200])]


def _at(entry: Data) -> datetime:
    return moment(entry["time"]) if entry.get("time") else datetime.now(UTC)


def _named(field: str, value: Data, entry: Data) -> str:
    """Name an event that has no id of its own: the same body twice is the same event."""
    body = json.dumps(value, sort_keys=True, default=str).encode()
    return f"{field}:{entry.get('time', '')}:{hashlib.sha256(body).hexdigest()[:24]}"


def _changed(field: str, value: Data, entry: Data) -> Event:
    what, effect, words, values = READERS[field](value)
    kept = {name: text(str(inner)) for name, inner in values.items() if inner not in (None, "")}
    return Changed(external_id=_named(field, value, entry), at=_at(entry), what=what, effect=effect, text=words, values=kept)


def _preference(data: Data) -> Event:
    address = text(data.get("user_id")) or "+" + text(data["wa_id"]).lstrip("+")
    wish, at = text(data["value"]), moment(data["timestamp"])
    name = f"preference:{address}:{wish}:{data['timestamp']}"
    if wish not in {"stop", "resume"}:
        return Changed(external_id=name, at=at, what="alert", values={"address": address, "value": wish})
    return Gone(address=address, at=at, external_id=name, scope="newsletter", back=wish == "resume", reason="opted_out")


def _echo(data: Data) -> Changed:
    """Somebody of ours answered in the WhatsApp Business app."""
    kind = text(data.get("type"))
    part = data.get(kind)
    said = text(part.get("body") or part.get("caption")) if isinstance(part, Mapping) else ""
    to = text(data.get("to_user_id")) or "+" + text(data.get("to")).lstrip("+")
    return Changed(
        external_id=text(data["id"]),
        at=moment(data["timestamp"]),
        what="echo",
        text="In der WhatsApp-Business-App wurde geantwortet.",
        values={"address": to, "kind": kind, "text": said},
    )


def out_of_band(data: Data) -> Changed:
    words = words_of(data)
    stamp = hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:24]
    now = datetime.now(UTC)
    return Changed(external_id=f"error:{now:%Y%m%d%H}:{stamp}", at=now, what="alert", text=f"WhatsApp meldet einen Fehler: {words}")


# ── One reader per field: what, effect, words for the operator, values ────

Found = tuple[str, str, str, dict[str, Any]]


def _template_values(value: Data) -> dict[str, Any]:
    names = {"name": "message_template_name", "language": "message_template_language", "id": "message_template_id"}
    return {short: value.get(long) for short, long in names.items()}


def _template_status(value: Data) -> Found:
    event = text(value["event"]).upper()
    other = value.get("other_info") or {}
    values = {**_template_values(value), "event": event, "reason": value.get("reason"), "title": other.get("title")}
    words = {
        "APPROVED": "Die Vorlage ist genehmigt.",
        "REJECTED": "Die Vorlage wurde abgelehnt.",
        "PAUSED": "Meta hat die Vorlage wegen schlechter Bewertungen angehalten.",
        "DISABLED": "Meta hat die Vorlage abgeschaltet. Legen Sie eine neue an.",
        "FLAGGED": "Die Vorlage wird schlecht bewertet und könnte angehalten werden.",
        "REINSTATED": "Die Vorlage ist wieder freigegeben.",
        "LIMIT_EXCEEDED": "Es gibt zu viele Vorlagen in diesem Konto.",
    }.get(event, f"Die Vorlage hat jetzt den Stand {event}.")
    if event in {"PAUSED", "DISABLED", "FLAGGED", "REJECTED", "ARCHIVED", "DELETED", "LOCKED"}:
        return "template", "pause_template", words, values
    if event in {"APPROVED", "REINSTATED"}:
        return "template", "resume_template", words, values
    return "template", "resync_templates", words, values


def _template_quality(value: Data) -> Found:
    score = text(value["new_quality_score"]).upper()
    words = {
        "RED": "Die Vorlage wird sehr schlecht bewertet. Meta hält sie als Nächstes an.",
        "YELLOW": "Die Vorlage wird schlechter bewertet.",
        "GREEN": "Die Vorlage wird gut bewertet.",
    }.get(score, "Die Bewertung der Vorlage hat sich geändert.")
    return "quality", "resync_templates", words, {**_template_values(value), "quality": score}


def _template_category(value: Data) -> Found:
    words = "Meta hat die Vorlage in eine andere Kategorie eingeordnet. Preis und Regeln ändern sich."
    return "template", "resync_templates", words, {**_template_values(value), "category": value.get("new_category")}


def _template_components(value: Data) -> Found:
    return "template", "resync_templates", "Der Text der Vorlage wurde beim Anbieter geändert.", _template_values(value)


def _number_quality(value: Data) -> Found:
    event = text(value["event"]).upper()
    limit = value.get("max_daily_conversations_per_business") or value.get("current_limit")
    values = {"event": event, "limit": limit}
    if event == "FLAGGED":
        return "quality", "pause_channel", "Meta bewertet die Nummer schlecht. Der Kanal hält an, damit sie nicht gesperrt wird.", values
    if event == "UNFLAGGED":
        return "quality", "resume_channel", "Die Nummer wird wieder gut bewertet.", values
    if event == "THROUGHPUT_UPGRADE":
        return "limit", "", "Die Nummer darf jetzt mehr Nachrichten je Sekunde senden.", values
    return "limit", "", "Die Grenze der Nummer hat sich geändert.", values


def _capability(value: Data) -> Found:
    limit = value.get("max_daily_conversations_per_business")
    spoken = "unbegrenzt" if limit in (-1, "TIER_UNLIMITED") else limit
    return "limit", "", "So viele Personen dürfen am Tag zuerst angeschrieben werden.", {"limit": spoken}


def _account(value: Data) -> Found:
    event = text(value["event"]).upper()
    values: dict[str, Any] = {"event": event}
    if event == "ACCOUNT_RESTRICTION":
        limits = [one for one in listed(value.get("restriction_info")) if isinstance(one, Mapping)]
        values |= {"restriction": limits[0].get("restriction_type"), "until": limits[0].get("expiration")} if limits else {}
        return "account", "pause_channel", "Meta hat das Konto eingeschränkt. Sehen Sie im Business-Manager nach.", values
    if event == "ACCOUNT_VIOLATION":
        info = value.get("violation_info") or {}
        values["violation"] = info.get("violation_type")
        return "account", "", "Meta sieht einen Verstoß gegen seine Regeln. Beim nächsten droht eine Sperre.", values
    if event == "DISABLED_UPDATE":
        ban = text((value.get("ban_info") or {}).get("waba_ban_state")).upper()
        values["state"] = ban
        if ban == "REINSTATE":
            return "account", "resume_channel", "Meta hat das Konto wieder freigegeben.", values
        if ban == "SCHEDULE_FOR_DISABLE":
            return "account", "", "Meta wird das Konto sperren. Legen Sie jetzt Widerspruch ein.", values
        return "account", "pause_channel", "Meta hat das Konto gesperrt.", values
    if event in {"ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED"}:
        return "account", "pause_channel", "Das Konto wurde beim Anbieter gelöscht oder getrennt.", values
    if event == "ACCOUNT_RECONNECTED":
        return "account", "resume_channel", "Das Konto ist beim Anbieter wieder verbunden.", values
    return "account", "", "Am Konto beim Anbieter hat sich etwas geändert.", values


def _alert(value: Data) -> Found:
    info = value.get("alert_info") or value
    values = {"severity": info.get("alert_severity"), "type": info.get("alert_type"), "status": info.get("alert_status")}
    return "alert", "", "Meta meldet etwas zum Konto: " + text(info.get("alert_description"))[:300], values


def _review(value: Data) -> Found:
    return "account", "", "Meta hat das Konto geprüft.", {"decision": value.get("decision")}


def _security(value: Data) -> Found:
    words = "Die zweistufige PIN der Nummer wurde geändert oder angefragt. Prüfen Sie, ob das jemand von Ihnen war."
    return "alert", "", words, {"event": value.get("event")}


def _number_name(value: Data) -> Found:
    words = "Meta hat über den Anzeigenamen der Nummer entschieden."
    return "account", "", words, {"decision": value.get("decision"), "name": value.get("requested_verified_name")}


def _username(value: Data) -> Found:
    return (
        "account",
        "",
        "Der Benutzername der Nummer hat sich geändert.",
        {"username": value.get("username"), "status": value.get("status")},
    )


READERS: dict[str, Callable[[Data], Found]] = {
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "template_category_update": _template_category,
    "message_template_components_update": _template_components,
    "phone_number_quality_update": _number_quality,
    "phone_number_name_update": _number_name,
    "business_capability_update": _capability,
    "business_username_update": _username,
    "account_update": _account,
    "account_alerts": _alert,
    "account_review_update": _review,
    "security": _security,
}
