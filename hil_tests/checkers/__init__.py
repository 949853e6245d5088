"""What must never be, on plant truth: one checker for each invariant; every run uses all of them."""
