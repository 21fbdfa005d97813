"""Live objects as manifests: which are claimed already, their names, their bodies, the documents."""
