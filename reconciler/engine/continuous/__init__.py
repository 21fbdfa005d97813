"""One round of a watched workspace: looked at, and written where that is wanted."""
