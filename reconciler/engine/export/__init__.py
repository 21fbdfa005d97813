"""Account -> manifests, and personas -> export targets."""
