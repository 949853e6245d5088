"""The bench: the plant, the device servers, virtual time, the demo and the project's own tests."""
