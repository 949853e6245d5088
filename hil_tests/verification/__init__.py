"""The plant against other people's tools. Their answers are frozen in golden/: tests need none of the tools."""
