"""Entry point of the Converter's process."""

from tickreel.converter.service import ConverterServicer
from tickreel.rpc.server import run

if __name__ == "__main__":
    run("converter", ConverterServicer)
