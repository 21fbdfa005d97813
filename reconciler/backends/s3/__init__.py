"""State in an object store."""
