"""Runs of pipelines: which jobs are done, which come next, and who hears of progress; no NLP here.

A pipeline provides a *plan* (which jobs there are, and when each may start) and a function that
performs a job. The `Conductor` starts the jobs and reports to a `Listener`. A job writes a shard
(`corpora.shards`) or an `Artifact`. Both come with a record of what they were made from, so that an
interrupted run continues where it stopped.
"""
