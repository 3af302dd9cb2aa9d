"""Scope: where an entitlement may be used."""
