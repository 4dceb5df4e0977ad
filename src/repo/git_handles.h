// libgit2's objects with an owner each, and its start. Only the .cpp files of this folder include this.
#pragma once

#include "base/error.h"

#include <git2.h>
#include <memory>
#include <string>

namespace sallyport::repo {

template <auto free_it> struct Free {
    void operator()(auto* one) const { free_it(one); }
};
using RepositoryHandle = std::unique_ptr<git_repository, Free<git_repository_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, Free<git_reference_free>>;
using IteratorHandle = std::unique_ptr<git_branch_iterator, Free<git_branch_iterator_free>>;
using CommitHandle = std::unique_ptr<git_commit, Free<git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, Free<git_tree_free>>;
using WalkHandle = std::unique_ptr<git_revwalk, Free<git_revwalk_free>>;
using RemoteHandle = std::unique_ptr<git_remote, Free<git_remote_free>>;

// Once a process. Owners of repositories may be others than whoever indexes them (a server's bare ones): libgit2 asks about that because
// of what git would run from a repository's configuration, and nothing of it is run here. Configuration of the system and of the user
// is not read: it could lead a clone elsewhere.
void start_library();

// The address of the remote `origin`, else of the only remote; empty where there is none. (checkout.cpp)
std::string remote_of(git_repository* repository);

// What libgit2 says of its last failure, behind `what`.
std::unexpected<Error> git_failed(const std::string& what);

template <class Handle, class Call, class... Arguments> int take(Handle& into, Call call, Arguments... arguments) {
    typename Handle::pointer raw = nullptr;
    const int code = call(&raw, arguments...);
    into.reset(raw);
    return code;
}

} // namespace sallyport::repo
