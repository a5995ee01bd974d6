"""The REST interface of an Ignition gateway."""
