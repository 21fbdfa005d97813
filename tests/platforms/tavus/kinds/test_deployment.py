"""Facts about deployments that the program relies on."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.platforms.tavus.kinds.deployment import KIND

ROWS = {row.path: row for row in KIND.fields}


def test_it_comes_after_everything_else() -> None:
    assert kind("deployment") is KIND
    assert all(spec.level < KIND.level for name, spec in KINDS.all().items() if name != "deployment")


def test_it_refers_to_a_persona_in_either_word() -> None:
    assert ROWS["/pal_id"].ref == "persona"
    assert ROWS["/pal_id"].aliases == ("persona_id",)
    assert ROWS["/pal_id"].required


def test_a_password_is_written_and_never_read() -> None:
    assert ROWS["/password"].secret
    assert ROWS["/has_password"].server_owned


def test_limits_are_single_leaves() -> None:
    assert not ROWS["/limits"].atomic
    assert {path for path in ROWS if path.startswith("/limits/")} == {
        "/limits/daily_call_limit",
        "/limits/daily_call_limit_per_user",
        "/limits/concurrent_call_limit",
        "/limits/max_call_duration",
    }
