"""The elastic-net probe, all points of a lambda grid at once."""
