"""L11: what perception adds to the messages of a custom LLM."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import PERCEPTION, has_endpoint, text
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

POINTER = f"{PERCEPTION}/perception_model"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, POINTER)
    if model.startswith("raven-") and has_endpoint(manifest.spec):
        sound = "" if model == "raven-0" else ", and puts what it heard before each utterance"
        yield RULE.found(
            manifest,
            POINTER,
            f"{model} sends your LLM system messages with user_appearance, user_emotions and user_screenshare{sound}",
            hint='perception_model: "off" sends none',
        )


RULE = Rule(
    code="L11",
    name="raven-with-custom-llm",
    severity=Severity.INFO,
    kinds=("persona",),
    source="LLM pages of all generations, perception page",
    check=check,
    doc=RuleDoc(
        what="A raven perception model together with base_url.",
        why="Your LLM receives system messages that you did not write; it should know what they mean.",
        bad="system_prompt: Hi\nlayers:\n  llm: {model: m, base_url: 'https://llm.example.com/v1', "
        "api_key: {env: K}}\n  perception: {perception_model: raven-1}\n",
        good="system_prompt: Hi\nlayers:\n  llm: {model: m, base_url: 'https://llm.example.com/v1', "
        "api_key: {env: K}}\n  perception: {perception_model: 'off'}\n",
    ),
)
