"""Use: how many entitlements may be used together and per day."""
