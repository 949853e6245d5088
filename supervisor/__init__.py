"""The local web: the status page and its API. May die without consequence; depends on what the controller publishes."""
