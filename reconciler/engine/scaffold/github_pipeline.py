"""The GitHub workflow of a project: plans on pull requests, reviewed applies, drift, migrations."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from reconciler.engine.scaffold.project_facts import (
    ALWAYS,
    CLOUDS,
    GITHUB,
    Account,
    PipelineFacts,
    each_variable,
    scalar,
)

PATH = ".github/workflows/personas.yml"
PLACEHOLDER = "OWNER/REPO"
NIGHTLY, WEEKLY = "17 4 * * *", "41 5 * * 1"
VARIABLES_OF_REPOSITORY = frozenset(name for names in CLOUDS.values() for name in names)
"""They are no secrets: settings of the repository (`vars`)."""

HEAD = """\
# Pull requests: what would change, as one comment. Merges: exactly the plan that was reviewed, after an approval.
# Every night: an issue for as long as somebody's edit of the account stands. Mondays: a pull request that moves the
# manifests off what was deprecated. By hand (Run workflow): a new plan, applied after an approval.
# Written by `reconciler init --ci github`, which brings it up to date, too, and leaves your own changes alone.
name: personas

on:
  pull_request:
    branches: [{branch}]
  push:
    branches: [{branch}]
    paths: [{paths}]
  workflow_dispatch:
  schedule:
    - cron: "{nightly}"
    - cron: "{weekly}"

permissions: {{}}

jobs:
"""
JOBS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("plan", "github.event_name == 'pull_request'", ("contents: read", "pull-requests: write # the comment")),
    (
        "apply",
        "github.event_name == 'push' || github.event_name == 'workflow_dispatch'",
        (
            "contents: read",
            "actions: read # the plan of the pull request's run",
            "pull-requests: write # how it went",
        ),
    ),
    (
        "drift",
        f"github.event_name == 'schedule' && github.event.schedule == '{NIGHTLY}'",
        ("contents: read", "issues: write # the issue"),
    ),
)
"""Name of the reusable workflow, when it runs, and the rights that its jobs need. Each account has one of each: a
matrix would have to hand every job the secrets of all accounts."""
MIGRATE = f"""\
  migrate:
    if: github.event_name == 'schedule' && github.event.schedule == '{WEEKLY}'
    permissions:
      contents: write # the branch
      pull-requests: write # the pull request
    uses: {{uses}}
"""


def github(facts: PipelineFacts) -> str:
    """The text of the workflow at `PATH`."""
    paths = ", ".join(f'"{path}"' for path in facts.paths)
    text = HEAD.format(branch=scalar(facts.branch), paths=paths, nightly=NIGHTLY, weekly=WEEKLY)
    jobs = [_job(facts, account, *job) for job in JOBS for account in facts.accounts]
    migrate = MIGRATE.format(uses=uses(facts, "migrate"))
    if facts.directory != ".":
        migrate += f"    with:\n      directory: {scalar(facts.directory)}\n"
    return text + "\n".join([*jobs, migrate])


def uses(facts: PipelineFacts, name: str) -> str:
    """The reusable workflow `name`, pinned; a placeholder where nobody can tell where a runner gets it."""
    repository = repository_of(facts)
    revision = facts.source.revision if repository else ""
    return f"{repository or PLACEHOLDER}/.github/workflows/{name}.yml@{revision or 'COMMIT'}"


def repository_of(facts: PipelineFacts) -> str | None:
    """`OWNER/REPO` where `uses:` finds the source: a workflow names repositories of its own forge, and those of
    github.com; under that name somebody else's repository may stand there for a source on any other host."""
    return facts.source.repository if facts.source.host in {GITHUB, facts.forge} else None


def steps(facts: PipelineFacts) -> Iterator[tuple[str, str]]:
    """What is still to be done before the first run: what, and the command for it ("" where there is none)."""
    if facts.source.repository is not None and repository_of(facts) is None:
        yield (
            f"mirror {facts.source.location} on {facts.forge}, where `uses:` looks, and put it, at a commit, in the "
            f"place of {PLACEHOLDER} and COMMIT",
            "reconciler init --ci github --source OWNER/REPO@COMMIT",
        )
    elif facts.source.repository is None:
        yield (
            f"put the repository that holds the program, and a commit of it, in place of {PLACEHOLDER} and COMMIT",
            "reconciler init --ci github --source OWNER/REPO@COMMIT",
        )
    elif not facts.source.pinned:
        yield (
            f"put the digest of a commit in the place of {facts.source.revision or 'COMMIT'}: a tag can be moved",
            f"reconciler init --ci github --source {facts.source.repository}@COMMIT",
        )
    for name in facts.unshared:
        yield (
            f"give workspace {name} a shared `state:` (s3, http or postgres), a runner keeps nothing: copy what is "
            "recorded here, then write the same place into the project file",
            f"reconciler -w {name} state migrate --to s3 --set bucket=BUCKET --set region=REGION",
        )
    for account in facts.accounts:
        yield (
            f"make the environment `{account.workspace}` with reviewers (you; others in its settings), and in it the "
            f"secret TAVUS_API_KEY: a key of {account.workspace} that may write",
            f"gh api -X PUT 'repos/{{owner}}/{{repo}}/environments/{account.workspace}' -f 'reviewers[][type]=User' "
            f'-F "reviewers[][id]=$(gh api user --jq .id)" && gh secret set TAVUS_API_KEY --env {account.workspace}',
        )
        yield (
            f"a key of {account.workspace} that may only read, for plans and drift; forks get none",
            f"gh secret set {account.reading}",
        )
    yield (
        "a long random text with which digests of secrets are made, the same for every run",
        "openssl rand -hex 32 | gh secret set RECONCILER_DIGEST_KEY",
    )
    yield from each_variable(facts, "gh secret set {}")
    for cloud in sorted({account.cloud for account in facts.accounts if account.cloud}):
        for name in CLOUDS[cloud]:
            yield (
                f"{name}, so that runs reach the state with an identity of their own (gh 2.31 or newer)",
                f"gh variable set {name}",
            )
    yield (
        "let Actions create pull requests, for `migrate`",
        "gh api -X PUT 'repos/{owner}/{repo}/actions/permissions/workflow' "
        "-F can_approve_pull_request_reviews=true -f default_workflow_permissions=read",
    )


def _job(facts: PipelineFacts, account: Account, name: str, when: str, rights: tuple[str, ...]) -> str:
    title = name if len(facts.accounts) == 1 else f"{name}-{account.workspace.replace('.', '-')}"
    given = [f"workspace: {scalar(account.workspace)}"]
    if name == "apply":
        given.append(f"environment: {scalar(account.workspace)}")
    if account.key != "TAVUS_API_KEY":
        given.append(f"api-key-variable: {account.key}")
    if facts.directory != ".":
        given.append(f"directory: {scalar(facts.directory)}")
    key = "TAVUS_READ_KEY" if name == "apply" else "TAVUS_API_KEY"
    lines = [
        f"{title}:",
        f"  if: {when}",
        "  permissions:",
        *(f"    {right}" for right in rights),
        "    id-token: write # an identity of its own, for the store of the state",
        f"  uses: {uses(facts, name)}",
        "  with:",
        *(f"    {line}" for line in given),
        "  secrets:",
        f"    {key}: ${{{{ secrets.{account.reading} }}}}",
        "    RECONCILER_ENVIRONMENT: |",
        *(
            f"      {variable}=${{{{ {_kind(variable)}.{variable} }}}}"
            for variable in (*ALWAYS, *_cloud(account), *account.variables)
        ),
    ]
    return indent("\n".join(lines) + "\n", "  ")


def _cloud(account: Account) -> tuple[str, ...]:
    return CLOUDS[account.cloud] if account.cloud else ()


def _kind(name: str) -> str:
    return "vars" if name in VARIABLES_OF_REPOSITORY else "secrets"
