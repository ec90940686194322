"""Pages for members and operators. Nothing imports it."""
