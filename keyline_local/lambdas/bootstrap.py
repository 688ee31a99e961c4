"""The program of an environment's process: AWS's runtime interface client, on a lifeline.

It is run by path with `python -S -P` and an explicit PYTHONPATH, so it imports nothing of
this project. The first argument is the read end of a pipe whose write end only the platform
holds: at its end of file the platform is gone, however it died, and so is this process.
"""

import os
import sys
import threading


def _die_with_platform(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_die_with_platform, args=(int(sys.argv.pop(1)),), daemon=True).start()
    from awslambdaric.__main__ import main

    main(sys.argv)
