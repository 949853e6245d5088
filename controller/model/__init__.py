"""WORDS: the frozen vocabulary that every other package shares. Imports nothing but the standard library's types.

Units: the last part of a name (`power_w`, `soc_pct`, `open_since_s`). Signs: sources deliver positive into the hub bus,
feeders consume positive, so `grid + battery + pv + genset == load`. Limits are magnitudes. Instants are monotonic.
`None` always means "we do not know".
"""
