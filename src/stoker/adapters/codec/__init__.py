"""Between the core's types and the forms that travel; no I/O."""
