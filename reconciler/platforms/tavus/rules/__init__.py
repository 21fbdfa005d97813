"""The lint rules of Tavus manifests, a file each."""
