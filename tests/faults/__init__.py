"""What happens when something breaks, on a real PostgreSQL and with real processes; docs/faults.md has the table."""
