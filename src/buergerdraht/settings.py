"""All settings: from the environment only, typed, checked at the start. docs/administration/settings.md explains each.

`NAME_FILE` holds the path of a file with the value, for secrets. Wrong values stop the start with a sentence.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from buergerdraht.house import logs, postgres

# A database whose machine is gone is noticed within seconds, not hours; gateway/database.py sees to the other direction.
STEADY = {"connect_timeout": 5, "keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 3, "tcp_user_timeout": 3000}


def env(name: str, default: str = "") -> str:
    """Read a setting; NAME_FILE names a file that holds it. An empty value counts as none."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as problem:
            raise ImproperlyConfigured(f"{name}_FILE nennt die Datei {path}, aber sie ist nicht lesbar: {problem.strerror}.") from None
    return os.environ.get(name) or default


def envbool(name: str, default: bool = False) -> bool:
    value = env(name, "yes" if default else "no").lower()
    if value not in {"yes", "no", "true", "false", "1", "0"}:
        raise ImproperlyConfigured(f"{name} muss yes oder no sein, ist aber „{value}“.")
    return value in {"yes", "true", "1"}


def envlist(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in env(name, default).split(",") if word.strip()]


def oneof(name: str, default: str, words: tuple[str, ...]) -> str:
    value = env(name, default).upper()
    if value not in words:
        raise ImproperlyConfigured(f"{name} muss eines von {', '.join(words)} sein, ist aber „{value}“.")
    return value


def address(name: str, default: str) -> str:
    """Read host:port."""
    value = env(name, default)
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ImproperlyConfigured(f"{name} muss die Form Rechner:Port haben, z. B. 127.0.0.1:8000, ist aber „{value}“.")
    return value


def weburl(name: str, default: str) -> str:
    """Read http(s)://host[:port], without a slash at its end."""
    value = env(name, default).rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ImproperlyConfigured(f"{name} muss mit http:// oder https:// beginnen und einen Rechner nennen, ist aber „{value}“.")
    return value


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Read networks like 10.20.0.0/16, with commas between them."""
    try:
        return [ipaddress.ip_network(word) for word in envlist(name)]
    except ValueError:
        raise ImproperlyConfigured(f"{name} muss Netze nennen, z. B. 10.20.0.0/16,127.0.0.0/8, ist aber „{env(name)}“.") from None


def folder(name: str, default: Path) -> Path:
    """Read a folder of ours and make it."""
    path = Path(env(name, str(default))).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ImproperlyConfigured(f"{name} nennt den Ordner {path}, aber er lässt sich nicht anlegen: {problem.strerror}.") from None
    return path


def database(url: str) -> dict[str, object]:
    """Read postgresql://user:password@host:port/name?option=…; host may be a folder (?host=/run/postgresql), or several with commas.

    With several hosts `target_session_attrs=read-write` finds the one that writes: the others stand by (docs/administration/machines.md).
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL muss mit postgresql:// beginnen. Bürgerdraht läuft nur auf PostgreSQL.")
    options: dict[str, object] = dict(parse_qsl(parts.query))
    account, _, places = parts.netloc.rpartition("@")
    name, _, password = account.partition(":")
    split = [_place(place) for place in places.split(",")] if places else []
    hosts, ports = ",".join(host for host, _ in split), ",".join(port for _, port in split)
    if "," in hosts:
        options.setdefault("target_session_attrs", "read-write")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(name),
        "PASSWORD": unquote(password),
        "HOST": str(options.pop("host", "") or hosts),
        "PORT": str(options.pop("port", "") or (ports if ports.strip(",") else "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**STEADY, **options},
    }


def _place(text: str) -> tuple[str, str]:
    """Split host:port; an IPv6 address stands in brackets."""
    place = urlsplit(f"//{text}")
    try:
        return place.hostname or "", str(place.port or "")
    except ValueError:
        raise ImproperlyConfigured(f"DATABASE_URL nennt „{text}“, aber das ist nicht Rechner:Port.") from None


def keyfile(path: Path) -> str:
    """Read the installation's secret, or make it once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


PACKAGE = Path(__file__).resolve().parent
PROJECT = PACKAGE.parent.parent
DATA = folder("BUERGERDRAHT_DATA", Path.cwd() / "var")

SECRET_KEY = env("BUERGERDRAHT_SECRET_KEY") or keyfile(DATA / "secret.key")
VAULT_KEYS = envlist("BUERGERDRAHT_VAULT_KEYS") or [keyfile(DATA / "vault.key")]  # the first encrypts, all decrypt
PUSH_SECRET = env("BUERGERDRAHT_PUSH_SECRET") or keyfile(DATA / "push.key")  # makes the key that push services know us by
BIND = address("BUERGERDRAHT_BIND", "127.0.0.1:8000")
PROXIES = env("BUERGERDRAHT_PROXIES", "127.0.0.1")  # whose X-Forwarded-* headers are believed
PUBLIC_URL = weburl("BUERGERDRAHT_PUBLIC_URL", f"http://localhost:{BIND.rpartition(':')[2]}")
ALLOWED_HOSTS = envlist("BUERGERDRAHT_HOSTS") or [urlsplit(PUBLIC_URL).hostname or "localhost", "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
DEBUG = False
SECURE = PUBLIC_URL.startswith("https://")
MEDIA_FOLDER = DATA / "media"
LOGGING = logs.configuration(
    oneof("BUERGERDRAHT_LOG", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")), oneof("BUERGERDRAHT_LOG_FORMAT", "TEXT", ("TEXT", "JSON"))
)
SIMULATOR_URL = weburl("BUERGERDRAHT_SIMULATOR_URL", "")
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]

POSTGRES = None if env("DATABASE_URL") else postgres.place(DATA)  # the embedded one, started by the commands that need it
DATABASES = {"default": database(env("DATABASE_URL") if POSTGRES is None else POSTGRES.url())}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "buergerdraht.ui",
    "buergerdraht.accounts",  # before allauth: our templates of its pages come first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "procrastinate.contrib.django",
    "buergerdraht.wording",
    "buergerdraht.gateway",
    "buergerdraht.webhooks",
    "buergerdraht.contacts",
    "buergerdraht.conversations",
    "buergerdraht.broadcasts",
    "buergerdraht.consultations",
    "buergerdraht.dialogs",
    "buergerdraht.meters",
    "buergerdraht.appointments",
    "buergerdraht.cases",
    "buergerdraht.bridges",
    "buergerdraht.privacy",
    "buergerdraht.insights",
    "buergerdraht.website",
    "buergerdraht.blueprints",
    "buergerdraht.watch",
    "buergerdraht.house",
]

MIDDLEWARE = [
    "buergerdraht.accounts.rest.problems.answers",
    "buergerdraht.accounts.middleware.no_nul",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "buergerdraht.accounts.middleware.session_in_use",
    "django_htmx.middleware.HtmxMiddleware",
    "buergerdraht.accounts.middleware.content_policy",
    "buergerdraht.accounts.middleware.operator_language",
]

ROOT_URLCONF = "buergerdraht.urls"
AUTH_USER_MODEL = "accounts.Operator"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "buergerdraht.accounts.adapter.Adapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,5/5m/key"}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_LOGIN_BY_CODE_ENABLED = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Bürgerdraht"
USERSESSIONS_TRACK_ACTIVITY = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
EMAIL_HOST = env("BUERGERDRAHT_SMTP_HOST")  # without one, mail (a forgotten password) is written to the output of the program
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = int(env("BUERGERDRAHT_SMTP_PORT", "587"))
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env("BUERGERDRAHT_SMTP_NAME"), env("BUERGERDRAHT_SMTP_PASSWORD")
EMAIL_USE_TLS = envbool("BUERGERDRAHT_SMTP_TLS", True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("BUERGERDRAHT_MAIL_FROM", "buergerdraht@localhost")
ALARM_MAIL = envlist("BUERGERDRAHT_ALARM_MAIL")  # who is told of what concerns the whole installation
ALARM_NETWORKS = networks("BUERGERDRAHT_ALARM_NETWORKS")  # inner networks that alarms may be sent to, beside the public internet
CALL_NETWORKS = networks("BUERGERDRAHT_CALL_NETWORKS")  # inner networks that organisations may name for the systems dialogs call
# Inner networks that servers of channels may stand in: mail servers, signal-cli, a homeserver. The simulator is on this machine.
CHANNEL_NETWORKS = [*networks("BUERGERDRAHT_CHANNEL_NETWORKS"), *CALL_NETWORKS, *(LOOPBACK if SIMULATOR_URL else ())]
PUSH_NETWORKS = networks("BUERGERDRAHT_PUSH_NETWORKS")  # inner networks with a push service of one's own
METRICS_TOKEN = env("BUERGERDRAHT_METRICS_TOKEN")  # without one /metrics answers on this machine only
# Counts guesses at sign-in and what strangers send, for all web processes together, by keyed hashes; nothing else of citizens is ever
# put there. Without a word of ours it forgets a third of what it knows at 300 entries: whoever guesses could make it.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache", "OPTIONS": {"MAX_ENTRIES": 20_000}}}
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale", PACKAGE / "connectors/locale"]  # connectors know no Django, their words stand beside them
TIME_ZONE = "Europe/Berlin"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served from where they lie: nothing to collect, nothing to forget
STATICFILES_DIRS = [
    ("kern", PROJECT / "node_modules/@kern-ux/native/dist"),
    ("maplibre", PROJECT / "node_modules/maplibre-gl/dist"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
