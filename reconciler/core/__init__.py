"""The thinking: pure functions from manifests, state and live objects to a plan."""
