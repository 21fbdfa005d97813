"""The skills of a persona as models of what the vendor's own client asks of them: its code is what refuses."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from tavus_mcp.sdk.recipes.capabilities import PresentationSlidesTrigger, _skill_config_for_capability

NOTHING: dict[str, Any] = dict.fromkeys(
    ("config", "document_ids", "slides_trigger", "prompt", "magic_canvas_components", "magic_canvas_usage_guidance",
     "scheduling_url", "scheduling_provider")
)  # fmt: skip
Strict = ConfigDict(strict=True)


class Slides(BaseModel):
    model_config = Strict
    document_ids: list[str]
    slides_trigger: PresentationSlidesTrigger | None = None
    prompt: str | None = None

    @model_validator(mode="after")
    def asked(self) -> Slides:
        _skill_config_for_capability("slide_presenter", **NOTHING | self.model_dump())
        return self


class Component(BaseModel):
    model_config = Strict
    enabled: bool | None = None


class Booking(Component):
    scheduling_url: str | None = None
    provider: str | None = None


class Components(BaseModel):
    model_config = Strict
    question: Component | None = None
    chart: Component | None = None
    scheduling_embed: Booking | None = None


class Canvas(BaseModel):
    model_config = Strict
    components: Components | None = None
    usage_guidance: str | None = None


class Bare(BaseModel):
    """A skill of which the client takes no configuration."""

    model_config = ConfigDict(extra="allow")


class Memory(Bare):
    @model_validator(mode="after")
    def asked(self) -> Memory:
        _skill_config_for_capability("memory", **NOTHING | {"config": self.model_extra})
        return self


class Search(Bare):
    @model_validator(mode="after")
    def asked(self) -> Search:
        _skill_config_for_capability("web_search", **NOTHING | {"config": self.model_extra})
        return self


class Skills(BaseModel):
    model_config = Strict
    magic_canvas: Canvas | None = None
    presentation: Slides | None = None
    internet_search: Search | None = None
    memory: Memory | None = None


class SkilledPersona(BaseModel):
    skills: Skills | None = None
