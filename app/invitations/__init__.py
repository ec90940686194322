"""Purchases in, and asking buyers to review."""
