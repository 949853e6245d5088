"""FORESIGHT: how long supply lasts. Advisory: nothing here can move anything."""
