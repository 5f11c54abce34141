"""The installer: standard library only, as it runs before anything is installed."""
