"""Suppliers, their members and roles, sites with allowed origins, API keys."""
