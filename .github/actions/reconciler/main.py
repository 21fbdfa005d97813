"""One step of the action: `python main.py plan|find|apply|drift|migrate`; the inputs are in the environment."""

from __future__ import annotations

import sys
from collections.abc import Callable

from apply_plan import apply_plan
from find_plan import find_plan
from forge import ForgeRefused
from make_plan import make_plan
from open_migration import open_migration
from report_drift import report_drift
from runner import ERROR, StepFailed, add_summary, annotate, set_output

STEPS: dict[str, Callable[[], int]] = {
    "plan": make_plan,
    "find": find_plan,
    "apply": apply_plan,
    "drift": report_drift,
    "migrate": open_migration,
}


def main(words: list[str]) -> int:
    """Run a step; whatever goes wrong is an annotation, a line of the summary, and an exit code."""
    step = STEPS.get(words[0]) if len(words) == 1 else None
    try:
        if step is None:
            raise StepFailed(f"unknown command {' '.join(words)!r}", f"one of {', '.join(STEPS)}", 64)
        return step()
    except StepFailed as error:
        text, code = f"{error.message}. {error.hint[:1].upper()}{error.hint[1:]}.", error.code
    except ForgeRefused as error:
        text, code = f"{error}. Check the permissions of the job, or run it again.", ERROR
    except Exception as error:  # the last net: a user gets a sentence, never a traceback
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
        text, code = f"This is a bug in the action ({type(error).__name__} in {where}); please report it.", ERROR
    annotate("error", text)
    add_summary(f"**Stopped:** {text}")
    set_output(exit_code=code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
