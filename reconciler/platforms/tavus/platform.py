"""Tavus as a platform: the record that the table of platforms names."""

from __future__ import annotations

from reconciler.core.operator_trust import Vendor
from reconciler.core.platform import Platform
from reconciler.core.setting_reader import PROVIDER, Role
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import SecretRef
from reconciler.types.project import ProviderSettings

KEY_VARIABLE = "TAVUS_API_KEY"
URL_VARIABLE = "TAVUS_PUBLIC_API_BASE_URL"
"""The vendor's own client reads these two, too."""
ROLES = {"api_key": Role.CREDENTIAL, "base_url": Role.ADDRESS} | dict.fromkeys(("timeout", *PROVIDER), Role.TEXT)

SIMULATOR = dict.fromkeys(("world", "faults"), Role.PATH) | dict.fromkeys(
    ("timeout", "api_key", "base_url"), Role.TEXT
)

PLATFORM = Platform(
    name="tavus",
    package="reconciler.platforms.tavus",
    kinds=KINDS,
    rules=RULES,
    migrations=MIGRATIONS,
    providers={
        "tavus": "client.open_provider:open_provider",
        "simulator": "simulator.embedded_provider:open_provider",
    },
    settings={"tavus": ROLES, "simulator": SIMULATOR},
    vendor=Vendor(hosts=("tavusapi.com",), addresses=(URL_VARIABLE,), credentials=(KEY_VARIABLE,)),
    catalogue="catalogue.yaml",
    workspaces={
        "sandbox": ProviderSettings("simulator"),
        "tavus": ProviderSettings("tavus", {"api_key": SecretRef("env", KEY_VARIABLE)}),
    },
    embedded="simulator",
    embedded_account=("world", "world.json"),
    simulator="simulator.http_server:serve",
    starter="starter:STARTER",
    word_migration="vocabulary-persona-to-pal",
)
