"""Reads Coread's environment and refuses what is unsafe in production, one line a fault."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MINIMUM_SECRET_KEY_LENGTH = 50


class UnsafeEnvironment(SystemExit):
    """The settings would expose patients' data: Coread does not start."""


@dataclass(frozen=True)
class Environment:
    """What the environment says, with the defaults of the embedded start."""

    is_production: bool
    debug: bool
    secret_key: str
    allowed_hosts: list[str]
    trusted_origins: list[str]
    var: Path
    database_url: str
    redis_url: str
    storage_bucket: str
    storage_endpoint_url: str
    https: bool
    proxy_ssl_header: bool
    withdrawal_window_s: float
    take_back_window_s: float


def _boolean(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on"}


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _embedded_secret_key(var: Path) -> str:
    """Make the key of the embedded start once, readable by its owner only."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text()


def read_environment(environ: Mapping[str, str], *, base: Path) -> Environment:
    """Read the environment.

    Raises
    ------
    UnsafeEnvironment : production with values that would expose data, a line a fault
    """
    is_production = environ.get("COREAD_ENV", "embedded") == "production"
    var = Path(environ.get("COREAD_VAR", str(base / "var")))
    secret_key = environ.get("COREAD_SECRET_KEY", "")
    read = Environment(
        is_production=is_production,
        debug=_boolean(environ.get("COREAD_DEBUG", "")),
        secret_key=secret_key or ("" if is_production else _embedded_secret_key(var)),
        allowed_hosts=_words(environ.get("COREAD_ALLOWED_HOSTS", ""))
        or ([] if is_production else ["127.0.0.1", "localhost", "[::1]"]),
        trusted_origins=_words(environ.get("COREAD_TRUSTED_ORIGINS", "")),
        var=var,
        database_url=environ.get("DATABASE_URL", "")
        or ("" if is_production else f"sqlite:///{var / 'coread.sqlite3'}"),
        redis_url=environ.get("REDIS_URL", "")
        or ("" if is_production else f"redis+socket://{var / 'redis' / 'redis.sock'}"),
        storage_bucket=environ.get("COREAD_STORAGE_BUCKET", ""),
        storage_endpoint_url=environ.get("COREAD_STORAGE_ENDPOINT_URL", ""),
        https=_boolean(environ.get("COREAD_HTTPS", "1" if is_production else "0")),
        proxy_ssl_header=_boolean(environ.get("COREAD_BEHIND_TLS_PROXY", "0")),
        withdrawal_window_s=float(environ.get("COREAD_WITHDRAWAL_WINDOW_S", "60")),
        take_back_window_s=float(environ.get("COREAD_TAKE_BACK_WINDOW_S", "300")),
    )
    faults = production_faults(read) if is_production else []
    if faults:
        raise UnsafeEnvironment("\n".join(["Coread does not start:", *faults]))
    return read


def production_faults(read: Environment) -> list[str]:
    """List what is unsafe in production, a readable line each."""
    checks = [
        (not read.secret_key, "COREAD_SECRET_KEY is missing: set 50 or more random characters."),
        (
            bool(read.secret_key)
            and (
                len(read.secret_key) < MINIMUM_SECRET_KEY_LENGTH
                or len(set(read.secret_key)) < 10
                or read.secret_key.startswith("django-insecure")
            ),
            "COREAD_SECRET_KEY is weak: use 50 or more random characters.",
        ),
        (read.debug, "COREAD_DEBUG is on: it shows patients' data in error pages; unset it."),
        (not read.allowed_hosts, "COREAD_ALLOWED_HOSTS is missing: name the public host names."),
        (
            any("*" in host or host.startswith(".") for host in read.allowed_hosts),
            "COREAD_ALLOWED_HOSTS has a wildcard: name each host.",
        ),
        (
            any(not origin.startswith("https://") for origin in read.trusted_origins),
            "COREAD_TRUSTED_ORIGINS has an origin without https://.",
        ),
        (not read.database_url, "DATABASE_URL is missing: name a PostgreSQL database."),
        (
            bool(read.database_url)
            and not read.database_url.startswith(("postgres:", "postgresql:")),
            "DATABASE_URL is not PostgreSQL: SQLite is for one machine without a failover.",
        ),
        (
            ":@" in read.database_url or "postgres:postgres@" in read.database_url,
            "DATABASE_URL has an empty or default password.",
        ),
        (not read.redis_url, "REDIS_URL is missing: name the Redis that carries wake-ups."),
        (not read.https, "COREAD_HTTPS is off: sessions would travel in clear text."),
        (
            bool(read.storage_endpoint_url)
            and not read.storage_endpoint_url.startswith("https://"),
            "COREAD_STORAGE_ENDPOINT_URL is not https://.",
        ),
    ]
    return [f"- {line}" for is_fault, line in checks if is_fault]
