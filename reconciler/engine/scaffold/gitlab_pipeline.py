"""The GitLab pipeline of a project: plans on merge requests, a button that applies, drift on schedules."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.engine.scaffold.project_facts import Account, PipelineFacts, each_variable, scalar
from reconciler.installation import Source

PATH = ".gitlab-ci.yml"
PLACEHOLDER = Source("git", "https://HOST/OWNER/REPO", "COMMIT")

HEAD = """\
# Merge requests: what would change, in the widget, as code quality findings and as a page. Branch {branch}: the plan
# again, and a button that applies exactly that plan. Schedules: drift, as a warning with a report.
# Written by `reconciler init --ci gitlab`, which brings it up to date, too, and leaves your own changes alone.
#
# A branch cannot decide where keys go: where the project file names hosts beyond the vendor's and this GitLab's, list
# them in a variable RECONCILER_ALLOWED_HOSTS (Settings, CI/CD, Variables); it wins over the empty one below.
variables:
{variables}  RECONCILER_ALLOWED_HOSTS: ""

stages: [check, plan, apply]

default:
  image: python:3.12
  before_script:
{install}{enter}

# Needs no key, so it also runs where there is none: in the pipelines of a fork.
validate:
  stage: check
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - reconciler validate --report codequality=gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: {at}gl-code-quality-report.json

# A warning, not a failure: something is deprecated, and `reconciler migrate --write` can rewrite it.
deprecations:
  stage: check
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - reconciler migrate --check
  allow_failure:
    exit_codes: [2]
"""
ACCOUNT = """
plan{suffix}:
  stage: plan
  variables: &account{suffix}
    RECONCILER_WORKSPACE: {quoted}{state}
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event" && ${reading}
    - if: $CI_COMMIT_BRANCH == "{branch}" && $CI_PIPELINE_SOURCE =~ /^(push|web)$/
  script:
    - export {key}="${{{reading}:-}}"
    - >-
      reconciler plan --out {file}.plan --report gitlab={file}.gitlab.json --report junit={file}.xml
      --report html={file}.html --report codequality={file}-code-quality.json
  artifacts:
    name: plan{suffix}
    when: always
    expire_in: 30 days
    access: developer # a plan holds no secret, but whole prompts
    expose_as: plan{suffix}
    paths: ["{at}{file}.html", "{at}{file}.plan"]
    reports:
      terraform: {at}{file}.gitlab.json
      codequality: {at}{file}-code-quality.json
      junit: {at}{file}.xml

# Exactly the plan of this pipeline, or a refusal (exit code 5) when the account or the state has moved since.
apply{suffix}:
  stage: apply
  needs: [plan{suffix}]
  variables: *account{suffix}
  rules:
    - if: $CI_COMMIT_BRANCH == "{branch}" && $CI_PIPELINE_SOURCE =~ /^(push|web)$/
      when: manual
      allow_failure: true
  environment: {{name: {quoted}}}
  # One at a time against one account.
  resource_group: personas-{workspace}
  interruptible: false
  script:
    - >-
      reconciler apply {file}.plan --lock-timeout 5m --report html={file}-applied.html
      --report junit={file}-applied.xml
  artifacts:
    when: always
    paths: ["{at}{file}-applied.html"]
    reports:
      junit: {at}{file}-applied.xml

drift{suffix}:
  stage: plan
  variables: *account{suffix}
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - export {key}="${{{reading}:-}}"
    - reconciler drift --report html={file}-drift.html --report junit={file}-drift.xml
  allow_failure:
    exit_codes: [2]
  artifacts:
    when: always
    paths: ["{at}{file}-drift.html"]
    reports:
      junit: {at}{file}-drift.xml
"""
PINNED = """\
    - git init --quiet /tmp/reconciler
    - git -C /tmp/reconciler fetch --quiet --depth 1 "$RECONCILER_REPOSITORY" "$RECONCILER_COMMIT"
    - git -C /tmp/reconciler checkout --quiet FETCH_HEAD
    - pip install --quiet --require-hashes -r /tmp/reconciler/.github/requirements/run.txt
    - pip install --quiet --no-deps --no-build-isolation /tmp/reconciler"""
STATE = """
    # The state lies with GitLab (Operate, Terraform states).
    TF_HTTP_ADDRESS: "${{CI_API_V4_URL}}/projects/${{CI_PROJECT_ID}}/terraform/state/personas-{workspace}"
    TF_HTTP_USERNAME: gitlab-ci-token
    TF_HTTP_PASSWORD: "${{CI_JOB_TOKEN}}\""""


def gitlab(facts: PipelineFacts) -> str:
    """The text of the pipeline at `PATH`."""
    elsewhere = facts.directory != "."
    source = facts.source if facts.source.portable else PLACEHOLDER
    variables, install = _install(source, facts.extras)
    text = HEAD.format(
        branch=facts.branch,
        variables=variables,
        install=install,
        enter=f"\n    - cd '{facts.directory}'" if elsewhere else "",
        at=_at(facts),
    )
    return text + "".join(_account(facts, account) for account in facts.accounts)


def _install(source: Source, extras: tuple[str, ...]) -> tuple[str, str]:
    """Variables, and the lines that install the program: from git with the hashes of that commit's lock."""
    if source.kind != "git":
        wanted = source.requirement(*extras)
        return f'  RECONCILER_SOURCE: "{wanted}"\n', '    - pip install --quiet "$RECONCILER_SOURCE"'
    return (
        f'  RECONCILER_REPOSITORY: "{source.location}"\n  RECONCILER_COMMIT: "{source.revision}"\n',
        PINNED,
    )


def steps(facts: PipelineFacts) -> Iterator[tuple[str, str]]:
    """What is still to be done before the first run: what, and the command for it ("" where there is none)."""
    if not facts.source.portable:
        yield (
            "put the repository that holds the program, and a commit of it, in place of HOST/OWNER/REPO and COMMIT",
            "reconciler init --ci gitlab --source git+https://HOST/OWNER/REPO@COMMIT",
        )
    for name in facts.unshared:
        yield (
            f"give workspace {name} a shared `state:`, a runner keeps nothing: copy what is recorded here (with "
            "TF_HTTP_USERNAME and TF_HTTP_PASSWORD set), then put {backend: http}, GitLab's own, in the project file",
            f"reconciler -w {name} state migrate --to http --set "
            f"address=https://HOST/api/v4/projects/ID/terraform/state/personas-{name}",
        )
    for account in facts.accounts:
        yield (
            f"a key of {account.workspace} that may only read, masked, not protected: merge requests need it",
            f"glab variable set {account.reading} --masked",
        )
        yield (
            f"a key of {account.workspace} that may write, masked, protected, scope `{account.workspace}`",
            f"glab variable set {account.key} --masked --protected --scope {account.workspace}",
        )
    yield (
        "a long random text with which digests of secrets are made, masked, not protected",
        'glab variable set RECONCILER_DIGEST_KEY "$(openssl rand -hex 32)" --masked',
    )
    yield from each_variable(facts, "glab variable set {} --masked", ", masked")
    yield (
        "a schedule for drift (Build, Pipeline schedules)",
        "glab schedule create --cron '17 4 * * *' --ref " + (f"{facts.branch} --description drift"),
    )


def _account(facts: PipelineFacts, account: Account) -> str:
    alone = len(facts.accounts) == 1
    return ACCOUNT.format(
        suffix="" if alone else f"-{account.workspace.replace('.', '-')}",
        file="personas" if alone else f"personas-{account.workspace}",
        workspace=account.workspace,
        quoted=scalar(account.workspace),
        branch=facts.branch,
        key=account.key,
        reading=account.reading,
        at=_at(facts),
        state=STATE.format(workspace=account.workspace) if account.state == "http" else "",
    )


def _at(facts: PipelineFacts) -> str:
    return "" if facts.directory == "." else f"{facts.directory}/"
