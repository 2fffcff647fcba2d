"""ganbench: which GAN is better, on what evidence?"""

from importlib.metadata import version

__version__ = version("ganbench")
