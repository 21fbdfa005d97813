"""The language model of a LiveKit agent: LiveKit Inference, or a plugin for Claude and for one's own endpoint."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.export.target import ENV, Ledger, plain
from reconciler.types.address import SecretRef
from reconciler.types.catalogue import Catalogue, is_hosted
from reconciler.types.catalogue_entry import LiveKitChoice
from reconciler.types.json import Json, Object, escape

LAYER = "/layers/llm"
INFERENCE = "inference"
SAMPLING = ("temperature", "top_p")
KEYS: Mapping[str, str] = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
"""The variable that a plugin reads its key from when it is given none."""
TAKES: Mapping[str, tuple[str, ...]] = {INFERENCE: SAMPLING, "openai": SAMPLING, "anthropic": ("temperature",)}


def llm_settings(ledger: Ledger, catalogue: Catalogue) -> Object:
    """`{service, arguments}`: the module that has the class `LLM`, and what that is called with."""
    model = ledger.text(f"{LAYER}/model")
    base_url = ledger.take(f"{LAYER}/base_url")
    if base_url is not None and not is_hosted(model):
        return _own(ledger, model, base_url)
    choice = _choose(ledger, catalogue, model)
    for word in ("base_url", "api_key", "headers", "default_query"):
        pointer = f"{LAYER}/{word}"
        if ledger.members(LAYER).get(word):
            ledger.lose(pointer, "it belongs to an endpoint of one's own; this persona's model is a hosted one")
    if choice.plugin:
        ledger.variables.setdefault(KEYS[choice.plugin], f"key of the {choice.plugin} plugin")
        arguments: Object = {"model": choice.plugin_model, **_parameters(ledger, choice.plugin)}
        return {"service": choice.plugin, "arguments": arguments}
    parameters = _parameters(ledger, INFERENCE)
    result: Object = {"model": choice.id}
    if parameters:
        result["extra_kwargs"] = parameters
    return {"service": INFERENCE, "arguments": result}


def _own(ledger: Ledger, model: str | None, base_url: Json) -> Object:
    """An OpenAI-compatible endpoint: the openai plugin speaks to any."""
    key = ledger.take(f"{LAYER}/api_key")
    arguments: Object = {
        "model": model or "",
        "base_url": ledger.resolvable(base_url, f"{LAYER}/base_url"),
        "api_key": ledger.resolvable(key, f"{LAYER}/api_key"),
    }
    if not isinstance(key, SecretRef):
        # Without a key the plugin would send that of OpenAI to whoever answers there.
        name = ledger.variable(f"{LAYER}/api_key")
        ledger.variables.setdefault(name, f"{ledger.address} {LAYER}/api_key")
        arguments["api_key"] = {ENV: name}
    if model is None:
        ledger.adjust(f"{LAYER}/base_url", "no model is named; the request carries an empty name")
    for word, argument in (("headers", "extra_headers"), ("default_query", "extra_query")):
        members = ledger.members(f"{LAYER}/{word}")
        if members:
            ledger.settle(f"{LAYER}/{word}")
            arguments[argument] = {
                name: ledger.resolvable(value, f"{LAYER}/{word}/{escape(name)}") for name, value in members.items()
            }
    arguments |= _parameters(ledger, "openai")
    extra = {
        name: ledger.resolvable(value, f"{LAYER}/extra_body/{escape(name)}")
        for name, value in ledger.members(f"{LAYER}/extra_body").items()
        if not ledger.is_settled(f"{LAYER}/extra_body/{escape(name)}")
    }
    if extra:
        ledger.settle(f"{LAYER}/extra_body")
        arguments["extra_body"] = extra
    return {"service": "openai", "arguments": arguments}


def _parameters(ledger: Ledger, service: str) -> Object:
    """The sampling parameters that the service takes, out of extra_body."""
    found: Object = {}
    for name in ledger.members(f"{LAYER}/extra_body"):
        pointer = f"{LAYER}/extra_body/{escape(name)}"
        if name not in SAMPLING:
            continue
        value = ledger.take(pointer)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            ledger.lose(pointer, f"{plain(value)} is no number")
        elif name in TAKES[service]:
            found[name] = value
        else:
            ledger.lose(pointer, f"the {service} plugin has no such parameter", "temperature alone steers it")
    return found


def _choose(ledger: Ledger, catalogue: Catalogue, model: str | None) -> LiveKitChoice:
    """The model of LiveKit Inference (or of a plugin) that stands for `model`."""
    pointer = f"{LAYER}/model"
    if model is not None and "/" in model and not is_hosted(model):
        renamed = catalogue.livekit.realtime_renames.get(model)
        if renamed is not None:
            ledger.adjust(pointer, f"{model} was replaced by {renamed}")
        return LiveKitChoice(renamed or model, "high")
    if model is not None and f"openai/{model}" in catalogue.livekit.models:
        ledger.adjust(pointer, f"{model} without base_url: openai/{model} of LiveKit Inference")
        return LiveKitChoice(f"openai/{model}", "high")
    for name in _line(catalogue, model):
        choice = catalogue.livekit.nearest.get(name)
        if choice is None or not (choice.id or choice.plugin):
            continue
        if name != model or choice.confidence != "high" or choice.why:
            near = choice.id or f"{choice.plugin_model} of the {choice.plugin} plugin"
            since = "" if name == model else f", which stands for {name}"
            why = f"; {choice.why}" if choice.why and not choice.plugin else ""
            told = f"{model} became {near}" if model else f"no model is named; {near}{since} is used"
            told += since if model and name != model else ""
            ledger.adjust(pointer, f"{told} ({choice.confidence} confidence{why})" if choice.id else told)
        return choice
    fallback = sorted(catalogue.livekit.listed())
    ledger.lose(pointer, f"nothing in LiveKit is known for {plain(model)}", "choose a model of LiveKit Inference")
    return LiveKitChoice(fallback[0] if fallback else "openai/gpt-4.1-mini")


def _line(catalogue: Catalogue, model: str | None) -> list[str]:
    """The model, what follows it, and the default of the generation."""
    line: list[str] = []
    current = model
    while current is not None and current not in line:
        line.append(current)
        after = catalogue.successor(current)
        current = after.id if after is not None else None
    default = catalogue.default()
    return [*line, *([default] if default and default not in line else [])]
