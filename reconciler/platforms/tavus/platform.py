"""Tavus as a platform: the record that the table of platforms names."""

from __future__ import annotations

from reconciler.core.operator_trust import Vendor
from reconciler.core.platform import Platform
from reconciler.core.setting_reader import PROVIDER, Role
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import SecretRef
from reconciler.types.project import ProviderSettings, SettingDoc

KEY_VARIABLE = "TAVUS_API_KEY"
URL_VARIABLE = "TAVUS_PUBLIC_API_BASE_URL"
"""The vendor's own client reads these two, too."""
ROLES = {"api_key": Role.CREDENTIAL, "base_url": Role.ADDRESS} | dict.fromkeys(("timeout", *PROVIDER), Role.TEXT)

SIMULATOR = dict.fromkeys(("world", "faults"), Role.PATH)
SETTING_DOCS = {
    "tavus": {
        "api_key": SettingDoc("{env} or {file}", f"The key of the account; without it that of {KEY_VARIABLE}."),
        "base_url": SettingDoc(
            "address",
            f"Where the API is; or {URL_VARIABLE}. Other hosts have to be known as yours: `reconciler trust`.",
        ),
        "timeout": SettingDoc("number, 1 to 600", "Seconds that one wait for the API may last.", "30"),
        "max_answer_mb": SettingDoc(
            "number", "The largest answer that is read, in MB; RECONCILER_MAX_ANSWER_MB wins.", "64"
        ),
        "max_pages": SettingDoc(
            "integer", "How many pages of one list are read; RECONCILER_MAX_PAGES wins.", "10000"
        ),
        "max_request_seconds": SettingDoc(
            "number", "Seconds of one request, first to last byte; RECONCILER_MAX_REQUEST_SECONDS wins.", "120"
        ),
    },
    "simulator": {
        "world": SettingDoc(
            "path",
            "The file of the simulated account, from the folder of the project file.",
            "world.json beside the state",
        ),
        "faults": SettingDoc("path", "A file of faults to rehearse with: `reconciler simulator serve --help`."),
    },
}

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
    setting_docs=SETTING_DOCS,
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
