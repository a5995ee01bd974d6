"""Stoker keeps Ignition gateways in step with Git."""

__version__ = "0.1.0"
