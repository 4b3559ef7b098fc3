"""Counts result codes in logs on a Spark cluster: one process of callcodes for each task, whose results `callcodes merge` joins.

    callcodes generate spark -o callcodes-spark.py
    spark-submit --master spark://head:7077 callcodes-spark.py --merge="--by host -o hosts.csv" /mnt/logs

The driver makes a plan of the paths, each task scans some pieces of it, and the driver merges what they found. The result is that of
`callcodes scan`, byte for byte, because the merge checks that each piece of the plan is there exactly once and undamaged. Spark only
starts the processes: nothing is taken from it on trust. A task that fails is tried again as Spark is configured
(spark.task.maxFailures), and then the job fails with the message of callcodes. There is never a partial result.

Paths must be absolute, and readable as they are on the driver and all workers: a network share, a mounted HDFS, or a mounted bucket.
The driver ships its own callcodes to the workers. With --installed, they use theirs, which must be the same version.
spark-submit mixes standard error into standard output, so results that a program reads are best written with -o.
It needs Python 3.9 or later, and no other package than PySpark.
"""

import argparse
import ctypes
import json
import os
import platform
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

# A small file takes about as long as this many bytes, because it must be opened.
BYTES_OF_FILE = 64 << 10
CHUNK_BYTES = 1 << 20


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small. Pass 1 or more")
    return number


def arguments(args=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    options = {"type": shlex.split, "default": [], "metavar": "OPTIONS"}
    parser.add_argument("--plan", help="options of callcodes plan, such as --plan=\"-g '*.log'\"", **options)
    parser.add_argument("--scan", help="options of callcodes scan --partial, such as --scan='--tz Europe/Berlin'", **options)
    parser.add_argument("--merge", help="options of callcodes merge, such as --merge='--by host --format json'", **options)
    parser.add_argument("--both", help="options of scan and merge, such as --both='-f /mnt/patterns.toml'", **options)
    parser.add_argument("--callcodes", metavar="PATH", default="callcodes", help="the program that the driver runs and ships")
    parser.add_argument("--installed", metavar="PATH", help="do not ship it: workers have the program at this path")
    parser.add_argument("--task-bytes", metavar="N", type=positive, default=512 << 20, help="bytes for each task [default: 512 MiB]")
    parser.add_argument("paths", metavar="PATH", nargs="+", help="absolute paths of files, archives and folders")
    parsed = parser.parse_args(args)
    relative = next((path for path in parsed.paths if not os.path.isabs(path)), None)
    if relative:
        parser.error(f"{relative} is not an absolute path, and workers run in folders of their own. Pass {os.path.abspath(relative)}")
    parsed.both = ["--no-config", *parsed.both]
    return parsed


def pack(lines, task_bytes):
    """Packs the lines of a plan into tasks of about `task_bytes` bytes. Their order is kept, so that a task reads neighbouring ranges."""
    tasks, size = [], task_bytes
    for line in lines:
        piece = json.loads(line)
        start, end = piece.get("range") or (0, piece.get("bytes") or 0)
        cost = end - start + BYTES_OF_FILE
        if size + cost > task_bytes and size > 0:
            tasks.append([])
            size = 0
        tasks[-1].append(line)
        size += cost
    # A task without pieces still says with which patterns and options it has read none.
    return [b"".join(task) for task in tasks] or [b""]


def die_with_parent():
    """Returns a function with which a process of Linux asks to be killed when its parent has ended, however that happened."""
    if platform.system() != "Linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def before_exec():
        prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def run(command, accepted=(0,), **kwargs):
    """Runs a command, and raises an error with the end of what it wrote to standard error if it fails."""
    where = f"on {socket.gethostname()}: {command[0]}"
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=die_with_parent(), **kwargs)
    except OSError as error:
        raise RuntimeError(f"{where} cannot be started ({error.strerror}). Install callcodes there, or leave out --installed") from None
    if done.returncode not in accepted:
        end = " ".join(done.stderr.decode(errors="replace")[-2000:].split())
        how = f"was killed by signal {-done.returncode}" if done.returncode < 0 else f"failed with exit status {done.returncode}"
        raise RuntimeError(f"{where} {how}. {end}")
    return done


def version(program):
    return run([program, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout.decode().strip()


def scanner(options, installed, shipped, wanted, threads):
    """Returns the function that does a task on a worker, and returns its partial in chunks."""

    def scan(tasks):
        from pyspark import SparkFiles

        program = installed or SparkFiles.get(shipped)
        for task in tasks:
            found = version(program)
            if found != wanted:
                host = socket.gethostname()
                raise RuntimeError(f"on {host}: {program} is {found}, and that of the driver {wanted}. Install the same version, or leave out --installed")
            # Spark deletes its own folders when an executor has ended.
            local = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0]
            with tempfile.TemporaryDirectory(prefix="callcodes-", dir=local or None) as folder:
                partial = os.path.join(folder, "partial.ccp")
                fixed = ["--partial", "--plan", "-", "-o", partial, "-j", threads, "--no-progress"]
                run([program, "scan", *fixed, *options], input=task, stdout=subprocess.DEVNULL)
                with open(partial, "rb") as file:
                    yield from iter(lambda: file.read(CHUNK_BYTES), b"")

    return scan


def count(args, folder):
    """Plans, scans on the cluster and merges. Returns the exit status."""
    from pyspark import SparkConf, SparkContext, StorageLevel

    program = shutil.which(args.callcodes)
    if not program:
        raise RuntimeError(f"the driver does not find {args.callcodes}. Install it, or pass its path with --callcodes")
    plan, partials = os.path.join(folder, "plan"), os.path.join(folder, "all.ccp")
    # The merge reports what cannot be read, too.
    run([program, "plan", "-o", plan, *args.plan, *args.paths], accepted=(0, 3), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with open(plan, "rb") as file:
        lines = file.readlines()[1:-1]
    with SparkContext(conf=SparkConf().setIfMissing("spark.app.name", "callcodes")) as spark:
        threads = spark.getConf().get("spark.task.cpus", "1")
        tasks = pack(lines, args.task_bytes)
        if not args.installed:
            spark.addFile(program)
        scan = scanner([*args.scan, *args.both], args.installed, os.path.basename(program), version(program), threads)
        # What tasks found stays on the disks of the workers until it is fetched, one task after the other. What is lost with a worker
        # is scanned again.
        found = spark.parallelize(tasks, len(tasks)).mapPartitions(scan).persist(StorageLevel.DISK_ONLY)
        found.count()
        with open(partials, "wb") as file:
            file.writelines(found.toLocalIterator(prefetchPartitions=True))
    merge = [program, "merge", "--plan", plan, *args.both, *args.merge, partials]
    return subprocess.run(merge, preexec_fn=die_with_parent()).returncode


def main():
    args = arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="callcodes-") as folder:
            return count(args, folder)
    except Exception as error:
        # An error of a worker is in the middle of the stack traces of Spark.
        found = re.search(r"RuntimeError: (on .*)", str(error))
        print(f"error: {found.group(1) if found else error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
