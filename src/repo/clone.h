// A bare copy of a repository that lies elsewhere, brought up to date through libgit2: nothing is checked out, nothing of it is run, no
// submodule is followed, no redirect to another host or from https to another scheme (libgit2 follows those within one host), and neither the user's nor the system's configuration, agents and helpers are asked.
#pragma once

#include "base/error.h"
#include "repo/credential.h"
#include "repo/git_url.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace sallyport::repo {

// Zero where it is not known yet.
struct Arrived {
    std::size_t objects = 0, objects_of = 0, bytes = 0;
};
struct CloneOptions {
    Credential credential;       // empty: none
    std::string host_key{};      // of ssh: "SHA256:…", as `ssh-keygen -lf` prints it
    std::uint64_t bytes_max = 0; // on the wire, of one fetch
    // Asked between two pieces of work with what has come so far: why it is to be ended ("nothing came for 120 s"), or empty.
    std::function<std::string(const Arrived&)> why_end = [](const Arrived&) { return std::string(); };
};
struct Cloned {
    bool is_new = false;   // there was none before
    std::size_t bytes = 0; // that came
};

// Where a first clone is until it is whole.
std::filesystem::path partial_clone(const std::filesystem::path& folder);

// All branches of `url` into the bare repository `folder` (made with mode 0700 where there is none); branches that are gone there go here.
// HEAD is what it is there. Where a first clone fails or is ended, nothing of it stays; what a killed one left is taken away by the
// next. One process at a time for one folder.
//
// libgit2 1.5 crashes at some answers of a server (a redirect without a query), so this belongs into a process of its own.
Result<Cloned> bring_clone(const GitUrl& url, const std::filesystem::path& folder, const CloneOptions& options);

} // namespace sallyport::repo
