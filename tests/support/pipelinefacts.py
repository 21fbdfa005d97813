"""Projects as pipelines know them, made for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.engine.scaffold.pipelines import SYSTEMS
from reconciler.engine.scaffold.project_facts import Account, PipelineFacts
from reconciler.installation import Source

COMMIT = "4f" * 20
SOURCE = Source("git", "https://github.com/acme/reconciler", COMMIT)
PRODUCTION = Account("production", "TAVUS_API_KEY", "TAVUS_READ_KEY", "http")
STAGING = Account("staging", "STAGING_KEY", "STAGING_READ_KEY", "s3", "aws", ("MODEL_KEY",))
FACTS = PipelineFacts(SOURCE, (PRODUCTION,))
TWO = replace(FACTS, accounts=(PRODUCTION, STAGING))


def pipeline(ci: str, facts: PipelineFacts = FACTS, **changes: Any) -> str:
    """The text for the CI system `ci`."""
    return SYSTEMS[ci].text(replace(facts, **changes))
