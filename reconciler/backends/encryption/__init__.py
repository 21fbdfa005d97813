"""State at rest, encrypted."""
