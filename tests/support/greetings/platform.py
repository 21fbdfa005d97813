"""The greetings platform as a record."""

from __future__ import annotations

from reconciler.core.operator_trust import Vendor
from reconciler.core.platform import Platform
from reconciler.registry import Registry
from tests.support.greetings.kinds import KINDS

PACKAGE = "tests.support.greetings"
PLATFORM = Platform(
    name="greetings",
    package=PACKAGE,
    kinds=KINDS,
    providers={"greetings": "provider:open_provider", "toy-greetings": "provider:open_provider"},
    rules=Registry("rule", PACKAGE, {"G01": "rules:VOLUME_RANGE"}),
    migrations=Registry("migration", PACKAGE, {"G1": "migrations:LOUDNESS"}),
    settings={"greetings": {}, "toy-greetings": {}},
    vendor=Vendor(hosts=("greetings.example",), credentials=("GREETINGS_KEY",)),
    embedded="toy-greetings",
)
