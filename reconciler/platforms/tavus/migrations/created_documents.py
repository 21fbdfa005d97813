"""The manifests that migrations write: one place for what all of them have in common."""

from __future__ import annotations

from reconciler.types.json import Object
from reconciler.types.manifest_edit import NewDocument

API_VERSION = "personas/v1"


def new_manifest(kind: str, name: str, spec: Object) -> NewDocument:
    """A manifest of this kind and name, in a file called after it. A live object of its name is
    taken over only with the same content."""
    head: Object = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}}
    return NewDocument(f"{name}.yaml", {**head, "lifecycle": {"adopt": "same"}, "spec": spec})
