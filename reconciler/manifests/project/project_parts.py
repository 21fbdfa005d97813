"""Parts of the project file as records: workspaces, accounts, defaults, answers to questions, a fleet's settings."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS, SHARED_SETTINGS
from reconciler.manifests.project.project_model import (
    AccountModel,
    FleetModel,
    PolicyModel,
    ProjectModel,
    WorkspaceModel,
)
from reconciler.manifests.project.watch_model import seconds, watch_record
from reconciler.manifests.read.secrets_in_manifests import ENV_NAME
from reconciler.manifests.tree.file_tree import relative
from reconciler.manifests.tree.problems import FILE, LITERAL_SECRET, PROJECT, Findings, suggest
from reconciler.manifests.tree.repository import inside
from reconciler.types.address import SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.history import Retention
from reconciler.types.json import Json, Object, join, lookup
from reconciler.types.kind import Kinds
from reconciler.types.project import (
    Account,
    BackendSettings,
    Defaults,
    FleetSettings,
    Policy,
    ProviderSettings,
    Workspace,
)

if TYPE_CHECKING:
    from reconciler.core.migration import Answers, Migration
    from reconciler.core.platform import Platforms
    from reconciler.registry import Registry

SECRET_SETTINGS = frozenset(
    {"api_key", "password", "token", "secret_access_key", "secret_key", "dsn", "access_key_id"}
)
"""Settings that may not stand in the file as they are."""
FREE_TEXT = frozenset({"dsn", "access_key_id"})
"""Secret settings that are often harmless as text; a literal is accepted."""


def read_workspace(
    name: str,
    model: WorkspaceModel,
    whole: ProjectModel,
    accounts: Mapping[str, Account],
    folder: str,
    source: Source,
    findings: Findings,
    platforms: Platforms,
) -> Workspace:

    here, platform = join("workspaces", name), platforms.of(model.provider.type)
    for index, overlay in enumerate(model.overlays):
        target = os.path.normpath(os.path.join(folder, overlay))  # noqa: PTH118
        if os.path.isabs(overlay) or not inside(target, folder):  # noqa: PTH117
            findings.error(
                FILE,
                f"the overlay folder {overlay} leaves the project",
                source=source,
                pointer=f"{here}/overlays/{index}",
                hint=f"give a folder under {Path(folder).name}/",
            )
    keys: Collection[str] | None = None
    if model.provider.type in platform.settings:
        words = ("vocabulary",) if platform.vocabularies else ()
        keys = ("type", "account", *words, *platform.settings[model.provider.type])
    provider = _settings(dict(model.provider.model_extra or {}), "provider", keys, here, source, findings)
    keys = BACKEND_SETTINGS.get(model.state.backend)
    state = _settings(dict(model.state.model_extra or {}), "state", keys, here, source, findings)
    vocabulary = model.provider.vocabulary or ""
    if model.provider.account is not None and model.provider.account not in accounts:
        findings.error(
            PROJECT,
            f"account {model.provider.account!r} is none of the accounts of this file",
            source=source,
            pointer=f"{here}/provider/account",
            hint=suggest(model.provider.account, accounts)
            or f"add it: `accounts: {{{model.provider.account}: {{requests_per_second: 20}}}}`",
        )
    if vocabulary not in {"", *platform.vocabularies}:
        wanted = " or ".join(platform.vocabularies) or "nothing"
        summary, pointer = f"{vocabulary!r} stands where {wanted} is wanted", f"{here}/provider/vocabulary"
        findings.error(PROJECT, summary, source=source, pointer=pointer)
    return Workspace(
        name,
        ProviderSettings(model.provider.type, provider, vocabulary),
        platform.kinds,
        BackendSettings(model.state.backend, state),
        tuple(model.overlays),
        _policy(model.policy),
        model.parallelism,
        model.max_requests_per_second,
        seconds(model.give_up_after),
        model.migrate or whole.migrate,
        Retention(model.history.keep, model.history.max_bytes),
        model.provider.type == platform.embedded,
        {**whole.values, **model.values},
        None if model.watch is None else watch_record(model.watch),
        accounts.get(model.provider.account or ""),
    )


def read_account(name: str, model: AccountModel, source: Source, findings: Findings) -> Account:

    shared = None
    if model.shared is not None:
        given = dict(model.shared.model_extra or {})
        found = _settings(given, "shared", SHARED_SETTINGS, join("accounts", name), source, findings)
        shared = BackendSettings(model.shared.backend, found)
    return Account(name, model.requests_per_second, model.concurrency, shared)


def read_fleet(model: FleetModel, source: Source, findings: Findings) -> FleetSettings:

    given: dict[str, Json] = {} if model.address is None else {"address": model.address}  # type: ignore[dict-item]
    found = _settings(given, "fleet", None, "", source, findings)
    return FleetSettings(found.get("address"), model.namespace, seconds(model.heartbeat), seconds(model.lease))


def _policy(model: PolicyModel) -> Policy:
    """Lists become tuples; everything else stands as it is."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in model}
    return Policy(**given)


def _settings(
    values: dict[str, Json],
    section: str,
    known: Collection[str] | None,
    here: str,
    source: Source,
    findings: Findings,
) -> Object:
    """The plug-in's own keys with `{env: X}` and `{file: p}` turned into references; `known` are all that it has,
    None where it checks them itself."""
    result: Object = {}
    for key, value in values.items():
        pointer = join(*(here[1:].split("/") if here else ()), section, key)
        if known is not None and key not in known:
            hint = suggest(key, known) or f"known here: {', '.join(known)}"
            findings.error(PROJECT, f"unknown key {key!r}", source=source, pointer=pointer, hint=hint)
        reference = dict(value) if isinstance(value, dict) and len(value) == 1 else {}
        name, target = next(iter(reference.items()), ("", None))
        if name in {"env", "file"} and isinstance(target, str):
            if name == "env" and not ENV_NAME.fullmatch(target):
                summary = f"{target!r} is not the name of an environment variable"
                findings.error(PROJECT, summary, source=source, pointer=pointer)
            value = SecretRef(name, target)
        elif isinstance(value, str) and key in SECRET_SETTINGS - FREE_TEXT:
            findings.error(
                LITERAL_SECRET,
                f"{key} stands in the file in clear",
                source=source,
                pointer=pointer,
                hint="write {env: NAME} and put the value into that environment variable",
            )
        result[key] = value
    return result


def read_defaults(
    model: ProjectModel, folder: str, kinds: Kinds | None, source: Source, findings: Findings
) -> tuple[Defaults, ...]:
    """The defaults that name a kind and a folder of the project."""
    words = kinds.by_manifest_kind if kinds is not None else {}
    known = {**words, **{word.name: word for word in words.values()}}
    result: list[Defaults] = []
    for index, default in enumerate(model.defaults):
        target = os.path.normpath(os.path.join(folder, default.folder or "."))  # noqa: PTH118
        if os.path.isabs(default.folder or "") or not inside(target, folder):  # noqa: PTH117
            findings.error(
                FILE, f"the folder {default.folder} leaves the project", source=source,
                pointer=join("defaults", str(index), "folder"), hint=f"give a folder under {Path(folder).name}/",
            )  # fmt: skip
        elif default.kind not in known and known:
            findings.error(
                PROJECT,
                f"unknown kind {default.kind!r}",
                source=source,
                pointer=join("defaults", str(index), "kind"),
                hint=suggest(default.kind, known) or f"known kinds: {', '.join(words)}",
            )
        elif known:
            place = relative(target, folder)
            result.append(Defaults(known[default.kind].name, default.spec, "" if place == "." else place))
    return tuple(result)


def read_answers(
    model: ProjectModel, tables: Iterable[Registry[Migration]], source: Source, findings: Findings
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The answers to questions of migrations, each as text, and where those stand that are for one manifest alone.

    `tables` are the migrations of the platforms that the workspaces are of.
    """
    if not model.migrations:
        return {}, {}
    from reconciler.core.migration import addressed, as_answer, known_names

    known: dict[str, Migration] = {}
    for table in tables:
        by_name = {one.name: one for one in table.all().values()}
        known |= {word: by_name[name] for word, name in known_names(table).items()}
    result: dict[str, dict[str, str]] = {}
    places: dict[str, str] = {}
    for word, given in model.migrations.items():
        migration = known.get(word)
        if migration is None:
            findings.error(
                PROJECT,
                f"unknown migration {word!r}",
                source=source,
                pointer=join("migrations", word),
                hint=suggest(word, known) or "`reconciler migrate --list` shows them",
            )
            continue
        members = given if isinstance(given, dict) else {"*": given}
        answers = {key: as_answer(value) for key, value in members.items()}
        for key, value in answers.items():
            other = result.get(migration.name, {}).get(key, value)
            if other != value:
                what = "everything" if key == "*" else repr(key)
                findings.error(
                    PROJECT,
                    f"{migration.name} ({migration.id}) is answered twice for {what}: {other!r} and {value!r}",
                    source=source,
                    pointer=join("migrations", word),
                    hint="it stands here under its name and under its id: take one of the two out",
                )
        result.setdefault(migration.name, {}).update(answers)
        for _, key, address in addressed({migration.name: answers}, {migration.name: migration.kinds}):
            places[join("migrations", word, key)] = address
    return result, places


def with_answers(data: bytes, path: str, answers: Answers, known: Mapping[str, str]) -> bytes:
    """The project file with answers in it, the rest as it is written; `known` are the migrations' names by everything
    that they may be called. An answer for all questions of a migration takes the place of all that were there.

    Raises `EditRefused` where the text does not allow it: an anchor ties the place to another one.
    """
    from reconciler.core.migration import as_answer, merge_answers
    from reconciler.manifests.edit.editable_file import EditableFile
    from reconciler.types.manifest import Edit, RemoveValue, SetValue

    file = EditableFile(data, path, values=True)
    held = lookup(file.documents[0].value, "/migrations")
    words = list(held) if isinstance(held, dict) else []
    edits: list[Edit] = []
    for name, given in answers.items():
        mine = [word for word in words if known.get(word) == name]
        if len(mine) > 1 and isinstance(held, dict):  # under its name and under its id: together from now on
            both = merge_answers(*({name: _members(held[word])} for word in mine), {name: given})
            edits.append(SetValue(join("migrations", mine[0]), _whole(both[name])))
            edits += [RemoveValue(join("migrations", word)) for word in mine[1:]]
            continue
        word = mine[0] if mine else name
        present = held.get(word) if isinstance(held, dict) else None
        place = join("migrations", word)
        if "*" in given or present is None:
            same = present is not None and _members(present) == dict(given)
            edits += [] if same else [SetValue(place, _whole(given))]
        elif not isinstance(present, dict):
            edits.append(SetValue(place, {"*": present, **given}))
        else:
            edits += [
                SetValue(join("migrations", word, key), value)
                for key, value in given.items()
                if key not in present or as_answer(_scalar(present[key])) != value
            ]
    if edits:
        file.edit(0, edits)
    return file.data()


def _whole(given: Mapping[str, str]) -> Json:
    """All answers of a migration as they stand in the file."""
    return given["*"] if list(given) == ["*"] else dict(given)


def _members(value: Json) -> dict[str, str]:
    from reconciler.core.migration import as_answer

    pairs = value.items() if isinstance(value, dict) else [("*", value)]
    return {key: as_answer(_scalar(item)) for key, item in pairs}


def _scalar(value: Json) -> str | float | bool:
    return value if isinstance(value, (str, int, float, bool)) else str(value)
