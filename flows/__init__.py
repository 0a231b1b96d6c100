"""The only place that imports Prefect: flows, tasks and the command line."""
