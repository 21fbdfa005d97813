"""State as files beside the project."""
