"""The one settings module. What differs between installations comes from the environment (`.env.example`)."""

import os
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from chainmakes.back_office_look import UNFOLD as UNFOLD

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
HOME_DIR = Path(env.str("CHAINMAKES_HOME", default=str(BASE_DIR / ".local")))
PROCESS_NAME = env.str("PROCESS_NAME", default="")  # of a lasting process: web, worker-trading, …


def _secret(name: str, least: int) -> str:
    """Value of a secret, or a refusal to start: a missing, short or example secret is never replaced by a default."""
    value = env.str(name, default="")
    if len(value) < least or "change-me" in value or value.startswith("django-insecure"):
        raise ImproperlyConfigured(
            f"{name} is missing, shorter than {least} characters or an example value; see .env.example"
        )
    return value


# --- secrets and hosts ---------------------------------------------------------------------------------------------
SECRET_KEY = _secret("SECRET_KEY", 50)
_secret("FERNET_KEYS", 32)
FERNET_KEYS = [key.strip() for key in env.list("FERNET_KEYS") if key.strip()]  # the first encrypts, all decrypt
DEBUG = env.bool("DEBUG", default=False)
SECURE = env.bool("SECURE", default=True)  # behind HTTPS; off only for a laptop on 127.0.0.1
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ADMIN_URL = env.str("ADMIN_URL", default="admin/").strip("/") + "/"  # where the back office lies

# --- applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_otp",
    "axes",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_celery_beat",
    "accounts",
    "exchanges",
    "bots",
    "trading",
]

MIDDLEWARE = [
    "chainmakes.metrics_http.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "chainmakes.content_policy.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.RequestFactsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LoginMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "chainmakes.urls"
ASGI_APPLICATION = "chainmakes.asgi.application"
WSGI_APPLICATION = "chainmakes.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bots.context_processors.shell",
            ],
        },
    },
]

# --- PostgreSQL ----------------------------------------------------------------------------------------------------
_pool = {"min_size": 1, "max_size": env.int("DB_POOL_SIZE", default=12), "timeout": 10}
_database = env.db_url("DATABASE_URL") | {
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "OPTIONS": {"pool": _pool, "application_name": PROCESS_NAME or "chainmakes"},
}
DATABASES = {
    "default": _database,
    # The paper venue commits on a connection of its own, as a venue elsewhere would: what it accepted stays accepted
    # when our transaction rolls back.
    "paper": _database | {"OPTIONS": dict(_database["OPTIONS"]), "TEST": {"MIRROR": "default"}},
}
DATABASE_ROUTERS = ["exchanges.routers.PaperRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, channel layer, broker -----------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL")
# Test processes that run side by side keep apart in one Redis.
REDIS_PREFIX = env.str("REDIS_PREFIX", default="chainmakes") + os.environ.get("PYTEST_XDIST_WORKER", "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        "TIMEOUT": 3600,
        "OPTIONS": {"socket_connect_timeout": 2.0, "socket_timeout": 5.0},  # a silent Redis is one that is away
    }
}
if env.bool("LOCAL_CACHE", default=False):  # of a process that must not wait for Redis: the guardian, `flatten`
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "KEY_PREFIX": REDIS_PREFIX}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": REDIS_PREFIX},
    }
}

# --- Celery --------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": REDIS_PREFIX + ":celery:"}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_TASK_ROUTES = {
    "trading.tasks.*": {"queue": "trading"},
    "trading.tasks_backtests.*": {"queue": "compute"},
    "trading.tasks_searches.*": {"queue": "compute"},
    "trading.tasks_scans.*": {"queue": "compute"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120  # a compute process compiles its kernels before it says that it is up
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "chainmakes.beat:BotScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- who may come in -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.BCryptPasswordHasher",
]
_validation = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _validation + "UserAttributeSimilarityValidator"},
    {"NAME": _validation + "MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": _validation + "CommonPasswordValidator"},
    {"NAME": _validation + "NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.backends.UsernameOrEmailBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 3600  # seconds that a link to set a new password works
EMAIL_LINK_LIFE_S = 3 * 24 * 3600  # of a link that confirms an address
SECOND_FACTOR_FRESH_S = 600  # after a code, before money or keys ask for the next one
ADMIN_SECOND_FACTOR = env.bool("ADMIN_SECOND_FACTOR", default=SECURE)  # nobody enters the back office without one
# Wrong passwords for one name from one address; `THROTTLE_LOGIN` counts names and addresses each by itself besides.
AXES_FAILURE_LIMIT = env.int("LOCKOUT_FAILURES", default=20)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOCKOUT_MINUTES", default=30))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "accounts.backends.login_name"
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.address_of"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # the audit log holds log-ins
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W002"]  # the log-in forms say themselves that somebody is locked out

# --- mail ------------------------------------------------------------------------------------------------------------
# Without a server, mails become files in the data folder.
_mail = env.email_url("EMAIL_URL", default="filemail://")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH = HOME_DIR / "mail"
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"] or "localhost", _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="ChainMakes <chainmakes@localhost>")
PUBLIC_URL = env.str("PUBLIC_URL", default="")  # https://bots.example.com: begins the links in mails

# --- notifications ---------------------------------------------------------------------------------------------------
# Hosts, addresses and networks of ours that users' channels may reach: others than public ones are refused otherwise.
ALERT_ALLOWED_HOSTS = env.list("ALERT_ALLOWED_HOSTS", default=[])
TELEGRAM_API_URL = env.str("TELEGRAM_API_URL", default="https://api.telegram.org")  # of the bots that take commands
ENGINE_SILENCE_S = env.float("ENGINE_SILENCE_S", default=120.0)  # without a sign of life, until somebody is told

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.ApiTokenAuthentication",
        "accounts.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.CanUse"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttles.ApiThrottle"],
    "DEFAULT_PARSER_CLASSES": ["chainmakes.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "chainmakes.ordering.StableOrdering",
    ],
    "DEFAULT_METADATA_CLASS": None,  # OpenAPI says it all
    "DEFAULT_PAGINATION_CLASS": "chainmakes.pagination.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "chainmakes.schema.ApiSchema",
    "EXCEPTION_HANDLER": "chainmakes.errors.api_exception",
    "DEFAULT_THROTTLE_RATES": {  # counted by accounts.api.throttles
        "login": env.str("THROTTLE_LOGIN", default="10/min"),
        "register": env.str("THROTTLE_REGISTER", default="10/hour"),
        "mail": env.str("THROTTLE_MAIL", default="5/hour"),  # mails that one address or account asks for
        "api": env.str("THROTTLE_API", default="1200/min"),  # all requests of one user, or of one address before log-in
        "backtests": env.str("THROTTLE_BACKTESTS", default="60/min"),
        "orders": env.str("THROTTLE_ORDERS", default="120/min"),  # by hand; what only reduces is not counted
    },
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "COERCE_DECIMAL_TO_STRING": True,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=30),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ChainMakes",
    "DESCRIPTION": "Trades pairs of crypto perpetuals.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Not the library's own hook: choices stand where they are used, not as components with made-up names.
    "POSTPROCESSING_HOOKS": ["chainmakes.schema.strict_bounds"],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}

# --- language, time, files -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = HOME_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "chainmakes.vendor_files.VendorFinder",
]
NODE_MODULES = BASE_DIR / "node_modules"
TABLER_ICONS_DIR = NODE_MODULES / "@tabler/icons/icons/outline"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATICFILES_BACKEND", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
CANDLE_DIR = Path(env.str("CANDLE_DIR", default=str(HOME_DIR / "candles")))
STRATEGY_DIR = Path(env.str("STRATEGY_DIR", default=str(HOME_DIR / "strategies")))  # its Python files are strategies
CANDLE_FILE_MAX_MB = env.int("CANDLE_FILE_MAX_MB", default=512)  # larger files are refused unread

# --- venues (operators only; users can set none of these) -------------------------------------------------------------
EXCHANGE_BASE_URLS = env.json("EXCHANGE_BASE_URLS", default={})
EXCHANGE_PROXY = env.str("EXCHANGE_PROXY", default="")
EXCHANGE_TIMEOUT_S = env.float("EXCHANGE_TIMEOUT_S", default=5.0)
MARKET_CACHE_TTL = env.float("MARKET_CACHE_TTL", default=60.0)
TICKER_CACHE_TTL = env.float("TICKER_CACHE_TTL", default=5.0)
ORDERBOOK_CACHE_TTL = env.float("ORDERBOOK_CACHE_TTL", default=1.0)
QUOTE_CACHE_TTL = env.float("QUOTE_CACHE_TTL", default=1.0)  # of the quotes that bots decide on
# The collector of quotes over sockets (`manage.py stream_quotes`).
STREAM_SILENCE_S = env.float("STREAM_SILENCE_S", default=15.0)  # connected, and no quote: connect anew, ask REST
STREAM_QUOTE_AGE_S = env.float("STREAM_QUOTE_AGE_S", default=1.5)  # older ones, by venue time, are asked for over REST
STREAM_BACKOFF_S = env.float("STREAM_BACKOFF_S", default=0.5)  # before the first reconnection; doubled after each
STREAM_BACKOFF_MAX_S = env.float("STREAM_BACKOFF_MAX_S", default=4.0)
STREAM_PUBLISH_PER_S = env.float("STREAM_PUBLISH_PER_S", default=10.0)  # writes of one topic, at most
STREAM_LOOK_S = env.float(
    "STREAM_LOOK_S", default=10.0
)  # between two looks at what is needed, if nobody says so before
STREAM_CANDLE_SETTLED_S = env.float("STREAM_CANDLE_SETTLED_S", default=12.0)  # until a closed candle is taken for final

# --- trading ---------------------------------------------------------------------------------------------------------
BOT_LEASE_S = env.float("BOT_LEASE_S", default=15.0)  # how long a worker owns a bot without renewing
ORDER_SEND_BY_S = env.float("ORDER_SEND_BY_S", default=2.0)  # an order not signed within this time is never sent
# Past send_by, until "not found" counts: the receive window (5), a new order not shown at once (2), clock error (1).
ORDER_PROOF_S = env.float("ORDER_PROOF_S", default=8.0)
LEG_TIMEOUT_MARKET_S = env.float("LEG_TIMEOUT_MARKET_S", default=10.0)
LEG_TIMEOUT_LIMIT_S = env.float("LEG_TIMEOUT_LIMIT_S", default=30.0)
FLATTEN_PATIENCE_S = env.float("FLATTEN_PATIENCE_S", default=30.0)  # then what is left goes on at the bots' own ticks
FLATTEN_PROCESS = env.bool("FLATTEN_PROCESS", default=True)  # without a guardian the kill switch starts one of its own
GUARDIAN_LOOK_S = env.float("GUARDIAN_LOOK_S", default=0.5)  # between two looks of the guardian
GUARDIAN_START_S = env.float("GUARDIAN_START_S", default=30.0)  # for the workers that are started beside it
GUARDIAN_GRACE_S = env.float("GUARDIAN_GRACE_S", default=3.0)  # beyond two intervals without a look at a bot
RECONCILE_QUIET_S = env.float("RECONCILE_QUIET_S", default=10.0)  # venues' answers may lag behind a booking so long
RECONCILE_ROUND_S = env.float("RECONCILE_ROUND_S", default=45.0)  # of one account: then no further question is put
CLOSE_RETRY_S = env.float("CLOSE_RETRY_S", default=5.0)  # first pause after a closing order that is refused again
TICK_CHUNK = env.int("TICK_CHUNK", default=50)
SEARCH_SETS_MAX = env.int("SEARCH_SETS_MAX", default=50_000)  # of one parameter search
SEARCH_TASKS_AHEAD = env.int("SEARCH_TASKS_AHEAD", default=2 * (os.cpu_count() or 2))  # in the queue, of one search
BACKTESTS_OPEN_MAX = env.int("BACKTESTS_OPEN_MAX", default=20)  # waiting and running ones of one user, searches too
BACKTEST_TIME_LIMIT_S = env.int("BACKTEST_TIME_LIMIT_S", default=1800)  # one run's: a plug-in may never end
JOURNAL_KEEP_DAYS = env.int("JOURNAL_KEEP_DAYS", default=30)  # then repeated lines of a day become one
TAPE_BURST_S = env.float("TAPE_BURST_S", default=1.0)  # how long one task may keep stepping a replay at full speed
CRASH_POINT = env.str("CRASH_POINT", default="")  # tests only: name of the point at which the process kills itself

# --- health: processes that /healthz waits for besides the database and Redis (`beat`, `worker`) -----------------
HEALTH_PARTS = env.list("HEALTH_PARTS", default=[])
METRICS_DIR = HOME_DIR / "metrics"  # counts of every process of this host
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # bearer of /metrics; without it this host alone may ask
METRICS_EQUITY = env.bool("METRICS_EQUITY", default=False)  # equity of the largest accounts among the metrics
BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(HOME_DIR / "backups")))  # whose newest file the health page dates

# --- transport security ----------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {  # a page runs and shows this site's own files only, and nobody frames it
    "DIRECTIVES": {
        **{"default-src": [NONE], "base-uri": [NONE], "frame-ancestors": [NONE]},
        **{f"{kind}-src": [SELF] for kind in ("script", "style", "font", "connect")},
        **{"img-src": [SELF, "data:"], "form-action": [SELF]},
    }
}
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000  # bytes of a form or of JSON
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
FILE_UPLOAD_HANDLERS = ["chainmakes.uploads.NoFiles"]

# --- log -------------------------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="text")
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured("LOG_FORMAT is neither text nor json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "chainmakes.logs.TextFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "chainmakes.logs.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},  # it writes signed addresses
        "axes": {"level": "ERROR"},  # the audit log holds failed log-ins
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
    },
}
