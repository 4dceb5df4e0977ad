#include "repo/walk.h"

#include "base/limits.h"
#include "base/text.h"
#include "repo/git_handles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <unordered_set>

namespace sallyport::repo {

namespace {

struct IdHash {
    std::size_t operator()(const ObjectId& id) const {
        std::size_t value = 0;
        std::memcpy(&value, id.data(), sizeof value);
        return value;
    }
};

ObjectId id_of(const git_oid* id) {
    ObjectId out{};
    std::memcpy(out.data(), id->id, out.size());
    return out;
}

} // namespace

struct Repository::Inside {
    RepositoryHandle repository;
    std::string name;
};

Repository::Repository(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository::~Repository() = default;

Result<Repository> Repository::open(const std::filesystem::path& path) {
    start_library();
    auto inside = std::make_unique<Inside>();
    inside->name = path.string();
    if (take(inside->repository, git_repository_open_ext, path.c_str(), unsigned{GIT_REPOSITORY_OPEN_NO_SEARCH},
             nullptr) != 0)
        return git_failed(path.string() + " cannot be opened as a git repository");
    if (git_repository_is_shallow(inside->repository.get()) == 1)
        return fail(ErrorKind::invalid,
                    path.string() + " is a shallow clone, so it is not whole; run 'git fetch --unshallow' in it first");
    return Repository(std::move(inside));
}

std::string Repository::remote() const { return remote_of(inside_->repository.get()); }

namespace {

// One walk over some branches.
class Walk {
public:
    Walk(git_repository* repository, const std::string& name, const WalkOptions& options, const OnBlob& on_blob)
        : repository_(repository), name_(name), options_(options), on_blob_(on_blob) {}

    Result<Walked> run() {
        std::vector<git_oid> tips;
        if (auto found = find_tips(tips); !found) return std::unexpected(found.error());
        if (options_.history) {
            if (auto done = every_commit(tips); !done) return std::unexpected(done.error());
        } else {
            for (const git_oid& tip : tips)
                if (auto done = commit(tip); !done) return std::unexpected(done.error());
        }
        walked_.blobs = told_.size();
        return std::move(walked_);
    }

private:
    Result<void> find_tips(std::vector<git_oid>& tips) {
        if (options_.branches.empty()) {
            ReferenceHandle head;
            if (take(head, git_repository_head, repository_) != 0)
                return git_failed(name_ + " has no branch that HEAD names; name one with --branch");
            walked_.branches.emplace_back(git_reference_shorthand(head.get()));
            tips.push_back(*git_reference_target(head.get()));
            return {};
        }
        IteratorHandle branches;
        if (take(branches, git_branch_iterator_new, repository_, GIT_BRANCH_ALL) != 0)
            return git_failed(name_ + ": its branches cannot be listed");
        while (true) {
            git_reference* raw = nullptr;
            git_branch_t type{};
            const int code = git_branch_next(&raw, &type, branches.get());
            if (code == GIT_ITEROVER) break;
            if (code != 0) return git_failed(name_ + ": its branches cannot be listed");
            const ReferenceHandle branch(raw);
            std::string_view name = git_reference_shorthand(raw);
            if (type == GIT_BRANCH_REMOTE) name.remove_prefix(std::min(name.find('/') + 1, name.size()));
            const git_oid* const target = git_reference_target(raw);
            const bool wanted = std::ranges::any_of(
                options_.branches, [&](const std::string& pattern) { return glob_matches(pattern, name); });
            if (target == nullptr || !wanted) continue;
            walked_.branches.emplace_back(git_reference_shorthand(raw));
            tips.push_back(*target);
        }
        if (tips.empty()) return fail(ErrorKind::invalid, name_ + " has no branch that --branch names");
        return {};
    }

    Result<void> every_commit(const std::vector<git_oid>& tips) {
        WalkHandle walk;
        if (take(walk, git_revwalk_new, repository_) != 0) return git_failed(name_ + ": its history cannot be read");
        for (const git_oid& tip : tips)
            if (git_revwalk_push(walk.get(), &tip) != 0) return git_failed(name_ + ": its history cannot be read");
        git_oid id{};
        int code = 0;
        while ((code = git_revwalk_next(&id, walk.get())) == 0)
            if (auto done = commit(id); !done) return done;
        return code == GIT_ITEROVER ? Result<void>() : git_failed(name_ + ": its history cannot be read as a whole");
    }

    Result<void> commit(const git_oid& id) {
        CommitHandle commit;
        TreeHandle root;
        if (take(commit, git_commit_lookup, repository_, &id) != 0 || take(root, git_commit_tree, commit.get()) != 0)
            return git_failed(name_ + ": a commit cannot be read");
        ++walked_.commits;
        std::string path;
        return tree(root.get(), path, 0);
    }

    Result<void> tree(const git_tree* of, std::string& path, std::size_t depth) {
        if (!trees_.insert(path + '\0' + std::string(reinterpret_cast<const char*>(git_tree_id(of)->id), 20)).second)
            return {};
        if (depth > limits::tree_depth_max) {
            ++walked_.left_out["too deep a folder"];
            return {};
        }
        for (std::size_t i = 0; i < git_tree_entrycount(of); ++i) {
            const git_tree_entry* const entry = git_tree_entry_byindex(of, i);
            const std::size_t before = path.size();
            path += git_tree_entry_name(entry);
            Result<void> done;
            const git_filemode_t mode = git_tree_entry_filemode(entry);
            if (path.size() > limits::repository_path_bytes_max) {
                ++walked_.left_out["too long a path"];
            } else if (mode == GIT_FILEMODE_TREE) {
                TreeHandle below;
                if (take(below, git_tree_lookup, repository_, git_tree_entry_id(entry)) != 0)
                    return git_failed(name_ + ": a folder in it cannot be read");
                path += '/';
                done = tree(below.get(), path, depth + 1);
            } else if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE) {
                done = blob(*git_tree_entry_id(entry), path);
            } else {
                ++walked_.left_out[mode == GIT_FILEMODE_LINK ? "symbolic link" : "submodule"];
            }
            path.resize(before);
            if (!done) return done;
        }
        return {};
    }

    Result<void> blob(const git_oid& oid, const std::string& path) {
        if (const std::string_view reason = options_.left_out(path); !reason.empty()) {
            ++walked_.left_out[std::string(reason)];
            return {};
        }
        const ObjectId id = id_of(&oid);
        if (!pairs_.insert(path + '\0' + std::string(reinterpret_cast<const char*>(id.data()), id.size())).second)
            return {};
        git_blob* raw = nullptr;
        bool too_large = false;
        const Read read = [&]() -> Result<std::string_view> {
            if (raw == nullptr && git_blob_lookup(&raw, repository_, &oid) != 0)
                return git_failed(name_ + ": the file " + path + " cannot be read");
            if (git_blob_rawsize(raw) > options_.blob_bytes_max) {
                too_large = true;
                return std::string_view();
            }
            return std::string_view(static_cast<const char*>(git_blob_rawcontent(raw)), git_blob_rawsize(raw));
        };
        auto done = on_blob_(id, path, read);
        git_blob_free(raw);
        if (too_large) ++walked_.left_out["too large"];
        told_.insert(id);
        return done;
    }

    git_repository* repository_;
    const std::string& name_;
    const WalkOptions& options_;
    const OnBlob& on_blob_;
    Walked walked_;
    std::unordered_set<std::string> trees_, pairs_; // with the path at which they were seen
    std::unordered_set<ObjectId, IdHash> told_;
};

} // namespace

Result<Walked> Repository::walk(const WalkOptions& options, const OnBlob& on_blob) const {
    return Walk(inside_->repository.get(), inside_->name, options, on_blob).run();
}

} // namespace sallyport::repo
