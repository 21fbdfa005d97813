"""Settings of providers and stores: roles, trust, limits."""
