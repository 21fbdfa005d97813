"""L36: a name that the API keeps unique, given twice or borne by an object of the vendor."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.kind_table import kind
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    refused = context.name_refused(manifest)
    if refused is not None:
        pointer = kind(manifest.address.kind).name_field
        given = pointer[1:] in manifest.spec
        yield RULE.found(manifest, pointer if given else "", refused[0], hint=refused[1])


RULE = Rule(
    code="L36",
    name="name-taken",
    severity=Severity.ERROR,
    kinds=("tool",),
    source="create-tool and get-tools pages",
    taken=True,  # a plan blocks what it would name so (`name_taken`), by the account as it is
    check=check,
    doc=RuleDoc(
        what="Two tools that would bear one name, or a tool with the name of a system tool such as end_call.",
        why="The API takes a name of a tool once in an account (409), and system tools are there already; the plan "
        "blocks such a change.",
        bad="name: end_call\ndescription: Ends the call\n",
        good="name: hang_up\ndescription: Ends the call\n",
    ),
)
