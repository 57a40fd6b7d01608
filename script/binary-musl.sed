# After binary.sed, for musl: its wheels also contain GCC's libraries.
s/^license = .*/license = "BSD-3-Clause AND (GPL-3.0-or-later WITH GCC-exception-3.1)"/
s/^license-files = .*/license-files = ["LICENSE", "vendor\/licenses\/*.txt"]/
