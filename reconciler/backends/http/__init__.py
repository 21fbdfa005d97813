"""State behind an HTTP address."""
