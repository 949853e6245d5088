"""What was measured, second by second: kept in the web's own file, read by span, never in the way of anything."""
