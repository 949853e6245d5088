"""The loss table: what every output does when a device is lost, in every mode, said and played."""
