"""The command line of a training: begin one, go on with it, measure this machine, take a checkpoint away."""

import sys

from model.training.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
