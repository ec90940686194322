"""What was decided and why: cases, decisions, replies, screening."""
