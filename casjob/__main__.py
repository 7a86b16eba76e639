"""The program's beginning: `casjob`, and `python -m casjob`."""

from casjob import process

process.start()

from casjob.program import main  # noqa: E402 - loading it is what start() prepares for

if __name__ == "__main__":
    main()
