"""init: what a new project needs beside the files that its platform starts it with."""

from __future__ import annotations

import re
from collections.abc import Mapping

PROJECT_FILE = "manifests/reconciler.yaml"
IGNORED = ".reconciler/"


STATES: Mapping[str, str] = {
    "github": """\
    # A runner keeps nothing: the state has to lie where all runs find it (s3, http or postgres).
    # state: {backend: s3, bucket: my-bucket, key: personas/production.json, region: eu-central-1}
""",
    "gitlab": """\
    # Kept by GitLab. The pipeline says where; elsewhere, export TF_HTTP_ADDRESS, TF_HTTP_USERNAME, TF_HTTP_PASSWORD.
    state: {backend: http}
""",
}
"""CI system -> what the project file says about the state of the real account."""


def scaffold(starter: Mapping[str, str], ci: str | None = None) -> dict[str, str]:
    """Path -> text of a new project made of `starter`; with `ci` (github | gitlab) one that a pipeline can serve."""
    return {**starter, PROJECT_FILE: starter[PROJECT_FILE] + (STATES[ci] if ci is not None else "")}


def ignore_line(before: str | None) -> str | None:
    """The text of `.gitignore` with our line in it; None when it is there already."""
    lines = (before or "").splitlines()
    if any(line.strip().lstrip("/").rstrip("/") == IGNORED.rstrip("/") for line in lines):
        return None
    kept = before or ""
    gap = "" if not kept or kept.endswith("\n") else "\n"
    return f"{kept}{gap}{IGNORED}\n"


def project_name(text: str) -> str:
    """A name that is allowed in `metadata.name`, made from a folder's."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[:128]
    return name or "personas"
