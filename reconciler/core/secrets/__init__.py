"""Secrets: resolved once, compared by digest, never shown."""
