"""A small campaign lived through at random, with failures injected, beside a model that says what must happen.

``python -m tests.simulator --seed N`` replays one life, ``--seeds N`` lives many. ``stage`` is the campaign and its
database, ``model`` what ought to be, ``faults`` what goes wrong, ``actors`` who does what, ``life`` one run of it.

One process steps one operation at a time. What PostgreSQL adds, other people's commits between an operation's look
and its write, is played by slow requests: they look at one moment and write at a later one.
"""
