"""What the console asks for to set up a mailbox. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

import re
import secrets
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

ADDRESS = re.compile(r"[a-z0-9!#$%&'*/=?^_`{|}~.-]{1,40}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
HOST = r"^[A-Za-z0-9.\-:\[\]]{0,253}$"
Keeping = Literal["stay", "move", "delete"]
KEEPING: dict[str, Any] = {"stay": "bleibt, wo sie ist", "move": "in einen anderen Ordner", "delete": "löschen"}
Security = Literal["starttls", "tls", "none"]
SECURITY: dict[str, Any] = {"starttls": "STARTTLS", "tls": "TLS", "none": "keine"}
WRONG_SECURITY = "Möglich sind starttls, tls und none."
WRONG_HOST = "Das ist kein Servername. Er sieht aus wie mail.musterstadt.example, ohne https:// davor."


class EmailConfig(BaseModel):
    """One mailbox: where mail goes out, and where it comes in."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    own: str = Field(
        title="E-Mail-Adresse",
        description="Von ihr geht alles hinaus, und hierhin antworten Bürgerinnen und Bürger. Nehmen Sie ein eigenes Postfach dafür.",
        json_schema_extra={"group": "account", "placeholder": "buergerdraht@musterstadt.example"},
    )
    sender_name: str = Field(
        "",
        title="Absendername",
        description="Steht vor der Adresse, zum Beispiel „Stadt Musterstadt“.",
        max_length=80,
        json_schema_extra={"group": "account", "placeholder": "Stadt Musterstadt"},
    )
    smtp_host: str = Field(
        title="Postausgang (SMTP): Server",
        pattern=HOST,
        min_length=1,
        json_schema_extra={"group": "sending", "placeholder": "mail.musterstadt.example", "wrong": WRONG_HOST},
    )
    smtp_port: int = Field(
        587,
        title="Postausgang: Port",
        description="Meist 587 (STARTTLS) oder 465 (TLS).",
        ge=1,
        le=65535,
        json_schema_extra={"group": "sending"},
    )
    smtp_security: Security = Field(
        "starttls",
        title="Postausgang: Verschlüsselung",
        description="„keine“ nur für einen Server im eigenen Netz: Kennwort und Texte gehen dann offen hinüber.",
        json_schema_extra={"group": "sending", "wrong": WRONG_SECURITY, "words": SECURITY},
    )
    imap_host: str = Field(
        "",
        title="Posteingang (IMAP): Server",
        description="Bleibt das Feld leer, kommt nichts herein: weder Antworten noch Meldungen, dass eine Adresse nicht mehr gilt.",
        pattern=HOST,
        json_schema_extra={"group": "receiving", "placeholder": "mail.musterstadt.example", "wrong": WRONG_HOST},
    )
    imap_port: int = Field(
        993,
        title="Posteingang: Port",
        description="Meist 993 (TLS) oder 143 (STARTTLS).",
        ge=1,
        le=65535,
        json_schema_extra={"group": "receiving"},
    )
    imap_security: Security = Field(
        "tls", title="Posteingang: Verschlüsselung", json_schema_extra={"group": "receiving", "wrong": WRONG_SECURITY, "words": SECURITY}
    )
    folder: str = Field("INBOX", title="Posteingang: Ordner", max_length=120, pattern=r"^[ -~]+$", json_schema_extra={"group": "receiving"})
    read: Keeping = Field(
        "stay",
        title="Gelesene Post",
        description="Was mit Mails geschieht, die Bürgerdraht übernommen und sicher gespeichert hat. Wer „löschen“ wählt, löscht bei der "
        "Löschung einer Person auch deren gelesene Mails. Ungelesenes bleibt liegen, als wichtig Markiertes auch, "
        "bis jemand die Markierung entfernt.",
        json_schema_extra={"group": "kept", "wrong": "Möglich sind stay, move und delete.", "words": KEEPING},
    )
    read_days: int = Field(
        30, title="Gelesene Post: nach … Tagen", description="Beim Verschieben und Löschen: So lange bleibt sie liegen. Mindestens sieben, "
        "denn Anhänge, die sich nicht gleich laden ließen, versuchen wir tagelang noch einmal.", ge=7, le=3650,
        json_schema_extra={"group": "kept", "wrong": "7 bis 3650."},
    )  # fmt: skip
    read_folder: str = Field(
        "",
        title="Gelesene Post: Ordner",
        description="Beim Verschieben: ein Ordner, den es im Postfach schon gibt. Wie lange er seine Mails behält, legen Sie dort fest.",
        max_length=120,
        pattern=r"^[ -~]*$",
        json_schema_extra={"group": "kept", "placeholder": "Archiv"},
    )
    username: str = Field(
        "",
        title="Anmeldename",
        description="Für Ausgang und Eingang. Oft ist es die E-Mail-Adresse. Leer: Der Ausgang nimmt Post ohne Anmeldung an.",
        json_schema_extra={"group": "secrets"},
    )
    password: SecretStr = Field(
        SecretStr(""),
        title="Kennwort",
        description="Am besten ein eigenes Kennwort nur für Bürgerdraht (App-Kennwort).",
        json_schema_extra={"group": "secrets"},
    )
    plus: bool = Field(
        False,
        title="Der Server nimmt Adressen mit Zusatz an (name+zusatz@…)",
        description="Dann erkennen wir unzustellbare Post auch an der Adresse, an die sie zurückkommt. Probieren Sie es vorher aus.",
        json_schema_extra={"group": "proof"},
    )
    authserv: str = Field(
        "",
        title="Name des prüfenden Servers",
        description="Steht am Anfang der Kopfzeile „Authentication-Results“, die Ihr eigener Mailserver schreibt. Post, die dort an DMARC "
        "scheitert, beantworten wir nicht; was besteht, gilt sofort. Schreibt Ihr Server keine, lassen Sie das Feld leer: Wer dann "
        "etwas ändern will (absagen, Wege ordnen, löschen), wird per E-Mail gefragt und antwortet darauf.",
        pattern=r"^[A-Za-z0-9.\-]{0,120}$",
        json_schema_extra={"group": "proof"},
    )
    every: int = Field(
        10,
        title="Posteingang ansehen alle … Sekunden",
        description="Nur für Server, die neue Post nicht von selbst melden (IDLE).",
        ge=1,
        le=3600,
        json_schema_extra={"group": "tuning", "wrong": "1 bis 3600."},
    )
    secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        title="Schlüssel der Abmeldelinks",
        description="Wird von uns erzeugt. Mit ihm werden Abmeldelinks und Kennungen versiegelt.",
        json_schema_extra={"generated": True},
    )

    @field_validator("own")
    @classmethod
    def _mailbox(cls, value: str) -> str:
        if not ADDRESS.fullmatch(value.lower()):
            raise ValueError("Das ist keine E-Mail-Adresse. Sie sieht aus wie buergerdraht@musterstadt.example")
        return value.lower()

    @field_validator("sender_name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return " ".join(value.split())

    @model_validator(mode="after")
    def _whole(self) -> EmailConfig:
        if self.imap_host and not self.username:
            raise ValueError("username: Ohne Anmeldung gibt ein Posteingang nichts heraus.")
        if self.username and not self.password.get_secret_value():
            raise ValueError("password: Zu dem Anmeldenamen fehlt das Kennwort.")
        if self.read == "move" and self.read_folder.lower() in {"", self.folder.lower()}:
            raise ValueError("read_folder: Nennen Sie einen anderen Ordner als den Posteingang.")
        return self

    @property
    def domain(self) -> str:
        return self.own.rpartition("@")[2]
