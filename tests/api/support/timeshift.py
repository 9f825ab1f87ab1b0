"""A daemon whose wall clock the test moves, by months where it wants to."""

import datetime
import mmap
import os
import pathlib
import shlex
import struct
import subprocess
import time

SOURCE = pathlib.Path(__file__).with_name("shifted_clock.c")


def compiler():
    return shlex.split(os.environ.get("CC") or "cc")


class Timeshift:
    """The variables that a daemon is started with, and how far its clock is ahead."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "shifted_clock.so"
        subprocess.run([*compiler(), "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        shift = folder / "ahead"
        shift.write_bytes(bytes(mmap.PAGESIZE))
        with open(shift, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        # A sanitizer's runtime wants to be the first library; one that touches no memory may be before it.
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        self.variables = {"LD_PRELOAD": str(library), "TEST_CLOCK_FILE": str(shift), "ASAN_OPTIONS": options}

    def ahead(self):
        return struct.unpack_from("=q", self.page)[0]

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.ahead(), datetime.timezone.utc)

    def go_to(self, instant):
        """On to an instant; a clock never goes back."""
        further = (instant - self.now()).total_seconds()
        assert further >= 0, f"{instant} is before {self.now()}"
        struct.pack_into("=q", self.page, 0, self.ahead() + int(further))

    def on(self, **span):
        self.go_to(self.now() + datetime.timedelta(**span))
