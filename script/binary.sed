# Turns pyproject.toml into that of gearman-cffi-binary: the same source, in wheels that contain libgearman.
s/^name = "gearman-cffi" .*/name = "gearman-cffi-binary"/
s/^description = .*/description = "gearman-cffi with libgearman included: Gearman for Python, with the API of PHP's ext-gearman"/
s/^license-files = .*/license-files = ["LICENSE", "vendor\/licenses\/lib*.txt"]/
