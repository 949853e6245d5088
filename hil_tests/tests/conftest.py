"""For all tests."""

from __future__ import annotations

import signal

# Some tests press Ctrl-C. A shell that runs the suite in the background has it, and all that it starts, ignore that.
signal.signal(signal.SIGINT, signal.default_int_handler)
