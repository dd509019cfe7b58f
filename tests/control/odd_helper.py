"""The helper that reads the record, going wrong in a way of its own until a file is there.

python odd_helper.py WAY FILE --config ... --data-dir ...
"""

import os
import signal
import sys
import time
from pathlib import Path

from tosca_kiosk.machine.realtime import end_with_parent
from tosca_kiosk.session import helper

FOR_EVER_S = 60.0
WAYS = {
    "dies": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "is slow": lambda: time.sleep(FOR_EVER_S),  # noqa: TID251 -- a process of its own
    "freezes": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "makes a mistake": lambda: 1 / 0,
}


def main():
    way, right_again = WAYS[sys.argv[1]], Path(sys.argv[2])
    answer = helper.Helper.answer
    serving = os.getpid()

    def odd(self, question):
        # One that is stopped has no timer: where who starts helpers was killed, nobody else would end it.
        if not right_again.exists() and end_with_parent(serving, signal.SIGKILL):
            way()
        return answer(self, question)

    helper.Helper.answer = odd
    return helper.main(sys.argv[3:])


if __name__ == "__main__":
    raise SystemExit(main())
