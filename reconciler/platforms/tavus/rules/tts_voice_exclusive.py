"""L16: two voices at once."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import TTS, has
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if not has(spec, f"{TTS}/voice_id"):
        return
    beside = [word for word in ("external_voice_id", "tts_engine") if has(spec, f"{TTS}/{word}")]
    if beside:
        yield RULE.found(
            manifest,
            f"{TTS}/voice_id",
            f"voice_id names a voice of the platform's library, beside {' and '.join(beside)}",
            hint="keep one: external_voice_id wins over voice_id, voice_id over the face's own voice",
        )


RULE = Rule(
    code="L16",
    name="tts-voice-exclusive",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="public code",
    check=check,
    doc=RuleDoc(
        what="layers.tts.voice_id together with external_voice_id or tts_engine.",
        why="Only one of them speaks, and which one is easily misread.",
        bad="system_prompt: Hi\nlayers: {tts: {voice_id: v1, tts_engine: cartesia, external_voice_id: e1}}\n",
        good="system_prompt: Hi\nlayers: {tts: {tts_engine: cartesia, external_voice_id: e1}}\n",
    ),
)
