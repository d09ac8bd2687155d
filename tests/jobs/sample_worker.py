"""A worker whose spec says how it behaves and ends."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from tickreel.jobs.worker import Reporter, serve_worker
from tickreel.processes.memory import peak_memory
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.v1 import job_pb2

# A template imports it, with the state of its generator.
UNSEEDED = np.random.random


def work(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Does `spec["do"]`."""
    match spec["do"]:
        case "return":
            result: dict[str, Any] = spec["result"]
            return result
        case "return pid":
            print(spec.get("say", ""))
            return {"pid": os.getpid(), "parent": os.getppid()}
        case "draw":
            return {"random": random.random(), "numpy": UNSEEDED(), "uuid": str(uuid.uuid4())}
        case "hoard":
            hoard = b"x" * (spec["mib"] << 20)
            del hoard
            return {"pid": os.getpid(), "peak": peak_memory()}
        case "return much":
            return {"text": "x" * spec["bytes"]}
        case "refuse":
            raise TickreelError("DATA_REFUSED", "no such rows", [Violation("time_window", "is empty")], reason="none", rows=3)
        case "stumble":
            return {"never": 1 // 0}
        case "return no JSON":
            return {"pid": object()}
        case "abort":
            print("the engine has seen a zero", flush=True)
            os.abort()
        case "fault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "ask for too much":
            bytearray(1 << 62)
        case "grow":
            hoard = bytearray(spec["mib"] << 20)
            hoard[::4096] = b"x" * len(hoard[::4096])
            reporter.progress(job_pb2.JOB_PHASE_LOADING, os.getpid(), 0, "pid")
            time.sleep(3600)
        case "grow beside":
            hoarding = f"hoard = b'x' * ({spec['mib']} << 20); import time; time.sleep(3600)"
            child = subprocess.Popen([sys.executable, "-c", hoarding])
            reporter.progress(job_pb2.JOB_PHASE_LOADING, child.pid, 0, "pid")
            child.wait()
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            print("nothing works here", file=sys.stderr, flush=True)
            os._exit(spec["code"])
        case "raise SystemExit":
            sys.exit(spec["code"])
        case "die while reporting":
            # Half a line, as if the process was killed while writing.
            os.write(int(sys.argv[1]), b'{"result": {"text": "half of i')
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave a process":
            left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
            return {"pid": os.getpid(), "left": left.pid}
        case "report nonsense":
            os.write(int(sys.argv[1]), b"nonsense\n")
            time.sleep(3600)
        case "print without end":
            while True:
                os.write(1, b"x" * (1 << 16))
        case "make noise":
            for number in range(20_000):
                print(f'{{"result": {{"noise": {number}}}}}')
                print("noise", file=sys.stderr)
            return {"pid": os.getpid()}
        case "report fast":
            for done in range(1, 5_001):
                reporter.progress(job_pb2.JOB_PHASE_LOADING, done, 5_000, "rows")
            for done in range(3):
                reporter.progress(job_pb2.JOB_PHASE_REPLAYING, done, 3, "rows", ts_event=1_582_329_600_000_000_001)
            reporter.progress(job_pb2.JOB_PHASE_WRITING, 0, 0, "outputs")
            return {}
        case "report for a while":
            end, done = time.monotonic() + spec["seconds"], 0
            while time.monotonic() < end:
                done += 1
                reporter.progress(job_pb2.JOB_PHASE_REPLAYING, done, 10**12, "rows")
            return {"calls": done, "seconds": spec["seconds"]}
        case "wait":
            reporter.progress(job_pb2.JOB_PHASE_LOADING, os.getpid(), 0, "pid")
            time.sleep(3600)
        case "wait for":
            reporter.progress(job_pb2.JOB_PHASE_LOADING, os.getpid(), 0, "pid")
            while not Path(spec["path"]).exists():
                time.sleep(0.01)
            return {"waited": True}
        case "wait deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            reporter.progress(job_pb2.JOB_PHASE_LOADING, os.getpid(), 0, "pid")
            while True:
                sum(range(1000))
    raise AssertionError(spec)


def main() -> None:
    """Run one job."""
    serve_worker(work)


if __name__ == "__main__":
    main()
