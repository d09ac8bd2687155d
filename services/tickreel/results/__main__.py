"""The process of the results service."""

from tickreel.results.service import ResultsServicer
from tickreel.rpc.server import run

if __name__ == "__main__":
    run("results", ResultsServicer)
