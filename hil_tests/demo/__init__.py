"""`hallig demo`: a simulated village over real protocols, a real controller, the page, and a blackout to watch."""
