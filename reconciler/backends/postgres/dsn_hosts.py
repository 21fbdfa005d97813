"""Where a DSN of the project file leads, and what else it may say."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.fields.web_addresses import Endpoint, parse_endpoint
from reconciler.core.settings.operator_trust import Operator
from reconciler.core.settings.setting_reader import not_yours
from reconciler.errors import UsageError

WHAT = "'dsn' of state backend 'postgres'"
HARMLESS = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "password", "service", "sslmode", "channel_binding"}
    | {"connect_timeout", "tcp_user_timeout", "application_name", "fallback_application_name", "client_encoding"}
    | {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "options"}
    | {"target_session_attrs", "load_balance_hosts", "gssencmode", "require_auth", "min_protocol_version"}
)
"""What is not here names files of the machine, keys, or hands credentials on (`passfile`, `sslkey`,
`gssdelegation`, `servicefile` ...)."""


def check_hosts(given: Mapping[str, object], operator: Operator) -> None:
    """Look at every host of a DSN that is written out, and at every address that stands in for one.

    Without a host those of the environment and of the user's own service file count. Raises `NotTrusted` for a host
    that is not the operator's, `UsageError` for a part that only the environment may set.
    """
    for name in given:
        if name not in HARMLESS:
            raise UsageError(
                f"{WHAT} holds {name}, which a project file may not set",
                hint="put the whole DSN into a variable and write dsn: {env: NAME}",
            )
    ports = str(given.get("port") or "").split(",")
    for name in ("host", "hostaddr"):
        hosts = str(given.get(name) or "").split(",")
        for index, host in enumerate(hosts):
            if not host.strip() or host.startswith(("/", "@")):
                continue  # the environment's, or a socket of this machine
            port = ports[index] if len(ports) == len(hosts) else ports[0]
            place = _place(host.strip(), port.strip())
            if place is None:
                raise UsageError(f"{WHAT} holds a host that is none", hint="host=db.example.com port=5432")
            if not operator.owns(place):
                raise not_yours(WHAT, place)


def _place(host: str, port: str) -> Endpoint | None:
    bare = f"[{host}]" if ":" in host else host
    return parse_endpoint(f"postgresql://{bare}{':' + port if port else ''}") if host.isascii() else None
