"""Files -> manifests."""
