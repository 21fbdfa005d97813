"""The migrations of Tavus manifests, a file each."""
