"""Faults on demand: the catalogue as data, and how each is put into a tier and taken out again."""
