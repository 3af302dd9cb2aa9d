"""Roll-over: which money a round may put on release."""
