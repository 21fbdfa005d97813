"""Deadlines of connections, and what TLS errors mean."""
