#include "repo/checkout.h"

#include "repo/git_handles.h"

namespace sallyport::repo {

namespace {

std::string hex(const git_oid* id) {
    char out[GIT_OID_HEXSZ + 1];
    return git_oid_tostr(out, sizeof out, id);
}

std::string root_of(git_repository* repository, CommitHandle commit) {
    if (git_repository_is_shallow(repository) == 1) return {};
    for (std::size_t i = 0; i < root_commits_max; ++i) {
        if (git_commit_parentcount(commit.get()) == 0) return hex(git_commit_id(commit.get()));
        CommitHandle parent;
        if (take(parent, git_commit_parent, commit.get(), 0U) != 0) return {};
        commit = std::move(parent);
    }
    return {};
}

} // namespace

std::string remote_of(git_repository* repository) {
    RemoteHandle remote;
    if (take(remote, git_remote_lookup, repository, "origin") != 0) {
        git_strarray names{};
        if (git_remote_list(&names, repository) != 0) return {};
        if (names.count == 1) take(remote, git_remote_lookup, repository, static_cast<const char*>(names.strings[0]));
        git_strarray_dispose(&names);
    }
    const char* const url = remote ? git_remote_url(remote.get()) : nullptr;
    return url != nullptr ? url : "";
}

Result<Checkout> look_at_checkout(const std::filesystem::path& folder) {
    start_library();
    RepositoryHandle repository;
    if (take(repository, git_repository_open_ext, folder.c_str(), unsigned{GIT_REPOSITORY_OPEN_NO_SEARCH}, nullptr) !=
        0)
        return git_failed(folder.string() + " cannot be opened as a git repository");
    Checkout out;
    out.remote = remote_of(repository.get());
    ReferenceHandle head;
    CommitHandle commit;
    if (take(head, git_repository_head, repository.get()) != 0) return out;
    if (take(commit, git_commit_lookup, repository.get(), git_reference_target(head.get())) != 0) return out;
    out.commit = hex(git_commit_id(commit.get()));
    out.root = root_of(repository.get(), std::move(commit));
    return out;
}

} // namespace sallyport::repo
