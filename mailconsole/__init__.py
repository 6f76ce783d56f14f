"""Mailconsole's Django project: people seeing and changing mail flow."""

__version__ = "0.1.0"
