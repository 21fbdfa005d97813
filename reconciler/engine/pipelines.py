"""init --ci: the pipelines of a new project on GitHub and GitLab, as texts."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler import __version__

GITHUB = """\
# Pull requests: what would change, as one comment. Merges: exactly the plan that was reviewed, after an approval.
# Every night: an issue for as long as somebody's edit of the account stands. Mondays: a pull request that moves the
# manifests off what was deprecated. By hand (Run workflow): a new plan, applied after an approval.
#
# Before the first run:
#   1. Give the workspace `production` in manifests/reconciler.yaml a shared `state:`; a runner keeps nothing.
#   2. Settings, Environments: make `production`, with reviewers and the secret TAVUS_API_KEY, a key that may write.
#   3. Settings, Secrets: TAVUS_READ_KEY, a key that may only read. Forks get none; theirs is only validated.
#   4. Settings, Actions, General: let Actions create pull requests (for `migrate`).
#   5. Only where the project file names hosts beyond the vendor's and those of AWS, Google and Azure: list them in
#      Settings, Secrets as RECONCILER_ALLOWED_HOSTS. A branch cannot decide where keys go.
#   6. Put the commit's digest in the place of @v{version}: a tag can be moved.
name: personas

on:
  pull_request:
    branches: [main]
  push:
    branches: [main]
    paths: ["manifests/**"]
  workflow_dispatch:
  schedule:
    - cron: "17 4 * * *"
    - cron: "41 5 * * 1"

permissions: {}

jobs:
  plan:
    if: github.event_name == 'pull_request'
    permissions:
      contents: read
      pull-requests: write
    uses: persona-reconciler/reconciler/.github/workflows/plan.yml@v{version}
    with:
      workspace: production
    secrets:
      TAVUS_API_KEY: ${{ secrets.TAVUS_READ_KEY }}
      # What the manifests name with {env: ...}, and what the state needs; one a line.
      RECONCILER_ENVIRONMENT: |
        RECONCILER_DIGEST_KEY=${{ secrets.RECONCILER_DIGEST_KEY }}
        RECONCILER_ALLOWED_HOSTS=${{ secrets.RECONCILER_ALLOWED_HOSTS }}

  apply:
    if: github.event_name == 'push' || github.event_name == 'workflow_dispatch'
    permissions:
      contents: read
      actions: read
      pull-requests: write
    uses: persona-reconciler/reconciler/.github/workflows/apply.yml@v{version}
    with:
      workspace: production
      environment: production
    secrets:
      TAVUS_READ_KEY: ${{ secrets.TAVUS_READ_KEY }}
      RECONCILER_ENVIRONMENT: |
        RECONCILER_DIGEST_KEY=${{ secrets.RECONCILER_DIGEST_KEY }}
        RECONCILER_ALLOWED_HOSTS=${{ secrets.RECONCILER_ALLOWED_HOSTS }}

  drift:
    if: github.event_name == 'schedule' && github.event.schedule == '17 4 * * *'
    permissions:
      contents: read
      issues: write
    uses: persona-reconciler/reconciler/.github/workflows/drift.yml@v{version}
    with:
      workspace: production
    secrets:
      TAVUS_API_KEY: ${{ secrets.TAVUS_READ_KEY }}
      RECONCILER_ENVIRONMENT: |
        RECONCILER_DIGEST_KEY=${{ secrets.RECONCILER_DIGEST_KEY }}
        RECONCILER_ALLOWED_HOSTS=${{ secrets.RECONCILER_ALLOWED_HOSTS }}

  migrate:
    if: github.event_name == 'schedule' && github.event.schedule == '41 5 * * 1'
    permissions:
      contents: write
      pull-requests: write
    uses: persona-reconciler/reconciler/.github/workflows/migrate.yml@v{version}
"""

GITLAB = """\
# Merge requests: what would change, in the widget, as code quality findings and as a page. Default branch: the plan
# again, and a button that applies exactly that plan. Schedules: drift, as a warning with a report.
#
# Before the first run (Settings, CI/CD, Variables; all masked):
#   TAVUS_READ_KEY         a key that may only read, not protected: merge requests need it
#   TAVUS_API_KEY          a key that may write, protected, environment scope `production`
#   RECONCILER_DIGEST_KEY  any long random text, not protected: every run compares secrets with it
# A branch cannot decide where keys go: where the project file names hosts beyond the vendor's and this GitLab's, list
# them in a variable RECONCILER_ALLOWED_HOSTS there; it wins over the empty one below.
# The state lies with GitLab (Operate, Terraform states); the project file says `state: {backend: http}`.
variables:
  RECONCILER_WORKSPACE: production
  RECONCILER_SOURCE: "git+https://github.com/persona-reconciler/reconciler@v{version}"
  TF_HTTP_ADDRESS: "${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/terraform/state/personas-production"
  TF_HTTP_USERNAME: gitlab-ci-token
  TF_HTTP_PASSWORD: "${CI_JOB_TOKEN}"
  RECONCILER_ALLOWED_HOSTS: ""

stages: [check, plan, apply]

default:
  image: python:3.12
  before_script:
    - pip install --quiet "persona-reconciler @ ${RECONCILER_SOURCE}"

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
      codequality: gl-code-quality-report.json

# A warning, not a failure: something is deprecated, and `reconciler migrate --write` can rewrite it.
deprecations:
  stage: check
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - reconciler migrate --check
  allow_failure:
    exit_codes: [2]

plan:
  stage: plan
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event" && $TAVUS_READ_KEY
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE =~ /^(push|web)$/
  script:
    - export TAVUS_API_KEY="${TAVUS_READ_KEY:-}"
    - >-
      reconciler plan --out personas.plan --report gitlab=plan.gitlab.json --report junit=plan.xml
      --report html=plan.html --report codequality=plan-code-quality.json
  artifacts:
    name: plan
    when: always
    expire_in: 30 days
    access: developer # a plan holds no secret, but whole prompts
    expose_as: plan
    paths: [plan.html, personas.plan]
    reports:
      terraform: plan.gitlab.json
      codequality: plan-code-quality.json
      junit: plan.xml

# Exactly the plan of this pipeline, or a refusal (exit code 5) when the account or the state has moved since.
apply:
  stage: apply
  needs: [plan]
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE =~ /^(push|web)$/
      when: manual
      allow_failure: true
  environment: {name: production}
  # One at a time against one account.
  resource_group: personas-production
  interruptible: false
  script:
    - reconciler apply personas.plan --lock-timeout 5m --report html=applied.html --report junit=applied.xml
  artifacts:
    when: always
    paths: [applied.html]
    reports:
      junit: applied.xml

drift:
  stage: plan
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - export TAVUS_API_KEY="${TAVUS_READ_KEY:-}"
    - reconciler drift --report html=drift.html --report junit=drift.xml
  allow_failure:
    exit_codes: [2]
  artifacts:
    when: always
    paths: [drift.html]
    reports:
      junit: drift.xml
"""

GITLAB_STATE = """\
    # Kept by GitLab. The pipeline says where; elsewhere, export TF_HTTP_ADDRESS, TF_HTTP_USERNAME, TF_HTTP_PASSWORD.
    state: {backend: http}
"""
GITHUB_STATE = """\
    # A runner keeps nothing: the state has to lie where all runs find it (s3, http or postgres).
    # state: {backend: s3, bucket: my-bucket, key: personas/production.json, region: eu-central-1}
"""
STATES: Mapping[str, str] = {"github": GITHUB_STATE, "gitlab": GITLAB_STATE}
"""CI system -> what the project file says about the state of the real account."""

WORKFLOWS: Mapping[str, tuple[str, str]] = {
    "github": (".github/workflows/personas.yml", GITHUB.replace("{version}", __version__)),
    "gitlab": (".gitlab-ci.yml", GITLAB.replace("{version}", __version__)),
}
"""CI system -> where its workflow lives, and the text."""
