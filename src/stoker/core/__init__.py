"""The functional core: everything that decides, and nothing that acts."""
