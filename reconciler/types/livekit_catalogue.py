"""What the model catalogue knows about LiveKit Inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.catalogue_entry import Entry


@dataclass(frozen=True, slots=True)
class LiveKitChoice:
    """The nearest model of LiveKit Inference for a hosted one."""

    id: str | None = None
    confidence: str = "none"
    why: str = ""
    plugin: str = ""
    """The plugin that serves it where LiveKit Inference does not, e.g. `anthropic`."""
    plugin_model: str = ""
    """What that plugin calls it."""


@dataclass(frozen=True, slots=True)
class LiveKitEar:
    """The speech recognition of LiveKit Inference nearest to one of the vendor's engines."""

    id: str
    language: str = "multi"
    """What it is told to listen for where the persona names no language."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class LiveKit:
    """What is known about LiveKit Inference."""

    release: str = ""
    """The newest of the lists that `models` were read from, as in `Entry.releases`."""
    models: Mapping[str, Entry] = field(default_factory=dict)
    nearest: Mapping[str, LiveKitChoice] = field(default_factory=dict)
    voices: Mapping[str, str] = field(default_factory=dict)
    ears: Mapping[str, LiveKitEar] = field(default_factory=dict)
    """By speech recognition engine of the vendor."""
    realtime_renames: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def listed(self) -> frozenset[str]:
        """The models that the newest list names."""
        return frozenset(id for id, row in self.models.items() if self.release in row.releases)
