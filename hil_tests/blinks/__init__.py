"""Every change of mode again, with one device silent for a moment."""
