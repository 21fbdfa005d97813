"""A run of `drift --accept`: live values into the manifests, a diff of what was written, and a second look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.global_options import ADDRESS
from reconciler.cli.global_settings import Settings

if TYPE_CHECKING:
    from reconciler.api.accept import Accepted
    from reconciler.engine.plan.accept_drift import Wanted
    from reconciler.manifests.edit.accept_values import FileText
    from reconciler.types.json import Json


class WantedType(click.ParamType):  # type: ignore[type-arg]
    """`ADDR`, or `ADDR/pointer`."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Wanted:
        from reconciler.engine.plan.accept_drift import Wanted

        if isinstance(value, Wanted):
            return value
        address, slash, pointer = str(value).partition("/")
        if slash and (not pointer or re.search(r"~(?![01])", pointer)):
            self.fail(f"/{pointer} is not a JSON pointer, for example /layers/llm/model", param, ctx)
        return Wanted(ADDRESS.convert(address, param, ctx), slash + pointer)


ACCEPT = click.option(
    "--accept", "accepted", type=WantedType(), multiple=True, metavar="ADDR[/POINTER]",
    help="Write the live value into the manifest; of one field, or of all that drifted.",
)  # fmt: skip


def tell(settings: Settings, accepted: Accepted) -> int:
    """The diff, and what is left to do."""
    from reconciler.cli.output import emit_document

    values, files, left = accepted.values, accepted.files, accepted.left

    def text() -> str:
        if not values:
            return "Nothing there has drifted; no file was touched."
        lines = [line for one in files for line in difference(one, literal=settings.allow_literal_secrets)]
        noun = "value" if len(values) == 1 else "values"
        lines.append(f"Accepted {len(values)} live {noun} into {', '.join(one.shown for one in files) or 'no file'}.")
        if left:
            lines.append(f"{left} more drifted; `reconciler drift` shows it.")
        return "\n".join(lines)

    def document() -> Json:
        return {
            "accepted": [{"address": str(one.address), "path": one.pointer, "value": one.value} for one in values],
            "files": [one.shown for one in files],
            "left": left,
        }

    return emit_document(settings, text=text, document=document)


def difference(file: FileText, *, literal: bool) -> list[str]:
    """A unified diff. Where manifests may hold secrets in clear, without the lines around the changes."""
    from difflib import unified_diff

    from reconciler.cli.stdio import visible
    from reconciler.manifests.tree.decode import decode
    from reconciler.manifests.tree.problems import Findings

    before, after = ((decode(data, file.shown, Findings()) or "").splitlines() for data in (file.before, file.after))
    lines = unified_diff(before, after, f"a/{file.shown}", f"b/{file.shown}", n=0 if literal else 3, lineterm="")
    return [visible(line) for line in lines]
