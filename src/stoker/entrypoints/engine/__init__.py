"""One gateway's sync: the doers of what `stoker.core.agent` asks for."""
