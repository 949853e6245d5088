"""Virtual time through the production drivers: an event loop that never waits, and wires that carry bytes in memory."""
