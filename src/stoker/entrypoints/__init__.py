"""The programs: each wires adapters to the core and interprets what the core decides."""
