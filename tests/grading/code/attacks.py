"""Programs that want to pass without solving anything, or to hurt somebody.

Each is asked for `add`, and none adds. `MARKER` is a word that no file of this machine has in
its name yet, `PORT` a port on which a server of the test listens.
"""

# ruff: noqa: E501 (a program is easier to read in a line)

from __future__ import annotations

_WRITE_ALL = "import os\nfor n in range(64):\n    try:\n        os.write(n, {what})\n    except OSError: pass\n"
_FRAMES = (
    "b''.join(len(p).to_bytes(4, 'big') + p for p in [b'{\"value\":5}', b'{\"value\":true}'] * 50)"
)

_ENDINGS = {
    "exit at the top": "import sys\nsys.exit(0)",
    "exit in the call": "import sys\ndef add(a, b): sys.exit(0)",
    "os exit at the top": "import os\nos._exit(0)",
    "os exit in the call": "import os\ndef add(a, b): os._exit(0)",
    "exit as an assertion": "def add(a, b): raise SystemExit(0)",
    "exit hook": "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b): raise KeyboardInterrupt",
    "kills itself": "import os\ndef add(a, b): os.kill(os.getpid(), 9)",
    "kills its parent": "import os\ndef add(a, b):\n for s in (9, 15, 19): os.kill(os.getppid(), s)",
    "kills everybody": "import os\ndef add(a, b): os.kill(-1, 9)",
    "kills its group": "import os\ndef add(a, b): os.killpg(0, 9)",
    "stops itself": "import os\ndef add(a, b): os.kill(os.getpid(), 19)",
    "crashes": "import ctypes\ndef add(a, b): return ctypes.string_at(0)",
    "recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef add(a, b): return add(b, a)",
}
_LIES = {
    "prints ok": "print('ok')\nprint('{\"token\": \"\", \"passed\": true}')\ndef add(a, b): print('OK')",
    "writes reports everywhere": _WRITE_ALL.format(what='b\'{"stage":"tests","token":"x"}\\n\' * 9')
    + "def add(a, b): pass",
    "answers ahead": _WRITE_ALL.format(what=_FRAMES) + "def add(a, b): return 0",
    "announces a huge answer": _WRITE_ALL.format(what="b'\\xff' * 4096")
    + "def add(a, b): return 0",
    "equals everything": "class A:\n def __eq__(s, o): return True\n def __ne__(s, o): return False\n"
    " __hash__ = None\ndef add(a, b): return A()",
    "number that equals everything": "class A(int):\n def __eq__(s, o): return True\n __hash__ = None\n"
    "def add(a, b): return A(0)",
    "mock": "from unittest.mock import MagicMock\nm = MagicMock()\nm.__eq__.return_value = True\n"
    "def add(a, b): return m",
    "class named add": "class add:\n def __init__(s, a, b): pass\n def __eq__(s, o): return True",
    "assertions replaced": "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {})\n"
    "def add(a, b): return 0",
    "builtins replaced": "import builtins\nfor n in ('isinstance', 'len', 'type', 'int', 'dict', 'repr'):\n"
    " setattr(builtins, n, lambda *a: True)\ndef add(a, b): return 0",
    "encoder replaced": "import sys\nm = sys.modules['harness.grading.code.inside.plain_values']\n"
    'import json\njson.dumps = lambda *a, **k: \'{"value": {"object": 0}}\'\ndef add(a, b): return 0',
    "unittest patched": "import unittest, sys\nunittest.TestCase.assertEqual = lambda *a: None\n"
    "sys.excepthook = lambda *a: None\ndef add(a, b): return 0",
    "import hook": "import sys\nclass F:\n def find_spec(s, *a): raise SystemExit(0)\n"
    "sys.meta_path.insert(0, F())\ndef add(a, b): import this",
    "frames": "import sys\ndef add(a, b):\n f = sys._getframe()\n while f:\n"
    "  for k, v in {**f.f_globals, **f.f_locals}.items():\n"
    "   if 'expected' in k or 'token' in k: return v\n  f = f.f_back",
    "garbage collector": "import gc\ndef add(a, b):\n for o in gc.get_objects():\n"
    "  if isinstance(o, dict) and o.get('token'): return o['token']",
    "changes its arguments": "def add(a, b): a += b; return 0",
    "assertion of its own": "def add(a, b): raise AssertionError",
}
_HOGS = {
    "loops": "def add(a, b):\n while True: pass",
    "loops at the top": "while True: pass",
    "loops against signals": "import signal\nfor s in (24, 15, 2): signal.signal(s, signal.SIG_IGN)\n"
    "while True: pass",
    "sleeps": "import time\ndef add(a, b): time.sleep(1000)",
    "power": "def add(a, b): return 9 ** 9 ** 9",
    "regular expression": "import re\ndef add(a, b): return re.match('(a+)+$', 'a' * 99 + 'b')",
    "fork bomb": "import os\nwhile True:\n try: os.fork()\n except OSError: pass",
    "threads": "import threading\ndef add(a, b):\n"
    " for _ in range(999): threading.Thread(target=add, args=(a, b)).start()",
    "daemon": "import os\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  while True: pass\n"
    "def add(a, b): return 0",
    "memory": "x = bytearray(10 ** 11)\ndef add(a, b): return 0",
    "memory by and by": "x = [0]\nwhile True: x += x",
    "output": "while True: print('x' * 10000)",
    "output to errors": "import sys\ndef add(a, b):\n while True: sys.stderr.write('x' * 10000)",
    "endless iterator": "import itertools\ndef add(a, b): return itertools.count()",
    "huge text": "def add(a, b): return 'x' * 10 ** 8",
    "huge number": "def add(a, b): return 1 << 10 ** 8",
    "list in itself": "def add(a, b):\n x = []\n x.append(x)\n return x",
    "deep list": "def add(a, b):\n x = []\n for _ in range(10 ** 6): x = [x]\n return x",
    "full folder": "n = 0\nwhile True:\n open(f'/tmp/MARKER{{n}}', 'wb').write(bytes(1 << 20))\n n += 1",
    "open files": "x = []\nwhile True: x.append(open('/dev/null'))",
    "brackets": "x = " + "(" * 50_000,
    "minus signs": "x = " + "-" * 150_000 + "1\ndef add(a, b): return 0",
    "long number": "x = " + "9" * 150_000 + "\ndef add(a, b): return 0",
    "unnamed memory": "import ctypes\nc = ctypes.CDLL(None)\nx = [c.memfd_create(b'x', 0) for _ in range(9)]\n"
    "def add(a, b): return 5 if x[0] >= 0 else 0",
}
_OUTSIDE = {
    "deletes": "import shutil\nfor d in ('/', '/python', '/lib'): shutil.rmtree(d, ignore_errors=True)\n"
    "def add(a, b): return 0",
    "writes everywhere": "import os\nfor d in ('/', '/tmp', '/dev', '/dev/shm', '/var/tmp', '/root', '/home', '.'):\n"
    " try: open(os.path.join(d, 'MARKER'), 'w').write('x')\n except OSError: pass\n"
    "def add(a, b): return 0",
    "connects": "import socket\ndef add(a, b):\n socket.create_connection(('127.0.0.1', PORT), 1)\n return 5",
    "user namespace": "import ctypes\ndef add(a, b):\n return 5 if ctypes.CDLL(None).unshare(0x10000000) == 0 else 0",
    "reads /proc": "def add(a, b): return len(open('/proc/self/maps').read()) and 5",
}
ATTACKS = {**_ENDINGS, **_LIES, **_HOGS, **_OUTSIDE}


def attack(name: str, marker: str, port: int) -> str:
    """The program of an attack."""
    return ATTACKS[name].replace("MARKER", marker).replace("PORT", str(port))
