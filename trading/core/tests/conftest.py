from hypothesis import settings

# A kernel's first call compiles it, or loads it: no test here is timed.
settings.register_profile("core", deadline=None)
settings.load_profile("core")
