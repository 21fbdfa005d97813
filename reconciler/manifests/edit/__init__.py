"""Manifest files changed in place, every other byte kept."""
