"""The trust file in the user's folder: which hosts and commands a user trusts each project file with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.api.paths import configuration_folder, lies_in_repository
from reconciler.core.fields.web_addresses import parse_endpoint
from reconciler.core.operator_trust import PORTS, Trusted, name_of
from reconciler.errors import ReconcilerError, UsageError
from reconciler.manifests.project.project_model import explain_errors
from reconciler.types.json import Json, join


def trust_file(environ: Mapping[str, str]) -> Path:
    """Where it is: `trust.json` in our part of the user's configuration folder (absolute)."""
    return configuration_folder(environ) / "trust.json"


def read_trusted(project: str | None, environ: Mapping[str, str]) -> Trusted:
    """What the project file at `project` is trusted with; nothing where the trust file lies in its repository.

    Raises `ReconcilerError` for a trust file that cannot be read, or that others may write.
    """
    path = trust_file(environ)
    if project is None or not path.exists() or lies_in_repository(path, _folder(project)):
        return Trusted()
    return _parse(path).get(_key(project), Trusted())


def add_trusted(
    project: str, environ: Mapping[str, str], *, host: str | None = None, command: str | None = None
) -> Trusted:
    """Trust the project file at `project` with one more host (`host:port`) or command; what it is trusted with then.

    Raises `ReconcilerError` where the trust file cannot be written, or would lie in the repository.
    """
    from reconciler.fsio import replace_file

    path = trust_file(environ)
    if lies_in_repository(path, _folder(project)):
        raise ReconcilerError(
            f"the trust file {path} lies in the repository of the project, so whoever writes there could write it",
            hint="set XDG_CONFIG_HOME to a folder outside, or use RECONCILER_ALLOWED_HOSTS",
        )
    known = _parse(path) if path.exists() else {}
    before = known.get(_key(project), Trusted())
    hosts = (*before.hosts, *((host,) if host is not None and host not in before.hosts else ()))
    commands = (*before.commands, *((command,) if command is not None and command not in before.commands else ()))
    known[_key(project)] = replace(before, hosts=hosts, commands=commands)
    document = {
        "format": FORMAT,
        "projects": {
            key: {"hosts": list(trusted.hosts), "commands": list(trusted.commands)} for key, trusted in known.items()
        },
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, (json.dumps(document, indent=2, sort_keys=True) + "\n").encode(), 0o600)
    except OSError as error:
        raise ReconcilerError(
            f"cannot write {path}: {error.strerror}", hint="check the rights of its folder"
        ) from None
    return known[_key(project)]


def parse_host(text: str) -> str:
    """`host:port` out of a host, with or without port, or an address. Raises `UsageError`."""
    scheme, separator, _ = text.partition("://")
    address = text.strip() if separator else f"https://{text.strip()}"
    place = parse_endpoint(address) if text.isascii() else None
    if place is None or not place.host or "*" in text or (separator and scheme.lower() not in PORTS):
        raise UsageError(f"{text!r} is no host", hint="state.example.com, or state.example.com:8443")
    return name_of(place)


def parse_command(text: str) -> str:
    """A command as the trust file has it. Raises `UsageError`."""
    if not text.strip() or not text.isprintable():
        raise UsageError("a command is a text of one line", hint="reconciler trust --command 'pass show state-key'")
    return text.strip()


def _key(project: str) -> str:
    return os.path.realpath(project)


def _folder(project: str) -> str:
    return os.path.dirname(_key(project))  # noqa: PTH120


def _parse(path: Path) -> dict[str, Trusted]:

    hint = f"correct it, or remove it and trust again: {path}"
    try:
        if os.name != "nt":
            found = path.stat()
            if found.st_mode & 0o022 or found.st_uid not in (os.getuid(), 0):
                raise ReconcilerError(f"the trust file {path} may be written by others", hint=f"chmod 600 {path}")
        return parse_trust(json.loads(path.read_bytes()))
    except OSError as error:
        raise ReconcilerError(f"cannot read {path}: {error.strerror}", hint="check its rights") from None
    except RecursionError:
        raise ReconcilerError(f"the trust file {path} is nested too deeply", hint=hint) from None
    except ValueError as error:
        raise ReconcilerError(f"the trust file {path} cannot be read: {error}", hint=hint) from None


FORMAT = 1


class _Strict(BaseModel):
    """What a newer version added is not read over: it would be lost when the file is written again."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Project(_Strict):
    hosts: list[str] = Field(default=[])
    commands: list[str] = Field(default=[])


class _TrustFile(_Strict):
    format: int = Field(ge=FORMAT, le=FORMAT)
    projects: dict[str, _Project]


def parse_trust(document: Json) -> dict[str, Trusted]:
    """What each project file (its real path) is trusted with. Raises `ValueError` that says where what is wrong."""
    try:
        found = _TrustFile.model_validate(document)
    except ValidationError as problem:
        raise ValueError("; ".join(_told(problem, document))) from None
    return {path: Trusted(tuple(project.hosts), tuple(project.commands)) for path, project in found.projects.items()}


def _told(problem: ValidationError, document: Json) -> Iterator[str]:
    for place, kind, what in explain_errors(problem.errors(include_url=False), document):
        names = {"extra_forbidden": "unknown key", "missing": "missing"}
        yield f"{join(*place) or 'the file'}: {what or names.get(kind, 'not accepted')}"
