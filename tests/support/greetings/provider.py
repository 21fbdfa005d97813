"""The account: a JSON file of objects by kind and id, changed as the API would change them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from reconciler.core.diff.json_patch import apply_patch
from reconciler.errors import AuthRefused, NotFound, Rejected, UsageError
from reconciler.platforms.base import CollectionProvider, ProviderContext
from reconciler.types.change import PatchOp, Request
from reconciler.types.json import Object
from reconciler.types.kind import KindSpec
from reconciler.types.ports import Answer, Provider
from reconciler.types.project import ProviderSettings
from tests.support.greetings.kinds import KINDS

KEY = "GREETINGS_KEY"


class Greetings(CollectionProvider):
    """An account in the file `path`."""

    kinds = KINDS

    def __init__(self, path: Path, context: ProviderContext, key: str) -> None:
        super().__init__(f"file:{path.name}", context.clock, key=key, reading=context.reading)
        self._path = path

    def read_all(self, kind: KindSpec) -> Iterable[Object]:
        return self.world().get(kind.name, {}).values()

    def read_one(self, kind: KindSpec, id: str) -> Object | None:
        return self.world().get(kind.name, {}).get(id)

    def write(self, request: Request, kind: KindSpec, id: str) -> Answer:
        world = self.world()
        objects = world.setdefault(kind.name, {})
        known = {row.path[1:] for row in kind.fields}
        body = request.body if isinstance(request.body, dict) else {}
        if unknown := sorted(set(body) - known):
            raise Rejected(f"{request.method} {request.path}: unknown field {unknown[0]}", status=400)
        if request.method == "POST":
            world["last"] = {"number": world.get("last", {}).get("number", 0) + 1}
            id = f"{kind.name[0]}{world['last']['number']}"
            objects[id] = {"id": id, **body}
        elif id not in objects:
            raise NotFound(f"{request.method} {request.path}: unknown id")
        elif request.method == "DELETE":
            del objects[id]
        elif kind.merge_patch:
            merged = {**objects[id], **body}
            objects[id] = {word: value for word, value in merged.items() if value is not None}
        else:
            assert isinstance(request.body, list)
            operations = [PatchOp(op["op"], op["path"], op.get("value"), op.get("from")) for op in request.body]  # type: ignore[index,union-attr,arg-type,call-overload]
            objects[id] = apply_patch(operations, objects[id])  # type: ignore[assignment]
        self._path.write_text(json.dumps(world))
        return Answer(200, objects.get(id))

    def world(self) -> dict[str, dict[str, Object]]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}


def open_provider(settings: ProviderSettings, context: ProviderContext) -> Provider:
    """The account of a workspace, in its own folder; the real one wants a key."""
    if settings.settings or settings.vocabulary:
        raise UsageError(f"unknown setting of provider {settings.type!r}: {', '.join(settings.settings)}")
    key = context.environ.get(KEY, "")
    if settings.type == "greetings" and not key:
        raise AuthRefused(f"workspace {context.workspace!r} has no key: {KEY} is not set")
    folder = Path(context.state_folder)
    folder.mkdir(parents=True, exist_ok=True)
    return Greetings(folder / "greetings.json", context, key)
