"""Django's settings: values from the environment (config/environment.py), no logic."""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from config.environment import read_environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = read_environment(os.environ, base=BASE_DIR)

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.trusted_origins
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
VERSION = "0.1.0"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "apps.cases",
    "apps.inference",
    "apps.explain",
    "apps.feedback",
]
MIDDLEWARE = [
    "config.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.LogoutMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.AccessMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend" / "dist"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["csp.context_processors.nonce"]},
    }
]

# SQLite: IMMEDIATE, as a deferred transaction that turns from reading to writing fails at once;
# synchronous=FULL, because an acknowledged signature must survive a power cut.
# A connection is kept for an hour: a new PostgreSQL process knows no table yet, and when those of
# all threads ended every minute, all readers waited for that at once.
DATABASES = {
    "default": dj_database_url.parse(
        ENVIRONMENT.database_url, conn_max_age=3600, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
CACHES = {
    "default": {
        # In the database: rate limits of the login must outlive a flush of Redis.
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
    }
}
AUTH_USER_MODEL = "cases.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "apps.cases.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "one_time_link": "20/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if ENVIRONMENT.proxy_ssl_header else 0
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
HEADLESS_FRONTEND_URLS: dict[str, str] = {}

SESSION_COOKIE_NAME = "coread_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = ENVIRONMENT.https
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENVIRONMENT.https
CSRF_FAILURE_VIEW = "config.exceptions.csrf_failure"
SECURE_SSL_REDIRECT = ENVIRONMENT.https
SECURE_REDIRECT_EXEMPT = [r"^api/health$"]
SECURE_HSTS_SECONDS = 31536000 if ENVIRONMENT.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT.https
SECURE_HSTS_PRELOAD = ENVIRONMENT.https
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.proxy_ssl_header else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE, "'wasm-unsafe-eval'"],  # the pixel codecs are WebAssembly
        "style-src": [SELF, NONCE],
        "style-src-attr": ["'unsafe-inline'"],  # sizes and positions that React sets
        "img-src": [SELF, "data:", "blob:"],  # blob: the tools' cursors
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "report-uri": ["/csp-report"],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.var / "static"
STATICFILES_DIRS = (
    [BASE_DIR / "frontend" / "dist"] if (BASE_DIR / "frontend" / "dist").is_dir() else []
)
WHITENOISE_USE_FINDERS = not ENVIRONMENT.is_production
MEDIA_ROOT = ENVIRONMENT.var / "blobs"
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": ENVIRONMENT.storage_bucket,
            "endpoint_url": ENVIRONMENT.storage_endpoint_url or None,
            "default_acl": None,
            "file_overwrite": True,
        },
    }
    if ENVIRONMENT.storage_bucket
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = str(ENVIRONMENT.var / "incoming")
(ENVIRONMENT.var / "incoming").mkdir(parents=True, exist_ok=True)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MAXIMUM_UPLOAD_BYTES = 1024**3
MAXIMUM_PICTURE_BYTES = 2 * 1024**2
MINIMUM_FREE_FRACTION = 0.05

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["config.middleware.GrantedByTable"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.exceptions.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Coread",
    "DESCRIPTION": "Reading medical images together with a classifier. Research use only.",
    "VERSION": VERSION,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_NAME_OVERRIDES": {
        "AiStateEnum": ["none", "waiting", "done", "abstained", "failed"],
        "QueueEntryStateEnum": "apps.feedback.learning.models.QueueEntry.State",
        "RoiKindEnum": "apps.feedback.review.models.RoiRevision.Kind",
        "QueueEntryKindEnum": "apps.feedback.learning.models.QueueEntry.Kind",
        "PriorityLevelEnum": "apps.feedback.review.selectors.worklist.LEVELS",
        "FindingKindEnum": "apps.cases.models.Finding.Kind",
        "CaseStatusEnum": ["unread", "draft", "signed"],
        "RunStateEnum": "apps.inference.models.TrainingRun.State",
        "EvaluationStateEnum": ["ok", "not_evaluable"],
        "AnswerValueEnum": "apps.feedback.labeling.serializers.reads.ANSWERS",
        "ConsensusValueEnum": ["present", "absent", "not_assessable", "indeterminate"],
        "BlindedReadStateEnum": "apps.feedback.labeling.models.rounds.Read.State",
        "BlindedReadKindEnum": "apps.feedback.labeling.models.rounds.Read.Kind",
        "LockStateEnum": ["locked", "final"],
        "SeatStateEnum": ["revealed", "decided"],
        "OwnRoundStateEnum": ["open", "closed"],
        "RoundStateEnum": "apps.feedback.labeling.models.rounds.ReadingRound.State",
        "RoundCaseStateEnum": "apps.feedback.labeling.models.rounds.RoundCase.State",
        "RoundMemberStateEnum": "apps.feedback.labeling.models.rounds.RoundMember.State",
        "RoundRoleEnum": "apps.feedback.labeling.models.rounds.RoundMember.Role",
        "LateralityEnum": "apps.feedback.review.models.RoiRevision.Laterality",
        "MarkKindEnum": "apps.feedback.labeling.serializers.reads.ROI_KINDS",
        "MarkLateralityEnum": "apps.feedback.labeling.serializers.reads.LATERALITIES",
        "NotEvaluableEnum": "apps.inference.serializers.NOT_EVALUABLE",
    },
}

CELERY_BROKER_URL = ENVIRONMENT.redis_url
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A request must not wait for a broker that is away: the schedule sends lost wake-ups again.
    "max_retries": 0,
    "interval_start": 0,
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
}
RAISE_ON_LOST_WAKE_UP = False
LEASE_S = 60.0
MAXIMUM_ATTEMPTS = 3
# Work on one claim while interactive work may come, and how many images it may hold.
BATCH_WORK_S = 0.1
MAXIMUM_BATCH = 32
# One delivery of a wake-up works this long, then makes room and wakes itself again.
JOB_BUDGET_S = 20.0
JOB_TIME_LIMIT_S = 180.0  # ends a job that hangs; longer than its budget and two leases
RESCUE_EVERY_S = 5.0
TRAINING_THREADS = os.cpu_count() or 1  # recorded with the run: another number gives other bits
TRAINING_LEASE_S = 120.0  # longer than any step between two looks at the run's row
TRAINING_BEAT_S = 1.0  # progress is written, and a cancellation seen, this often
TRAINING_CHECKPOINT_S = 5.0  # an epoch or a batch of features that ends sooner is not saved alone
TRAINING_WAKE_S = 60.0
TRAINING_TIME_LIMIT_S = 24 * 3600.0  # a longer run goes on from its checkpoint
SEAL_EVERY_S = 30.0
# A signature may be taken back for this long; only then it counts (export, retraining queue).
WITHDRAWAL_WINDOW_S = ENVIRONMENT.withdrawal_window_s
RELEASE_EVERY_S = 5.0
# A lock may be taken back for so long, whatever others do; the comparison starts afterwards.
TAKE_BACK_WINDOW_S = ENVIRONMENT.take_back_window_s
SETTLE_EVERY_S = 5.0
INPUT_CACHE_BYTES = 256 * 1024 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Paths can hold UIDs and query strings can hold names: only coread.request logs requests.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "ERROR"},
        "pydicom": {"level": "CRITICAL"},
    },
}
