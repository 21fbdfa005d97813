"""The keys of the project file with type, default and meaning, read from the models' own source."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from reconciler.manifests.project import project_model, watch_model

MODULES = (project_model, watch_model)

PLACES = {
    "ProjectModel": "The file",
    "MetadataModel": "metadata",
    "SourcesModel": "sources",
    "DefaultsModel": "an entry of defaults",
    "WorkspaceModel": "workspaces.NAME",
    "ProviderModel": "workspaces.NAME.provider",
    "StateModel": "workspaces.NAME.state",
    "PolicyModel": "workspaces.NAME.policy",
    "HistoryModel": "workspaces.NAME.history",
    "WatchModel": "workspaces.NAME.watch",
    "RetryModel": "workspaces.NAME.watch.retry",
    "HealModel": "workspaces.NAME.watch.heal",
    "WindowModel": "an entry of workspaces.NAME.watch.windows",
    "AccountModel": "accounts.NAME",
    "SharedModel": "accounts.NAME.shared",
    "FleetModel": "fleet",
    "NotifyModel": "an entry of workspaces.NAME.watch.notify",
}
"""Classes that have a place of their own in the file; others show under their own name."""
TYPES = {
    "str": "text",
    "Text": "text",
    "int": "integer",
    "bool": "true | false",
    "Count": "integer, >= 0",
    "AnswerWord": "text, number or true | false",
    "HostGlob": "pattern of hosts",
    "AddressGlob": "pattern of addresses",
}
"""Types as people name them."""


def models() -> dict[str, ast.ClassDef]:
    """Every mapping of the file by the name of its class, those with a place of their own first."""
    parsed = [ast.parse(inspect.getsource(module)) for module in MODULES]
    found = [one for tree in parsed for one in tree.body if isinstance(one, ast.ClassDef)]
    classes = {one.name: one for one in found if not one.name.startswith("_")}
    order = [*(name for name in PLACES if name in classes), *(name for name in classes if name not in PLACES)]
    return {name: classes[name] for name in order}


def title_of(name: str) -> str:
    """`workspaces.NAME.policy`: where a mapping stands."""
    return PLACES.get(name, name.removesuffix("Model"))


def keys(model: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    """Key, type, default and the text under the field; the default of a required key is empty."""
    for position, one in enumerate(model.body):
        if (
            not isinstance(one, ast.AnnAssign)
            or not isinstance(one.target, ast.Name)
            or one.target.id == "model_config"
        ):
            continue
        after = model.body[position + 1] if position + 1 < len(model.body) else None
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        meaning = " ".join(str(text).split())
        yield one.target.id.rstrip("_"), words(one.annotation), default_of(model.name, one.target.id), meaning


def default_of(model: str, key: str) -> str:
    """The default as it would stand in the file; empty for a required key and for a mapping of its own."""
    owner = next(module for module in MODULES if hasattr(module, model))
    field = getattr(owner, model).model_fields[key]
    if field.is_required() or isinstance(field.default, BaseModel):
        return ""
    return json.dumps(field.get_default(call_default_factory=True), ensure_ascii=False)


def words(annotation: ast.expr) -> str:
    """An annotation as people write types: `Annotated` and our own aliases taken apart."""
    match annotation:
        case ast.Subscript(value=ast.Name("Annotated"), slice=ast.Tuple(elts=[inner, *limits])):
            return words(inner) + "".join(limit(one) for one in limits)
        case ast.Subscript(value=ast.Name("Literal"), slice=inner):
            values = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return " | ".join(str(value.value) for value in values if isinstance(value, ast.Constant))
        case ast.Subscript(value=ast.Name("list"), slice=inner):
            return f"list of {words(inner)}"
        case ast.Subscript(value=ast.Name("Globs"), slice=inner):
            return f"list of {words(inner)}, not empty"
        case ast.Subscript(value=ast.Name("dict"), slice=ast.Tuple(elts=[key, value])):
            return f"mapping of {words(key)} to {words(value)}"
        case ast.BinOp(left=left, right=right):
            return f"{words(left)} | {words(right)}"
        case ast.Constant(value=None):
            return "null"
        case ast.Name(name):
            return "mapping" if name.endswith("Model") else TYPES.get(name) or choices(name) or name.lower()
        case _:
            return ast.unparse(annotation)


def choices(alias: str) -> str:
    """`auto | ask | off`: the words of an alias of ours that is a closed list; empty for any other name."""
    found = next((getattr(module, alias) for module in MODULES if hasattr(module, alias)), None)
    return " | ".join(map(str, get_args(found))) if get_origin(found) is Literal else ""


def limit(one: ast.expr) -> str:
    """`Field(ge=1, le=100)` in words."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    if not isinstance(one, ast.Call):
        return ""
    found = [f"{signs[key.arg]} {ast.unparse(key.value)}" for key in one.keywords if key.arg in signs]
    return f", {', '.join(found)}" if found else ""
