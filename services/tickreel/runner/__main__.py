"""Entry point of the Runner's process."""

from tickreel.rpc.server import run
from tickreel.runner.service import RunnerServicer

if __name__ == "__main__":
    run("runner", RunnerServicer)
