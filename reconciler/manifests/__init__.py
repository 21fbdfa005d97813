"""Manifest files to records: finding, parsing, references, overlays, and the project file."""

from reconciler.manifests.project.project_file import load_project
from reconciler.manifests.read.load_manifests import load_manifests, place, secrets_of

__all__ = ["load_manifests", "load_project", "place", "secrets_of"]
