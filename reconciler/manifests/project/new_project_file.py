"""A project file for manifests that have none: the one workspace they came from."""

from __future__ import annotations

from reconciler.manifests.edit.yaml_writer import write_document
from reconciler.types.json import Json, Object
from reconciler.types.project import Workspace
from reconciler.types.reference import SecretRef

HEAD = "What these manifests are, and the account that they are applied to."


def project_file(name: str, workspace: Workspace) -> str:
    """The text of a project file with `workspace` as its only one; `name` must be legal.

    The state stays where the built-in workspaces keep it: two projects must not share one elsewhere.
    """
    provider: Object = {"type": workspace.provider.type}
    provider |= {key: _written(value) for key, value in workspace.provider.settings.items()}
    if workspace.provider.vocabulary != "pal":
        provider["vocabulary"] = workspace.provider.vocabulary
    settings: Object = {"provider": provider}
    if workspace.parallelism != 10:
        settings["parallelism"] = workspace.parallelism
    if workspace.max_requests_per_second is not None:
        settings["max_requests_per_second"] = workspace.max_requests_per_second
    document: Object = {
        "apiVersion": "personas/v1",
        "kind": "Project",
        "metadata": {"name": name},
        "default_workspace": workspace.name,
        "workspaces": {workspace.name: settings},
    }
    return write_document(document, HEAD)


def _written(value: Json) -> Json:
    return {**value.written()} if isinstance(value, SecretRef) else value
