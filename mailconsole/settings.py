"""Django's settings: one module; what differs between machines comes from mailconsole.environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from mailconsole.common.logs import configure_logs
from mailconsole.environment import ROOT, embedded_redis_url, ensure_home, read_environment, read_or_make_key

ENVIRONMENT = read_environment()
HOME = ensure_home(ENVIRONMENT.home)

SECRET_KEY = read_or_make_key(HOME / "secret_key")
SECRETS_KEY_FILE = HOME / "secrets.key"
DEBUG = ENVIRONMENT.is_debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
ROOT_URLCONF = "mailconsole.urls"
ASGI_APPLICATION = "mailconsole.asgi.application"

INSTALLED_APPS = [
    "mailconsole.common",
    "mailconsole.accounts",
    "mailconsole.audit",
    "mailconsole.nodes",
    "mailconsole.changes",
    "mailconsole.mailflow",
    "mailconsole.imports",
    "mailconsole.certificates",
    "mailconsole.queues",
    "mailconsole.tracking",
    "mailconsole.recipients",
    "mailconsole.tools",
    "mailconsole.learning",
    "mailconsole.overview",
    "mailconsole.setup",
    "mailconsole.api",
    "mailconsole.runtime",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "mailconsole.common.middleware.RequestIdMiddleware",
    "mailconsole.api.middleware.ApiProblemMiddleware",
    "mailconsole.common.storable_address.StorableAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "mailconsole.common.staticfiles.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mailconsole.accounts.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mailconsole.common.context.page",
            ],
            "builtins": [
                "django.templatetags.static",
                "mailconsole.common.templatetags.kit",
                "mailconsole.common.templatetags.words",
            ],
        },
    },
]
FORM_RENDERER = "mailconsole.common.forms.KitRenderer"


# Pages of 16 KiB: tracking rows are many and long, and come in order. Only a new file gets them.
SQLITE_PRAGMAS = "PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;"


def _database() -> dict[str, Any]:
    """PostgreSQL where DATABASE_URL says so, else SQLite in the home, with one writer at a time and no lost writes."""
    if ENVIRONMENT.database_url and not ENVIRONMENT.database_url.startswith("sqlite"):
        server: dict[str, Any] = dict(dj_database_url.parse(ENVIRONMENT.database_url, conn_health_checks=True))
        # A server that takes the connection and says nothing, as behind a broken network, must not keep a node from
        # starting under its last good revision; what the URL says wins.
        patience: dict[str, Any] = {"connect_timeout": 3, "tcp_user_timeout": 20_000}
        return server | {"CONN_MAX_AGE": 60, "OPTIONS": patience | dict(server.get("OPTIONS") or {})}
    file = dj_database_url.parse(ENVIRONMENT.database_url or f"sqlite:///{ENVIRONMENT.database_file}")
    return dict(file) | {
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": SQLITE_PRAGMAS,
        },
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = ENVIRONMENT.redis_url or embedded_redis_url(HOME)
AUDIT_SYSLOG = ENVIRONMENT.audit_syslog
TRACKING_RETENTION_DAYS = ENVIRONMENT.tracking_days

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "mailconsole.recipients.backend.DirectoryBackend",  # after the local people: those never depend on a directory
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "mailconsole.accounts.views.sign_in.locked_out"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]

SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_FAILURE_VIEW = "mailconsole.common.errors.csrf_refused"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"] if ENVIRONMENT.is_https else []
SECURE_HSTS_SECONDS = 31536000 if ENVIRONMENT.is_https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.is_https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = ENVIRONMENT.time_zone
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATIC_ROOT = ensure_home(HOME / "static")
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "mailconsole.common.staticfiles.VersionedStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
SILENCED_SYSTEM_CHECKS = ["axes.W003"]

LOGGING_CONFIG = None
configure_logs(level=ENVIRONMENT.log_level)
