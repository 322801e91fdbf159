"""Methods that put all neurons in order."""
