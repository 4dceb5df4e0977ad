"""The clients' npm packages, each pinned, in a cache folder of the build tree. Once there, no registry is needed."""

import os
import subprocess
from pathlib import Path

import recipes

# npm's words for "I could not speak to the registry". Anything else that npm complains about is a failure.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ESOCKETTIMEDOUT", "ENETUNREACH",
               "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT", "FETCH_ERROR")
INSTALL_SECONDS_MAX = 900
NPM_OPTIONS = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--fetch-retries=1"]
# What no client needs for these runs.
NO_DOWNLOADS = {"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1", "PUPPETEER_SKIP_DOWNLOAD": "1"}


class Unreachable(Exception):
    """The package registry cannot be reached: the only reason to skip."""


class Failed(Exception):
    """npm is missing or refused: the message says what to do."""


def default_cache(root):
    return Path(os.environ.get("SALLYPORT_CLIENTS_DIR") or root / "build" / "clients").absolute()


def node(cache, say):
    """The folder that holds the node program."""
    return _package(cache, "node", *recipes.NODE, say) / "node_modules" / ".bin"


def client(cache, wanted, say):
    """The client's executable."""
    folder = _package(cache, wanted.name, wanted.package, wanted.version, say)
    return folder / "node_modules" / ".bin" / wanted.command


def _package(cache, name, package, version, say):
    folder = cache / f"{name}-{version}"
    done = folder / "installed"  # written last, so a run that was stopped half-way is repeated
    if done.is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    say(f"installing {package} {version}")
    try:
        npm = subprocess.run(
            ["npm", "install", "--prefix", str(folder), *NPM_OPTIONS, f"{package}@{version}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=INSTALL_SECONDS_MAX,
            env=os.environ | NO_DOWNLOADS)
    except FileNotFoundError:
        raise Failed("npm is not installed; tools/setup clients installs it") from None
    except subprocess.TimeoutExpired:
        raise Unreachable(f"npm had not finished {package} after {INSTALL_SECONDS_MAX} s") from None
    if npm.returncode == 0:
        done.write_text(f"{package}@{version}\n")
        return folder
    reason = next((word for word in UNREACHABLE if word in npm.stderr), None)
    if reason:
        raise Unreachable(f"the package registry cannot be reached ({reason}); {package} {version} is not in {cache}")
    raise Failed(f"npm could not install {package} {version}:\n{npm.stderr.strip()[-2000:]}")
