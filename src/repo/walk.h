// The content of a git repository, blob by blob, through libgit2: objects are read, nothing of the repository is run (no hooks, no filters,
// no submodules). What cannot be read as a whole is an error, so that nothing is taken for whole that is not.
#pragma once

#include "base/error.h"
#include "repo/left_out.h"

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::repo {

using ObjectId = std::array<unsigned char, 20>;

// Why a file is left out by its path, as left_out_by_path() says it; empty: it is told.
using LeftOut = std::string_view (*)(std::string_view path);

struct WalkOptions {
    std::vector<std::string>
        branches;         // patterns ("main", "release/*") of local and remote branches; none: what HEAD names
    bool history = false; // every blob that a branch ever held
    std::uint64_t blob_bytes_max = 4u << 20;
    LeftOut left_out = left_out_by_path;
};

struct Walked {
    std::vector<std::string> branches;
    std::size_t commits = 0, blobs = 0;          // distinct ones that were told
    std::map<std::string, std::size_t> left_out; // reason -> paths
};

// A blob under one of its paths: each pair of blob and path once. `content` reads it, for whoever needs it.
using Read = std::function<Result<std::string_view>()>;
using OnBlob = std::function<Result<void>(const ObjectId& id, std::string_view path, const Read& content)>;

class Repository {
public:
    // A working copy, or a bare repository.
    static Result<Repository> open(const std::filesystem::path& path);
    Repository(Repository&&) noexcept;
    ~Repository();

    // Of the remote `origin`, else of the only remote; empty where there is none. As it is written, credentials and all.
    std::string remote() const;
    Result<Walked> walk(const WalkOptions& options, const OnBlob& on_blob) const;

private:
    struct Inside;
    explicit Repository(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

} // namespace sallyport::repo
