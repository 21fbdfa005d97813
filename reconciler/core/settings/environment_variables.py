"""The variables of the environment that are ours, by name, and those that every generated pipeline hands on."""

from __future__ import annotations

WORKSPACE = "RECONCILER_WORKSPACE"
DIGEST_KEY = "RECONCILER_DIGEST_KEY"
PREVIOUS_KEY = "RECONCILER_DIGEST_KEY_PREVIOUS"
PLAN_KEY = "RECONCILER_PLAN_KEY"
ALLOWED_HOSTS = "RECONCILER_ALLOWED_HOSTS"
ALLOWED_ENV = "RECONCILER_ALLOWED_ENV"
ALLOWED_COMMANDS = "RECONCILER_ALLOWED_COMMANDS"
CAPS = "RECONCILER_MAX_"
"""What the caps on answers and states begin with; `core.settings.limit_settings` names them after their settings."""

HANDED_ON = {
    DIGEST_KEY: "any long random text; digests of secrets are made with it",
    PREVIOUS_KEY: "the digest key before this one, until every workspace was applied with the new one",
    PLAN_KEY: "any long random text; saved plans are signed with it, and unsigned ones refused",
    ALLOWED_HOSTS: "hosts that credentials may go to, where the project file names any beyond the usual ones",
    ALLOWED_ENV: "variables that the project file may name in a bucket, key, region or name",
    ALLOWED_COMMANDS: "the command that the project file may run for an encryption key",
}
"""What an operator gives by the environment alone, because no file of a branch may say it: what a pipeline has to
hand on. The caps can stand in the project file, too, so they are not among them."""
