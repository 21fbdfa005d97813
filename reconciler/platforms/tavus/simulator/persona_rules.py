"""The rules of a persona body: types, what must be there, secrets, and the custom LLM."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.platforms.tavus.kinds.persona import KIND
from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.platforms.tavus.simulator.http_types import CUSTOM_LLM, MASK, Refusal, invalid, refused
from reconciler.platforms.tavus.simulator.persona_body import TO_PERSONA, spelling
from reconciler.platforms.tavus.simulator.schema_check import note
from reconciler.platforms.tavus.simulator.secret_masks import PERSONA_SECRETS, echoes_mask
from reconciler.platforms.tavus.simulator.table_check import table_errors
from reconciler.types.catalogue import is_hosted
from reconciler.types.json import Object, split

READ_ONLY = (
    "pal_id",
    "uuid",
    "owner_id",
    "registration_id",
    "pal_settings_id",
    "session_id",
    "pal_type",
    "is_published",
    "is_draft",
    "is_draft_view",
    "has_unpublished_changes",
    "publish_url",
    "source_template_id",
    "conferencing_email",
    "created_at",
    "updated_at",
)
KNOWN = frozenset(READ_ONLY) | frozenset(
    {
        "pal_name",
        "pal_description",
        "system_prompt",
        "context",
        "greeting",
        "pipeline_mode",
        "default_face_id",
        "document_ids",
        "document_tags",
        "objectives_id",
        "guardrails_id",
        "guardrail_ids",
        "guardrail_tags",
        "tool_ids",
        "memories",
        "languages",
        "disclosure_type",
        "verbal_disclosure",
        "visual_disclosure",
        "is_template",
        "layers",
    }
)


def check_body(body: Object, mood: Mood, vocabulary: str, *, creating: bool) -> None:
    """Everything that a persona in internal words must satisfy. Raises `Refusal` (400)."""
    errors = table_errors(KIND, body, whole=False)
    if body.get("pipeline_mode") not in ("echo", "speech-to-speech") and not body.get("system_prompt"):
        errors.setdefault("system_prompt", ["Missing data for required field."])
    face = body.get("default_face_id")
    if creating and vocabulary == "pal" and mood.face_required and not face:
        errors.setdefault("default_face_id", ["default_face_id is required when creating a pal."])
    if _layer(body, "conferencing") and not face:
        errors.setdefault("default_face_id", ["default_face_id is required when conferencing is set."])
    for place, problem in _misfits(body):
        note(errors, list(split(place)), problem)
    if mood.unknown_fields == "reject":
        errors.update({name: ["Unknown field."] for name in body if name not in KNOWN and not name.startswith("$")})
    if errors:
        raise invalid(_in_words(errors, vocabulary, mood))
    masked = echoes_mask(body, PERSONA_SECRETS)
    if masked:
        raise refused(f"Bad Request. {masked} must not be the placeholder {MASK}.")
    llm = _layer(body, "llm")
    proxied = llm.get("enable_llm_proxy") is True and not llm.get("base_url")
    if proxied or (llm.get("base_url") and not llm.get("api_key")):
        raise Refusal(400, {"error": CUSTOM_LLM})


def _misfits(body: Object) -> Iterator[tuple[str, str]]:
    """What does not go together."""
    if body.get("pipeline_mode") == "speech-to-speech":
        for word in ("system_prompt", "context"):
            if body.get(word):
                yield f"/{word}", "Not allowed for pipeline_mode 'speech-to-speech'."
    flow, llm = _layer(body, "conversational_flow"), _layer(body, "llm")
    if flow.get("sleep_phrase") and not flow.get("wake_phrase"):
        yield "/layers/conversational_flow/wake_phrase", "wake_phrase is required when sleep_phrase is set."
    model = llm.get("model")
    if llm.get("enable_llm_proxy") is True and (is_hosted(model) or not model):
        yield "/layers/llm/enable_llm_proxy", "enable_llm_proxy is only allowed with your own LLM."


def _layer(body: Object, name: str) -> Object:
    layers = body.get("layers")
    layer = layers.get(name) if isinstance(layers, dict) else None
    return layer if isinstance(layer, dict) else {}


def _in_words(errors: Object, vocabulary: str, mood: Mood) -> Object:
    words = TO_PERSONA if vocabulary == "persona" else {}
    result: Object = {words.get(name, name): value for name, value in errors.items()}
    layers = result.get("layers")
    flow = layers.get("conversational_flow") if isinstance(layers, dict) else None
    if isinstance(flow, dict) and "pal_interruptibility" in flow:
        flow[spelling(vocabulary, mood.interruptibility)] = flow.pop("pal_interruptibility")
    return result
