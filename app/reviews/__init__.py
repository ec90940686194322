"""The noun: reviews and their revisions, and what their author wants. No routes."""
