"""The checks. Each takes the root of a source tree and returns its violations, one sentence each; none means clean."""

import os
import re
import subprocess
from pathlib import Path

import tables

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CPP = (".h", ".cpp")


def text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def files(root):
    """What git tracks or would track, relative to the root; without git everything but build/."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True).stdout.decode().split("\0")
        names = [Path(name) for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, found in os.walk(root):
            folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
            names += [Path(folder, name).relative_to(root) for name in found]
    return sorted(name for name in names if (root / name).is_file() and not (root / name).is_symlink())


def sources(root):
    """(folder, path) of each C++ file below src/<folder>/."""
    return [(name.parts[1], name) for name in files(root)
            if name.parts[0] == "src" and len(name.parts) > 2 and name.suffix in CPP]


def folders(root):
    return sorted({name.parts[1] for name in files(root) if name.parts[0] == "src" and len(name.parts) > 2})


def arrow_problem(here, there):
    """Why `here` may not depend on `there`, or None."""
    if here == there:
        return None
    if (here, there) in tables.JOINED_BY_CLI or (there, here) in tables.JOINED_BY_CLI:
        return f"only cli/ joins {here}/ and {there}/"
    if tables.LAYERS.index(there) > tables.LAYERS.index(here):
        return f"{there}/ stands below {here}/; arrows point up only"
    return None


def ours(root, folder, quote, header):
    """Which of our folders an include names, or None if it is not ours."""
    first = header.split("/")[0]
    if "/" in header and first in tables.LAYERS and (quote == '"' or (root / "src" / header).is_file()):
        return first
    if quote == '"' and not header.startswith(".") and (root / "src" / folder / header).is_file():
        return folder
    return None


def includes(root):
    """(folder, file, line, quote, header) of every include below src/."""
    for folder, name in sources(root):
        content = text(root / name)
        for match in INCLUDE.finditer(content):
            yield folder, name, content.count("\n", 0, match.start(2)) + 1, match[1], match[2]


def include_direction(root):
    """Includes between our folders point up the list."""
    found = [f"src/{folder}: not a folder of the house (LAYERS in test/tidy/tables.py)"
             for folder in folders(root) if folder not in tables.LAYERS]
    for folder, name, line, quote, header in includes(root):
        there = ours(root, folder, quote, header)
        if there is None or folder not in tables.LAYERS:
            continue
        problem = arrow_problem(folder, there)
        if problem:
            found.append(f'{name}:{line}: includes "{header}": {problem}')
    return found


def third_party(root):
    """Each third-party header is included where the table says; unknown ones nowhere."""
    found = []
    for folder, name, line, quote, header in includes(root):
        if ours(root, folder, quote, header):
            continue
        if quote == '"' and header.startswith("."):
            found.append(f'{name}:{line}: includes "{header}": write it from src/, as "folder/file.h"')
            continue
        if (header in tables.SYSTEM_HEADERS or header.startswith(tables.SYSTEM_FOLDERS)
                or header.endswith(tables.SYSTEM_ENDINGS) or not re.search(r"[./]", header)):
            continue
        allowed = next((where for start, where in tables.THIRD_PARTY.items() if header.startswith(start)), None)
        if allowed is None:
            found.append(f"{name}:{line}: includes {header}, which is neither ours nor in THIRD_PARTY of "
                         "test/tidy/tables.py")
        elif not (folder in allowed or tables.ANYWHERE in allowed
                  or any(name.match(pattern) for pattern in allowed if "*" in pattern)):
            found.append(f"{name}:{line}: includes {header}, which belongs in {', '.join(allowed)} only")
    return found


def linked(root, folder):
    """The folders of ours that src/<folder>/CMakeLists.txt links, by whatever prefix their targets carry."""
    code = re.sub(r"#[^\n]*", "", text(root / "src" / folder / "CMakeLists.txt"))
    words = []
    for call in re.findall(r"\b(?:target_link_libraries|sallyport_\w+)\s*\(([^)]*)\)", code):
        words += re.findall(r"[\w:]+", call)
    names = {re.sub(r"^sallyport(?:::|_)", "", word) for word in words}
    return names & set(tables.LAYERS) - {folder}


def links(root):
    """Each folder's CMakeLists.txt links every folder it includes, and only folders above it."""
    found = []
    used = {folder: {} for folder in folders(root) if folder in tables.LAYERS}
    for folder, name, line, quote, header in includes(root):
        there = ours(root, folder, quote, header)
        if folder in used and there and there != folder:
            used[folder].setdefault(there, f"{name}:{line}")
    for folder, needs in used.items():
        if not (root / "src" / folder / "CMakeLists.txt").is_file():
            found.append(f"src/{folder}: has no CMakeLists.txt")
            continue
        arrows = linked(root, folder)
        for there in sorted(arrows):
            problem = arrow_problem(folder, there)
            if problem:
                found.append(f"src/{folder}/CMakeLists.txt: links {there}: {problem}")
        for there in sorted(needs.keys() - arrows):
            found.append(f"src/{folder}/CMakeLists.txt: does not link {there}, which {needs[there]} includes")
    return found


def line_counts(root):
    for name in files(root):
        if name.suffix in tables.SOURCES:
            yield name, text(root / name).count("\n")


def file_sizes(root):
    """Nothing beyond the limit without its reason in the header comment."""
    return [f"{name}: {count} lines, more than {tables.LINES_MAX}, and its header comment has no 'Long because:'"
            for name, count in line_counts(root)
            if count > tables.LINES_MAX and "Long because:" not in "".join(text(root / name).splitlines(True)[:30])]


def file_size_warnings(root):
    return [f"{name}: {count} lines; what second thing lives there?"
            for name, count in line_counts(root) if tables.LINES_WARNED < count <= tables.LINES_MAX]


def readmes(root):
    """Each folder of src/ has a short README.md."""
    found = []
    for folder in folders(root):
        readme = root / "src" / folder / "README.md"
        if not readme.is_file():
            found.append(f"src/{folder}: has no README.md")
        elif (count := len(text(readme).splitlines())) > tables.README_LINES_MAX:
            found.append(f"src/{folder}/README.md: {count} lines, more than {tables.README_LINES_MAX}")
        elif not text(readme).strip():
            found.append(f"src/{folder}/README.md: is empty")
    return found


def forbidden_text(root):
    """No path of one machine, no unfinished mark, no registry host, in any tracked file."""
    patterns = [(what, re.compile(pattern)) for what, pattern in tables.FORBIDDEN]
    found = []
    for name in files(root):
        content = text(root / name)
        for what, pattern in patterns:
            for match in pattern.finditer(content):
                line = content.count("\n", 0, match.start()) + 1
                found.append(f"{name}:{line}: holds {what}: {match[0]}")
    return found


def fuzz_corpora(root):
    """Each fuzz target has a corpus, and each corpus a target."""
    fuzz = root / "test" / "fuzz"
    targets = {path.stem.removeprefix("fuzz_") for path in fuzz.glob("fuzz_*.cpp")}
    corpora = {path.name for path in (fuzz / "corpus").glob("*") if path.is_dir()}
    found = [f"test/fuzz/corpus/{name}: has no target test/fuzz/fuzz_{name}.cpp" for name in sorted(corpora - targets)]
    for name in sorted(targets):
        inputs = [path for path in (fuzz / "corpus" / name).glob("*") if path.is_file()]
        if not any(path.stat().st_size for path in inputs):
            found.append(f"test/fuzz/fuzz_{name}.cpp: its corpus test/fuzz/corpus/{name} is missing or empty")
    return found


def dependencies_told(root):
    """Each package that tools/setup installs is explained in docs/dependencies.md, and none that it does not."""
    setup, told = root / "tools" / "setup", root / "docs" / "dependencies.md"
    installed = set(re.findall(r"^(?:base|bench|clients) +([\w.+-]+) ", text(setup), re.M)) if setup.is_file() else set()
    explained = set()
    for row in re.findall(r"^\| *(`[^|]*) *\|", text(told), re.M) if told.is_file() else []:
        explained |= set(re.findall(r"`([^`]+)`", row))
    return [f"tools/setup: installs {name}, which docs/dependencies.md does not explain"
            for name in sorted(installed - explained)] + \
           [f"docs/dependencies.md: explains {name}, which tools/setup does not install"
            for name in sorted(explained - installed)]


ALL = (include_direction, third_party, links, file_sizes, readmes, forbidden_text, fuzz_corpora, dependencies_told)
