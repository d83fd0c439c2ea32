"""A worker for tests: does what it is told, with the standard library only.

Its first argument is the folder of `worker_link`, which shipped workers find beside them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, sys.argv[1])

from worker_link import open_link

SLEEPER = "import time; time.sleep(600)"


def main() -> None:
    link = open_link()
    link.send({"event": "ready", "pid": os.getpid()})
    while True:
        request = link.receive()
        assert request is not None
        match request["do"]:
            case "echo":
                link.send({"event": "echo", "text": request["text"]})
            case "chatter":
                sys.stdout.write('{"event": "fake"}\n')
                os.write(1, b'{"event": "fake"}\n')
                subprocess.run([sys.executable, "-c", 'print(\'{"event": "fake"}\')'], check=True)
                read = subprocess.run(["cat"], capture_output=True, check=True).stdout
                link.send({"event": "chattered", "child_read": read.decode()})
            case "threads":
                senders = [
                    threading.Thread(
                        target=lambda n=n: [
                            link.send({"event": "line", "of": n, "text": "x" * 5000})
                            for _ in range(50)
                        ]
                    )
                    for n in range(4)
                ]
                for sender in senders:
                    sender.start()
                for sender in senders:
                    sender.join()
            case "child":
                child = subprocess.Popen([sys.executable, "-c", SLEEPER])
                link.send({"event": "child", "pid": child.pid})
            case "pending":
                time.sleep(0.3)
                found = []
                while (more := link.receive(block=False)) is not None:
                    found.append(more)
                link.send({"event": "pending", "found": found})
            case "torn":
                os.write(link._events.fileno(), b'{"event": "half')
                os.kill(os.getpid(), signal.SIGKILL)
            case "environment":
                link.send({"event": "environment", "value": os.environ.get(request["name"])})
            case "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.kill(os.getpid(), signal.SIGSTOP)
            case "crash":
                raise RuntimeError(request["text"])
            case "end":
                sys.exit(0)


if __name__ == "__main__":
    main()
