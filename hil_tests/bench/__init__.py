"""The bench: scenarios as files, one verdict in three tiers.

`scenario` says what is played, `director` plays it, `verdict` is the answer.
"""
