"""Planted defects: small wrong controllers, kept as patches, that scenarios and checkers together must all catch."""
