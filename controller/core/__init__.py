"""JUDGEMENT: pure functions from what is seen to what is wanted. `decide.py` is read first."""
