"""One file a command, each with a `run`: from options to a job, from the job to a format.

What it raises is a `CasjobError`: that is what the user is told, and it has the exit status.
"""
