"""The suites that come with the package, as TOML files beside this one."""
