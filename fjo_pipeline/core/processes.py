"""What a process of the pipeline forbids itself before it holds a key or a name: open files, dumps of itself."""

import ctypes
import resource
import sys

from fjo_pipeline.core.sessions import restrict_new_files

PR_SET_DUMPABLE = 4


def guard_process() -> None:
    """Make new files readable by this user alone, and let nobody have this process's memory.

    A core dump would hold names and keys. The limit of 0 is inherited by dbt and all that is started, but does not bind
    where dumps are piped to a program (core(5)); a process that is not dumpable gives none at all, nor can another
    process of the same user attach to it or read its environment (prctl(2)).
    """
    restrict_new_files()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
