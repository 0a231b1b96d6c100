"""The run machine: what is done already, which job comes next, and whom to tell. It knows no NLP.

A pipeline brings a *plan* (which jobs there are, and when each may start) and a function that
performs a job; the `Conductor` has the jobs performed and tells a `Listener`. What a job makes is a
shard (`corpora.shards`) or an `Artifact`, and either has a record of what it was made from, so that
a run that was cut off goes on where it was.
"""
