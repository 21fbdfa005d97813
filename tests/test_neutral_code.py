"""Neutral code knows no platform: what it says of one vendor's things is counted, and every place has its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reconciler"
WORDS = re.compile(
    r"tavus|persona|\bpals?\b|(?<![a-z])pal_|guardrail|replica|raven|livekit|system_prompt|/layers|/tools\b"
    r"|pronunciation|objectives",
    re.IGNORECASE,
)
OURS = re.compile(r"personas/v1|persona[-_]reconciler")
"""The name of the format and of the distribution."""

EXAMPLES = "an example in a help text or a message"
OUR_FILES = "names that the format and our own pipelines use: their files, and the secrets that our action takes"
AGENTS = "agents are made of personas: the words of the public API and of the JSON output"
LIVEKIT = "a table of the model catalogue, whose format users write too"
ALLOWED = {
    "cli/": EXAMPLES,
    "core/fields/json_schema.py": EXAMPLES,
    "core/fields/field_hints.py": EXAMPLES,
    "manifests/project/project_model.py": EXAMPLES,
    "manifests/read/build_manifests.py": EXAMPLES,
    "manifests/read/raw_manifest.py": EXAMPLES,
    "types/address.py": EXAMPLES,
    "engine/scaffold/": OUR_FILES,
    "manifests/read/envelope.py": "the member that the text below a front matter is, in every Markdown manifest",
    "api/export_target.py": AGENTS,
    "reporters/exports.py": AGENTS,
    "reporters/model_table.py": LIVEKIT,
    "reporters/explain_pages.py": LIVEKIT,
    "types/catalogue.py": LIVEKIT,
}


def said(path: Path) -> Iterator[str]:
    """Every name and text of a module that speaks of the vendor's things; docstrings and comments do not count."""
    tree = ast.parse(path.read_text("utf-8"))
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]
    prose = {id(one.value) for body in bodies for one in body if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in prose else None
        names = (getattr(node, name, None) for name in ("id", "name", "attr", "arg"))
        for found in (text, *names):
            if isinstance(found, str) and WORDS.search(OURS.sub("", found)):
                yield found


def test_neutral_code_says_nothing_of_the_vendors_things() -> None:
    speaking = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "platforms" not in path.parts and any(said(path))
    }
    known = {path for path in speaking for place in ALLOWED if path == place or path.startswith(place)}
    assert sorted(speaking - known) == []
    assert [place for place in ALLOWED if not any(path.startswith(place) for path in speaking)] == [], "no longer"


def test_what_speaks_of_them_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Personas."""\n# tavus\nTavusThing = {"kind": "guardrail", "apiVersion": "personas/v1"}\n')
    assert set(said(module)) == {"guardrail", "TavusThing"}
