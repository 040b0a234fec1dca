"""Execution of jobs: in the calling process, or in worker processes that can be killed.

Nothing here knows what a job computes: an executor calls one function with the arguments it is
given.
"""
