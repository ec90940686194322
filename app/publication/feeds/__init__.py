"""Machine-readable publication, one file per format."""
