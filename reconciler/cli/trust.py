"""The command `trust`, and the question that a run asks where trust is wanting."""

from __future__ import annotations

import click

from reconciler.cli.click_commands import command
from reconciler.cli.output import write
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler trust                               what this project file is trusted with
reconciler trust state.example.com             its credentials may go there
reconciler trust state.example.com:8443        ... at that port
reconciler trust --command "pass show key"     it may run exactly this for the key of its state
"""


@command("trust", examples=EXAMPLES)
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option("--command", "commands", metavar="TEXT", multiple=True, help="A command that may be run for a key.")
def trust(settings: Settings, hosts: tuple[str, ...], commands: tuple[str, ...]) -> None:
    """Trust this project file with a host that credentials may go to, or a command; without either, list them.

    A project file comes with a branch, and a branch may be a stranger's: so it cannot decide by itself where keys go,
    or what runs. Trusted from the start are the vendor, this machine, the stores of AWS, Google and Azure, and what
    the environment names (RECONCILER_ALLOWED_HOSTS, TAVUS_PUBLIC_API_BASE_URL, TF_HTTP_ADDRESS, AWS_ENDPOINT_URL,
    PGHOST, CI_API_V4_URL). What is added here is kept in your own configuration folder, for this file alone.
    """
    import os

    from reconciler.api.trust import add_trusted, parse_command, parse_host, read_trusted
    from reconciler.cli.composition import open_session
    from reconciler.errors import UsageError
    from reconciler.reporters.messages import trust_text

    session = open_session(settings)
    file = session.project.file
    if file is None:
        raise UsageError(
            "there is no project file here, so there is nothing to trust", hint="go to the project, or give --project"
        )
    wanted = [(parse_host(host), None) for host in hosts] + [(None, parse_command(text)) for text in commands]
    known = read_trusted(file, session.environ)
    for host, text in wanted:
        known = add_trusted(file, session.environ, host=host, command=text)
    write(trust_text(os.path.relpath(file), known.hosts, known.commands))
