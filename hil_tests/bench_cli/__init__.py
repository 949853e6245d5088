"""What `hallig bench` does: choose scenarios, play them, report, serve a plant to somebody else's controller."""
