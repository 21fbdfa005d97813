"""The page beside the action: its inputs and outputs as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reference import COMMAND, block, code, table

HOME = Path(__file__).resolve().parents[2] / ".github" / "actions" / "reconciler"

EXAMPLE = """
- uses: OWNER/REPO/.github/actions/reconciler@<digest of a commit>
  id: drift
  with:
    command: drift
    workspace: production
    api-key: ${{ secrets.TAVUS_READ_KEY }}
    issue: "false"
- if: steps.drift.outputs.drifted == 'true'
  run: echo "somebody edited the account"
"""


def page() -> str:
    """Inputs, outputs and one example."""
    action: dict[str, Any] = yaml.safe_load((HOME / "action.yml").read_text("utf-8"))
    inputs = [
        (code(name), "required" if one.get("required") else code(str(one.get("default", ""))), one["description"])
        for name, one in action["inputs"].items()
    ]
    outputs = [(code(name), one["description"]) for name, one in action["outputs"].items()]
    return (
        "\n\n".join(
            [
                "# The action",
                f"<!-- Written by `{COMMAND}` from action.yml; do not edit. -->",
                "One step of a job of your own. The reusable workflows of [Pipelines](../../PIPELINES.md) use it and "
                "are usually what you want.",
                block(EXAMPLE, "yaml"),
                "## Inputs",
                table(("input", "default", "meaning"), inputs),
                "## Outputs",
                table(("output", "meaning"), outputs),
                "Exit codes are those of [the program](../../reference/commands.md#exit-codes).",
            ]
        )
        + "\n"
    )
