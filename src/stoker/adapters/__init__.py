"""What touches the world: each module translates and calls, and decides nothing."""
