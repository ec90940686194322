"""Pages of the dashboard, of signing in, and of the operators, over HTTP."""
