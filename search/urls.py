"""URLs of databases: read, written in one way, and told without their passwords."""

from urllib.parse import parse_qsl, quote, unquote, urlsplit

from search.errors import WrongUse

POSTGRESQL = "postgresql+psycopg://"
"""As SQLAlchemy takes it."""
_SPELLINGS = (POSTGRESQL, "postgresql://", "postgres://")
_SECRETS = {"password", "sslpassword"}
_HARMLESS = {"host", "port", "sslmode", "dbname", "application_name", "connect_timeout"}
"""What behind the ? is told; of what nothing here knows, nothing is."""


def is_postgresql(url: str) -> bool:
    """Tell whether a URL is a PostgreSQL database's."""
    return url.lower().startswith(_SPELLINGS)


def postgresql(url: str) -> str:
    """Write the URL of a PostgreSQL database in the one way that everybody here reads.

    Raises:
        WrongUse: it is none; of what stands in it nothing is told, which may be a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _unreadable() from None
    database = unquote(parts.path.removeprefix("/"))
    if not database or "/" in parts.path[1:] or "@" in parts.path + parts.query or parts.fragment:
        raise _unreadable()
    if _SECRETS & {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}:
        raise WrongUse(
            "--storage: a password stands behind the ? - put it before the @, as USER:PASSWORD@HOST"
        )
    user, password = (
        quote(unquote(one or ""), safe="") for one in (parts.username, parts.password)
    )
    who = f"{user}:{password}" if password else user
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    where = f"{host}:{port}" if port else host
    query = f"?{parts.query}" if parts.query else ""
    return f"{POSTGRESQL}{who}{'@' if who else ''}{where}/{quote(database, safe='')}{query}"


def without_password(url: str) -> str:
    """Give a URL of a database as it was, but for the password."""
    if not is_postgresql(url):
        return url
    kind, _, rest = postgresql(url).partition("://")
    who, _, where = rest.rpartition("@")
    user = who.partition(":")[0]
    return f"{kind}://{user}{'@' if user else ''}{where}"


def typed(url: str) -> str:
    """Give a URL of a database as somebody types it, but for the password."""
    bare = without_password(url)
    return bare.replace(POSTGRESQL, "postgresql://", 1) if is_postgresql(url) else bare


def shown(url: str) -> str:
    """Tell which database a URL is of: a file, or server and name, without who asks.

    Of what stands behind the ? that is told which is known to be no secret.
    """
    if not is_postgresql(url):
        return url
    where, _, query = without_password(url).partition("://")[2].rpartition("@")[2].partition("?")
    told = [f"{name}={value}" for name, value in parse_qsl(query) if name in _HARMLESS]
    return f"postgresql://{unquote(where)}{'?' if told else ''}{'&'.join(told)}"


def _unreadable() -> WrongUse:
    return WrongUse(
        "--storage: got a postgresql URL that cannot be read - use postgresql://USER:PASSWORD@"
        "HOST:PORT/DATABASE, and %40, %2F, %3F, %23 for @, /, ?, # in a password"
    )
