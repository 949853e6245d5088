"""How fast it is: measured, not promised."""
