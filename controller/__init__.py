"""The firmware of a hub: keeps a village energy hub alive in a blackout. Start reading at `core/decide.py`."""

__version__ = "0.1.0"
