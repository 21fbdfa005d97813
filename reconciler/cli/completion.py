"""`reconciler completion`: the script that teaches a shell our words."""

from __future__ import annotations

import click

from reconciler.cli.click_commands import command
from reconciler.cli.settings import Settings

SHELLS = ("bash", "zsh", "fish")
EXAMPLES = """
reconciler completion bash > ~/.local/share/bash-completion/completions/reconciler
reconciler completion zsh > ~/.zfunc/_reconciler
reconciler completion fish > ~/.config/fish/completions/reconciler.fish
"""


@command("completion", examples=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(settings: Settings, shell: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from reconciler.cli.main import program
    from reconciler.cli.output import write

    script = get_completion_class(shell)
    if script is None:  # pragma: no cover - click ships all three
        raise click.UsageError(f"no completion for {shell}")
    made = script(program, {}, "reconciler", "_RECONCILER_COMPLETE")
    # Not `made.source()`: for bash that starts a bash to ask for its version, which may not be on this machine.
    write(made.source_template % made.source_vars() + "\n")
    return 0
