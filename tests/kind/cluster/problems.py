"""What the tool says in place of a traceback.

A `Problem` is something that may happen on a healthy machine: a program that is missing, a network
that is taken, a daemon that will not start. Its text says what happened, where, and what to do; the
command line prints it and ends with 1. Every other exception is a defect of this tool.
"""

from __future__ import annotations


class Problem(Exception):
    """An expected end, told in one or a few lines."""
