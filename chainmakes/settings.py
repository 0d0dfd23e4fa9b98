"""The one settings module. What differs between installations comes from the environment (`.env.example`)."""

import os
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
HOME_DIR = Path(env.str("CHAINMAKES_HOME", default=str(BASE_DIR / ".local")))


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
ADMIN_URL = "admin/"

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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
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
    "OPTIONS": {"pool": _pool, "application_name": env.str("PROCESS_NAME", default="chainmakes")},
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
    }
}
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
AUTHENTICATION_BACKENDS = ["accounts.backends.UsernameOrEmailBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.CanUse"],
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
    "DEFAULT_THROTTLE_RATES": {  # counted by accounts.throttles
        "login": env.str("THROTTLE_LOGIN", default="10/min"),
        "register": env.str("THROTTLE_REGISTER", default="10/hour"),
        "backtests": env.str("THROTTLE_BACKTESTS", default="60/min"),
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
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used, not as components with made-up names
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

# --- trading ---------------------------------------------------------------------------------------------------------
BOT_LEASE_S = env.float("BOT_LEASE_S", default=15.0)  # how long a worker owns a bot without renewing
ORDER_SEND_BY_S = env.float("ORDER_SEND_BY_S", default=2.0)  # an order not signed within this time is never sent
# Past send_by, until "not found" counts: the receive window (5), a new order not shown at once (2), clock error (1).
ORDER_PROOF_S = env.float("ORDER_PROOF_S", default=8.0)
LEG_TIMEOUT_MARKET_S = env.float("LEG_TIMEOUT_MARKET_S", default=10.0)
LEG_TIMEOUT_LIMIT_S = env.float("LEG_TIMEOUT_LIMIT_S", default=30.0)
TICK_CHUNK = env.int("TICK_CHUNK", default=50)
SEARCH_SETS_MAX = env.int("SEARCH_SETS_MAX", default=50_000)  # of one parameter search
SEARCH_TASKS_AHEAD = env.int("SEARCH_TASKS_AHEAD", default=2 * (os.cpu_count() or 2))  # in the queue, of one search
BACKTESTS_OPEN_MAX = env.int("BACKTESTS_OPEN_MAX", default=20)  # waiting and running ones of one user, searches too
BACKTEST_TIME_LIMIT_S = env.int("BACKTEST_TIME_LIMIT_S", default=1800)  # one run's: a plug-in may never end
TAPE_BURST_S = env.float("TAPE_BURST_S", default=1.0)  # how long one task may keep stepping a replay at full speed
CRASH_POINT = env.str("CRASH_POINT", default="")  # tests only: name of the point at which the process kills itself

# --- health: processes that /healthz waits for besides the database and Redis (`beat`, `worker`) -----------------
HEALTH_PARTS = env.list("HEALTH_PARTS", default=[])

# --- transport security ----------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- log -------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},  # it writes signed addresses
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
    },
}

UNFOLD = {"SITE_TITLE": "ChainMakes", "SITE_HEADER": "ChainMakes", "SHOW_VIEW_ON_SITE": False}
