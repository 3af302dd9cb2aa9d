"""Measures the product on this machine: ``python3 manage.py bench``; what each bench does is in docs/bench.md."""
