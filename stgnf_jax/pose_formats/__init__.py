"""Other programs' poses as ours: one module a format, and what all of them need."""
