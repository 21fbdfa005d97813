"""`reconciler destroy`: apply --destroy."""

from __future__ import annotations

from typing import Any

from reconciler.cli.apply import APPROVAL
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.cli.plan_flags import CHOICE, EMPTY, SAFETY, with_flags

EXAMPLES = """
reconciler -w sandbox destroy
reconciler destroy --target persona.claims-desk
reconciler destroy --auto-approve --exclude tool.lookup_policy
"""


@command("destroy", examples=EXAMPLES)
@with_flags(APPROVAL, CHOICE, (EMPTY,), SAFETY)
def destroy(settings: Settings, **flags: Any) -> int:
    """Delete everything that this project manages; what is protected stays, and stops the run.

    What somebody outside of the run still uses is kept, and said.
    """
    from reconciler.cli.apply_run import carry_out

    return carry_out("destroy", settings, destroy=True, **flags)
