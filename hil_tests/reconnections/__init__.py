"""Random returns to the grid by the thousand: how well the POI closes when the controller alone times the contact."""
