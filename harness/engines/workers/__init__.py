"""Standalone scripts that run inside an engine's environment; nothing here imports `harness`."""
