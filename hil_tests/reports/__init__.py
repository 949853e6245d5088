"""What comes of a run of the bench, on disk: a page for people, JUnit for machines, traces and logs for the curious.

`directory` writes and reads it; every other module makes one of the files.
"""
