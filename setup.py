"""What `pyproject.toml` has no word for: `data/models` is a package of the wheel.

It is called `labelferry_models` there; `corpora/folders.py` looks for it under this name.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(exclude=["tests*", "benchmarks*"]), "labelferry_models"],
    package_dir={"labelferry_models": "data/models"},
)
