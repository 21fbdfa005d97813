"""What a migration is, its answers, and the result of a run."""
