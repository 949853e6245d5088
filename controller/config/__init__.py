"""Site file, device tables, grid codes and envelopes -> checked, frozen objects. Every error names file, line, column,
key, what was found and what was wanted.
"""
