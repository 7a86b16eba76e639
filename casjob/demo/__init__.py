"""The sample service: a job API inside the process, with a job of every kind to look at."""
