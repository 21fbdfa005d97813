"""Values that the server fills in: what a persona reads back that nobody wrote."""

from __future__ import annotations

from typing import Literal

from reconciler.types.json import Json, Object

TOP: Object = {
    "pal_description": None,
    "pipeline_mode": "full",
    "document_ids": [],
    "document_tags": [],
    "objectives_id": None,
    "guardrails_id": None,
    "guardrail_ids": [],
    "guardrail_tags": [],
    "tool_ids": [],
}
LAYERS: dict[str, Object] = {
    "llm": {"speculative_inference": True},
    "tts": {"tts_engine": "tavus-auto", "tts_emotion_control": True},
    "stt": {"stt_engine": "tavus-auto"},
    "perception": {"perception_model": "raven-1"},
}
FLOW: Object = {
    "turn_detection_model": "sparrow-1",
    "turn_taking_patience": "medium",
    "pal_interruptibility": "medium",
    "voice_isolation": "near",
    "idle_engagement": "off",
    "wake_phrase": None,
    "sleep_phrase": None,
}
BOOLEANS = (("llm", "speculative_inference"), ("tts", "tts_emotion_control"))


def complete_flow(body: Object) -> Object:
    """Conversational flow is inactive while absent; one field set makes the server store all the others."""
    layers = body.get("layers")
    flow = layers.get("conversational_flow") if isinstance(layers, dict) else None
    if not isinstance(layers, dict) or not isinstance(flow, dict) or not flow:
        return body
    full = {**FLOW, **{name: value for name, value in flow.items() if value is not None}}
    return body if full == flow else {**body, "layers": {**layers, "conversational_flow": full}}


def show_defaults(
    body: Object, how: Literal["fill", "hide", "null"], absent: Literal["absent", "null", "all"] = "absent"
) -> Object:
    """The body with default values shown, left out or null; `absent` says the same of layers nobody set."""
    result = _show(body, TOP, how)
    layers = result.get("layers")
    shown: Object = dict(layers) if isinstance(layers, dict) else {}
    for name, defaults in LAYERS.items():
        layer = shown.get(name)
        if layer is None and absent == "all":
            layer = {}
        if isinstance(layer, dict):
            shown[name] = _show(layer, defaults, how)
        elif absent == "null":
            shown[name] = None
    if shown or isinstance(layers, dict):
        result["layers"] = shown
    return result


def _show(body: Object, defaults: Object, how: Literal["fill", "hide", "null"]) -> Object:
    result = dict(body)
    for name, default in defaults.items():
        if how == "fill":
            if result.get(name) is None:
                result[name] = list(default) if isinstance(default, list) else default
        elif name in result and (result[name] is None or result[name] == default):
            del result[name]
        if how == "null":
            result.setdefault(name, None)
    return result


def write_booleans(body: Object) -> Object:
    """The booleans of layers as the words "true" and "false"."""
    return _booleans(body, lambda value: str(value).lower() if isinstance(value, bool) else value)


def read_booleans(body: Object) -> Object:
    """The words "true" and "false" as booleans: the API takes both."""
    return _booleans(body, lambda value: value == "true" if value in ("true", "false") else value)


def _booleans(body: Object, change: object) -> Object:
    layers = body.get("layers")
    if not isinstance(layers, dict) or not callable(change):
        return body
    result: dict[str, Json] = dict(layers)
    for layer, name in BOOLEANS:
        inner = result.get(layer)
        if isinstance(inner, dict) and name in inner:
            result[layer] = {**inner, name: change(inner[name])}
    return {**body, "layers": result}


def comparable(body: Json) -> Json:
    """The body as the no-change check sees it: defaults filled in, null and absent alike."""
    if isinstance(body, dict):
        return _without_nulls(show_defaults(complete_flow(body), "fill"))
    return body


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value
