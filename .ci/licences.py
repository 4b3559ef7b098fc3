"""Checks the output of `cargo metadata` (stdin) and Cargo.lock. `.ci/licences` describes what is checked and what is not."""

import json
import re
import sys
import tomllib

# Only the licences that occur. All are permissive: they require no more than that the notice is kept.
# bzip2-1.0.6 is similar to BSD. libbz2-rs-sys is a translation of bzip2, so it has to keep that licence.
ALLOWED = {"MIT", "Apache-2.0", "Unicode-3.0", "BSD-3-Clause", "bzip2-1.0.6", "MIT-0", "Zlib"}
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def acceptable(expression):
    """Returns whether allowed licences alone satisfy an SPDX expression. An exception (WITH) only adds permissions."""
    # Older crates write `MIT/Apache-2.0` for OR.
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def alternatives():
        met = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = conjunction() or met
        return met

    def conjunction():
        met = single()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = single() and met
        return met

    def single():
        token = tokens.pop(0)
        if token == "(":
            met = alternatives()
            if tokens.pop(0) != ")":
                raise ValueError("unbalanced")
            return met
        if tokens and tokens[0] == "WITH":
            del tokens[:2]
        return token in ALLOWED

    try:
        met = alternatives()
    except (IndexError, ValueError):
        return False
    return met and not tokens


def self_test():
    good = ["MIT", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND Unicode-3.0", "GPL-2.0 OR MIT AND Apache-2.0"]
    bad = ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0", "MIT MIT", "GPL-3.0 OR MIT AND MPL-2.0"]
    assert all(map(acceptable, good)) and not any(map(acceptable, bad))


def main():
    self_test()
    with open("Cargo.lock", "rb") as file:
        locked = tomllib.load(file)["package"]
    faults = []
    for package in locked:
        if package["name"] == "callcodes":
            continue
        if package.get("source") != CRATES_IO:
            faults.append(f"{package['name']} {package['version']}: not from crates.io: {package.get('source')}")
        elif "checksum" not in package:
            faults.append(f"{package['name']} {package['version']}: no checksum in Cargo.lock")
    licences = {}
    for package in json.load(sys.stdin)["packages"]:
        licences[package["name"], package["version"]] = package["license"]
    for package in locked:
        key = package["name"], package["version"]
        if key not in licences:
            faults.append(f"{key[0]} {key[1]}: in Cargo.lock and not in the graph; run `cargo update --workspace`")
        elif not acceptable(licences[key] or ""):
            faults.append(f"{key[0]} {key[1]}: licence not on the list: {licences[key]}")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"{len(locked)} crates, all licences and origins allowed")


main()
