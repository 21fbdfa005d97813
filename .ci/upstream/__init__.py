"""Holds the field tables and the catalogue against the vendors' own packages: what these know and the tables do not.

Packages are read, never imported or run: the modules in a wheel are parsed, and what they declare is compared.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from reconciler.api.offline import load_catalogue
from reconciler.platforms.livekit.agent_settings import ALWAYS
from reconciler.platforms.livekit.installed_models import literals
from upstream.declared import Module, Unreadable, parse
from upstream.tables import client_differences, skills_differences

PACKAGES = ("tavus-cli", "livekit-agents", "livekit-plugins-tavus")
SCHEMAS = "tavus_mcp/sdk/schemas/"
SKILLS = "tavus_mcp/sdk/recipes/capabilities.py"
MODELS = "livekit/agents/inference/llm.py"
AVATAR = "livekit/plugins/tavus/avatar.py"
AVATAR_API = "livekit/plugins/tavus/api.py"
LARGEST = 5_000_000
"""Bytes of a module that is read."""
WHEEL = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[0-9][^-]*)-.+\.whl")


class Wheel:
    """The modules of one package."""

    def __init__(self, path: Path) -> None:
        """Raises `Unreadable`."""
        match = WHEEL.fullmatch(path.name)
        if match is None:
            raise Unreadable(f"{path.name} is no wheel")
        self.name = match["name"].replace("_", "-").lower()
        self.version = match["version"]
        self._path = path
        self.sources = dict(self._read())

    def _read(self) -> Iterator[tuple[str, str]]:
        try:
            with ZipFile(self._path) as archive:
                for one in archive.infolist():
                    if one.filename.endswith(".py") and one.file_size <= LARGEST:
                        yield one.filename, archive.read(one).decode("utf-8", "replace")
        except (BadZipFile, OSError) as error:
            raise Unreadable(f"{self._path.name} cannot be read: {error}") from None

    def module(self, where: str) -> Module:
        """Raises `Unreadable`."""
        if where not in self.sources:
            raise Unreadable(f"{self.name} {self.version} has no {where} any more")
        return parse(where, self.sources[where])


def differences(wheel: Wheel) -> Iterator[str]:
    """What the package says otherwise than the tables, a line each. Raises `Unreadable`."""
    for line in dict.fromkeys(CHECKS[wheel.name](wheel)):
        yield f"{wheel.name} {wheel.version}: {line}"


def _tavus_cli(wheel: Wheel) -> Iterator[str]:
    modules = {
        where.removeprefix(SCHEMAS): wheel.module(where)
        for where in sorted(wheel.sources)
        if where.startswith(SCHEMAS)
    }
    yield from client_differences(modules)
    yield from skills_differences(wheel.module(SKILLS))


def _livekit_agents(wheel: Wheel) -> Iterator[str]:
    if MODELS not in wheel.sources:
        raise Unreadable(f"{wheel.name} {wheel.version} has no {MODELS} any more")
    listed = literals(wheel.sources[MODELS])
    if not listed:
        raise Unreadable(f"{MODELS} of {wheel.name} {wheel.version} lists no models any more")
    known = load_catalogue().livekit.listed()
    yield from (f"serves {name}, which the catalogue does not know" for name in sorted(listed - known))
    yield from (
        f"does not serve {name} any more, which the catalogue says it does" for name in sorted(known - listed)
    )


def _livekit_plugin(wheel: Wheel) -> Iterator[str]:
    wanted = {"face_id", "pal_id"}
    taken = wheel.module(AVATAR).arguments("AvatarSession")
    yield from (f"AvatarSession takes no {name} any more, which agents pass" for name in sorted(wanted - taken))
    named = {
        node.value
        for node in ast.walk(ast.parse(wheel.sources.get(AVATAR_API, "")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    missing = [name for name in ALWAYS if name.startswith("TAVUS_") and name not in named]
    yield from (f"reads no variable {name} any more, which agents are told to set" for name in missing)


CHECKS: Mapping[str, Callable[[Wheel], Iterator[str]]] = {
    "tavus-cli": _tavus_cli,
    "livekit-agents": _livekit_agents,
    "livekit-plugins-tavus": _livekit_plugin,
}
