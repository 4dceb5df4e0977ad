#include "identity/swap.h"

#include "base/file.h"
#include "identity/private_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace sallyport::identity {

namespace {
namespace fs = std::filesystem;

// In the order of the change. What belongs to a database goes before it: a log must never meet another file.
constexpr std::array leaves = {"state.db-wal", "state.db-shm", "ledger-index.db-wal", "ledger-index.db-shm",
                               "ledger-index.db"};
constexpr std::array takes_place = {"state.db", "ledger", "bodies", "policies", "handover"};
constexpr std::array written_over = {"origin", "ledger-keys",
                                     "ledger.key"}; // what is new of them has all that the old had

bool is_mark(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Result<void> sync(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    return synced ? Result<void>() : fail_errno("cannot sync " + folder.string());
}

class Swap {
public:
    Swap(const fs::path& directory, std::string mark, std::vector<std::string> names, std::size_t steps_max)
        : directory_(directory), prepared_(prepared_directory(directory)),
          replaced_(replaced_directory(directory, mark)), names_(std::move(names)), steps_left_(steps_max) {}

    // Each change is made once: a name that has come is not in the prepared directory any more, one that went is in the other.
    Result<void> run() {
        if (::mkdir(replaced_.c_str(), private_directory) != 0 && errno != EEXIST)
            return fail_errno("cannot create " + replaced_.string());
        for (const char* name : leaves)
            if (auto gone = put_away(name); !gone) return gone;
        for (const char* name : takes_place) {
            if (!is_prepared(name)) continue;
            if (auto gone = put_away(name); !gone) return gone;
            if (auto come = move(prepared_ / name, directory_ / name); !come) return come;
        }
        for (const char* name : written_over)
            if (is_prepared(name))
                if (auto come = move(prepared_ / name, directory_ / name); !come) return come;
        for (const fs::path& folder : {prepared_, replaced_, directory_})
            if (auto synced = sync(folder); !synced) return synced;
        if (steps_left_ == 0) return stopped();
        if (::unlink((directory_ / "restoring").c_str()) != 0)
            return fail_errno("cannot remove " + (directory_ / "restoring").string());
        if (auto synced = sync(directory_); !synced) return synced;
        std::error_code ignored;
        fs::remove_all(prepared_, ignored);
        return {};
    }

private:
    bool is_prepared(std::string_view name) const {
        std::error_code code;
        return std::ranges::find(names_, name) != names_.end() && fs::exists(prepared_ / name, code);
    }
    Result<void> put_away(const fs::path& name) {
        std::error_code code;
        if (!fs::exists(directory_ / name, code) || fs::exists(replaced_ / name, code)) return {};
        return move(directory_ / name, replaced_ / name);
    }
    Result<void> move(const fs::path& from, const fs::path& to) {
        if (steps_left_ == 0) return stopped();
        --steps_left_;
        if (::rename(from.c_str(), to.c_str()) != 0)
            return fail_errno("cannot move " + from.string() + " to " + to.string());
        return {};
    }
    static Result<void> stopped() { return fail(ErrorKind::cancelled, "the change was stopped by a test"); }

    const fs::path& directory_;
    const fs::path prepared_, replaced_;
    const std::vector<std::string> names_;
    std::size_t steps_left_;
};
} // namespace

fs::path prepared_directory(const fs::path& directory) { return directory / "restore.new"; }
fs::path replaced_directory(const fs::path& directory, const std::string& mark) {
    return directory / ("replaced-" + mark);
}

// journal = mark LF (name LF)*
Result<void> swap_in(const fs::path& directory, const std::string& mark) {
    const auto setup = lock_file(directory / "setup.lock", LOCK_EX, "gateway");
    if (!setup) return std::unexpected(setup.error());
    const auto swapped = [&]() -> Result<void> {
        std::string journal = mark + "\n";
        std::error_code code;
        for (const char* name : takes_place)
            if (fs::exists(prepared_directory(directory) / name, code)) journal += std::string(name) + "\n";
        for (const char* name : written_over)
            if (fs::exists(prepared_directory(directory) / name, code)) journal += std::string(name) + "\n";
        if (auto written = replace_file(directory / "restoring", journal, private_file); !written) return written;
        return finish_swap(directory);
    }();
    ::close(*setup);
    return swapped;
}

Result<void> finish_swap(const fs::path& directory, std::size_t steps_max) {
    const auto file = directory / "restoring";
    std::error_code code;
    if (!fs::exists(file, code)) return {};
    const auto text = read_file(file, 4'096);
    if (!text) return std::unexpected(text.error());
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text->size();) {
        const std::size_t end = std::min(text->find('\n', at), text->size());
        lines.push_back(text->substr(at, end - at));
        at = end + 1;
    }
    if (lines.empty() || !is_mark(lines.front()))
        return fail(ErrorKind::invalid, file.string() + " does not say what a restore was doing; restore again from "
                                                        "the backup after moving it away");
    std::string mark = std::move(lines.front());
    lines.erase(lines.begin());
    return Swap(directory, std::move(mark), std::move(lines), steps_max).run();
}

} // namespace sallyport::identity
