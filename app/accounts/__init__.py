"""People who sign in: users, operators, sessions, password resets."""
