"""Conversational-agent personas as code: plan, apply, drift and migrate."""

__version__ = "0.1.0"
