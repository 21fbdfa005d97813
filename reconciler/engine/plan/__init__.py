"""Manifests, state and the account -> a plan; reads only."""
