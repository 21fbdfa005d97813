"""What a platform is: everything that is true of one vendor's API alone, in one record.

Nothing outside the platform's own folder names its kinds, rules, migrations, hosts or keys: the engine, the files
and the reports are handed this record, or the part of it that they need. The table is `reconciler.platforms`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.core.operator_trust import Vendor
from reconciler.registry import Registry

if TYPE_CHECKING:
    from reconciler.core.linting import Rule
    from reconciler.core.migration import Migration
    from reconciler.core.setting_reader import Role
    from reconciler.types.kind import Kinds
    from reconciler.types.project import ProviderSettings, SettingDoc


def no_rules() -> Registry[Rule]:
    """A table of lint rules without an entry."""
    return Registry("rule", "", {})


def no_migrations() -> Registry[Migration]:
    """A table of migrations without an entry."""
    return Registry("migration", "", {})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Platform:
    """One platform. It needs `name`, `package`, `kinds` and `providers`; whatever else it lacks, it does without."""

    name: str
    package: str
    """The Python package that holds it: the texts below name modules in there."""
    kinds: Kinds
    """What an account can hold."""
    providers: Mapping[str, str]
    """`provider.type` in a project file -> `module:function` of an `OpenProvider` (`platforms.base`), the real one
    first. Names are unique over all platforms."""
    rules: Registry[Rule] = field(default_factory=no_rules)
    migrations: Registry[Migration] = field(default_factory=no_migrations)
    """In the order in which they run."""
    settings: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    """`provider.type` -> what may stand beside it in a project file, and what each is for. A type that is not in here
    checks its settings itself, when it is opened."""
    setting_docs: Mapping[str, Mapping[str, SettingDoc]] = field(default_factory=dict)
    """The same settings for people: what `explain` and the reference say of each."""
    vendor: Vendor = Vendor()
    """Hosts and variables of the environment that are the operator's, because they are the vendor's."""
    catalogue: str = ""
    """A file of the package: the models that the vendor offers. Empty: nothing is known about models."""
    workspaces: Mapping[str, ProviderSettings] = field(default_factory=dict)
    """Workspaces that are there without a project file."""
    embedded: str = ""
    """The one of `providers` that needs no account: it simulates the API in this process. Empty: there is none."""
    embedded_account: tuple[str, str] | None = None
    """The setting of `embedded` that names the file of its account, and the file beside the state where there is no
    such setting. None: its account is in no file."""
    simulator: str = ""
    """`module:function` of a `Serve` (`platforms.base`), which serves the simulated API. Empty: there is none."""
    starter: str = ""
    """`module:object` of a `Starter` (`platforms.base`), with which newcomers begin. Empty: there is none."""
    word_migration: str = ""
    """The name of the migration that writes a vocabulary, which `migrate --words` asks for. Empty: there is none."""

    @property
    def vocabularies(self) -> tuple[str, ...]:
        """The names of the words that its API understands, those of manifests first; empty where there is one set."""
        return self.kinds.vocabularies


class Platforms(Registry[Platform]):
    """The table of platforms. The first one is meant where nothing says which."""

    @property
    def default(self) -> Platform:
        """The first of the table."""
        return self.get(next(iter(self)))

    def of(self, provider: object) -> Platform:
        """The platform with this `provider.type`; the default one for a type that none has (opening it says so)."""
        return (
            next((platform for platform in self.all().values() if provider in platform.providers), None)
            or self.default
        )

    def having(self, kinds: Iterable[str]) -> Platform:
        """The first that has all of these kinds, else the default one: whose a document is that names no provider."""
        wanted = set(kinds)
        return (
            next((platform for platform in self.all().values() if wanted <= set(platform.kinds)), None)
            or self.default
        )

    def workspaces(self) -> dict[str, ProviderSettings]:
        """Those that are there without a project file; of two with one name that of the platform further up."""
        found: dict[str, ProviderSettings] = {}
        for platform in self.all().values():
            found = {**platform.workspaces, **found}
        return found

    def kind_words(self) -> dict[str, str]:
        """Every word for a kind, of addresses and of manifests, with the name of the kind."""
        words: dict[str, str] = {}
        for platform in self.all().values():
            names = {name: name for name in platform.kinds}
            words = {**{word: spec.name for word, spec in platform.kinds.by_manifest_kind.items()}, **names, **words}
        return words

    def kind_names(self) -> tuple[str, ...]:
        """The names of the kinds of all platforms."""
        return tuple(dict.fromkeys(name for platform in self.all().values() for name in platform.kinds))

    def rules(self) -> Registry[Rule]:
        """The lint rules of all platforms. Raises `UsageError` where two have one code."""
        return Registry.joined("rule", (platform.rules for platform in self.all().values()))

    def migrations(self) -> Registry[Migration]:
        """The migrations of all platforms. Raises `UsageError` where two have one id."""
        return Registry.joined("migration", (platform.migrations for platform in self.all().values()))
