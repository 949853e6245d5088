"""Every scenario again, with one bit flipped in every fifth reply."""
