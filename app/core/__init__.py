"""Mechanism only: no word here knows what a review is."""
