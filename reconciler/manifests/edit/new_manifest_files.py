"""New manifests as files: Markdown for long prompts, YAML, and JSON where YAML cannot hold a text.

Every file is read back before it is believed: what does not come back as it was, without a finding, is written in
the next spelling instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import same
from reconciler.manifests.edit.yaml_writer import write_document
from reconciler.manifests.read.documents import FENCE, read_documents
from reconciler.manifests.tree.decode import MAX_BYTES
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object, refuse_masks
from reconciler.types.project import Workspace

PROMPT = "system_prompt"
LONG_PROMPT = 300
"""Prompts of more characters become the text of a Markdown file."""
HEAD = "What these manifests are, and the account that they are applied to."


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """The bytes of a file and the suffix that they need."""

    suffix: str
    data: bytes


def manifest_file(document: Object) -> ManifestFile | None:
    """The file for one manifest (an envelope); None where no spelling gives it back unchanged, or it is too large."""
    refuse_masks(document, "a manifest")
    for candidate in (_markdown(document), _yaml(document), _json(document)):
        if candidate is not None and len(candidate.data) <= MAX_BYTES and _reads_back(candidate, document):
            return candidate
    return None


def _markdown(document: Object) -> ManifestFile | None:
    spec = document.get("spec")
    prompt = spec.get(PROMPT) if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(prompt, str) or not _fits_markdown(prompt):
        return None
    rest: Json = {key: member for key, member in spec.items() if key != PROMPT}
    front = write_document({**document, "spec": rest})
    return _encoded(".md", f"{FENCE}\n{front}{FENCE}\n\n{prompt}\n")


def _fits_markdown(prompt: str) -> bool:
    """Whether the prompt survives editors and the rules about its first and last line end."""
    return (
        len(prompt) > LONG_PROMPT and "\r" not in prompt and prompt == prompt.strip() and not prompt.startswith(FENCE)
    )


def _yaml(document: Object) -> ManifestFile | None:
    return _encoded(".yaml", write_document(document))


def _json(document: Object) -> ManifestFile | None:
    # Escapes hold any text, also half of a surrogate pair.
    return _encoded(".json", json.dumps(document, indent=2) + "\n")


def _encoded(suffix: str, text: str) -> ManifestFile | None:
    try:
        return ManifestFile(suffix, text.encode("utf-8"))
    except UnicodeEncodeError:
        return None


def _reads_back(file: ManifestFile, document: Object) -> bool:
    findings = Findings()
    found = read_documents(file.data, f"manifest{file.suffix}", findings)
    if findings.items or len(found) != 1:
        return False
    value = found[0].value
    if found[0].body is not None and isinstance(value, dict):
        spec = value.get("spec")
        value = {**value, "spec": {**(spec if isinstance(spec, dict) else {}), PROMPT: found[0].body}}
    return same(value, document)


def project_file(name: str, workspace: Workspace) -> str:
    """The text of a project file with `workspace` as its only one; `name` must be legal.

    The state stays where the built-in workspaces keep it: two projects must not share one elsewhere.
    """
    provider: Object = {"type": workspace.provider.type}
    provider |= {key: _written(value) for key, value in workspace.provider.settings.items()}
    if workspace.provider.vocabulary:
        provider["vocabulary"] = workspace.provider.vocabulary
    settings: Object = {"provider": provider}
    if workspace.parallelism != 10:
        settings["parallelism"] = workspace.parallelism
    if workspace.max_requests_per_second is not None:
        settings["max_requests_per_second"] = workspace.max_requests_per_second
    if workspace.give_up_after != 600:
        settings["give_up_after"] = f"{workspace.give_up_after:g}s"
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
