"""Starts one driver and reports what it used: `launch.py REPORT CORE LIMIT_S COMMAND...`, run by `measure.py`.

A process of its own because it must be small: on Linux a child's peak memory begins with that of the process that
started it. For the same reason it imports next to nothing. CORE is -1 for any.
"""

import os
import signal
import sys
import time


def main(report: str, core: int, limit_s: float, command: list[str]) -> None:
    """Run the command on its core, at most `limit_s` seconds; write "BEGAN ENDED CPU_S MAXRSS EXIT_CODE"."""
    if core >= 0:
        os.sched_setaffinity(0, {core})
    began_at = time.monotonic()
    driver = os.posix_spawn(command[0], command, os.environ)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(driver, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    _, status, usage = os.wait4(driver, 0)
    ended_at = time.monotonic()
    cpu_s = usage.ru_utime + usage.ru_stime
    with open(report, "w", encoding="ascii") as lines:
        lines.write(f"{began_at} {ended_at} {cpu_s} {usage.ru_maxrss} {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
