"""Manifest files to records: finding, parsing, references, overlays, and the project file."""

from reconciler.loader.manifests import load_manifests, secrets_of
from reconciler.loader.placing import place
from reconciler.loader.project import load_project

__all__ = ["load_manifests", "load_project", "place", "secrets_of"]
