#include "ledger/ledger_files.h"

#include "base/limits.h"
#include "ledger/checkpoint_file.h"
#include "ledger/offloaded.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"
#include "tlog/lines.h"

#include <algorithm>

namespace sallyport::ledger {

namespace {
constexpr std::string_view segment_end = ".seg", draft_end = ".new";

bool is_segment_name(std::string_view name) {
    if (name.size() <= segment_end.size()) return false;
    const std::string_view digits = name.substr(0, name.size() - segment_end.size());
    const auto first = tlog::read_decimal(digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1)));
    return first && name == segment_name(*first);
}

bool is_checkpoint_name(std::string_view name) {
    if (name == checkpoint_path({}).string() || name == cosigned_path({}).string()) return true;
    for (std::size_t count = 1; count <= limits::witnesses_max; ++count)
        if (name == cosigned_path({}, count).string()) return true;
    return false;
}

bool is_tree_name(std::string_view name) {
    for (unsigned level = 0; level < tree_levels_max; ++level)
        if (name == tree_file({}, level).string()) return true;
    return false;
}

// Both checkpoints of a change of keys, as `ledger key --rotate` keeps them.
bool is_rotation_name(std::string_view name) {
    constexpr std::string_view begin = "rotation-", end = ".checkpoint";
    return name.starts_with(begin) && name.ends_with(end) && name.size() > begin.size() + end.size() &&
           tlog::read_decimal(name.substr(begin.size(), name.size() - begin.size() - end.size())).has_value();
}

// "tree-0.epoch-b3407917", "checkpoint.new", ".offloaded.sallyport-draft": what recover set aside, and what was not finished.
std::string_view without_ending(std::string_view name) {
    constexpr std::string_view aside = ".epoch-", replaced = ".sallyport-draft";
    if (name.starts_with('.') && name.ends_with(replaced)) return name.substr(1, name.size() - 1 - replaced.size());
    if (name.ends_with(draft_end)) return name.substr(0, name.size() - draft_end.size());
    return name.substr(0, name.rfind(aside));
}
} // namespace

LedgerFile kind_of(std::string_view name) {
    if (is_segment_name(name)) return LedgerFile::segment;
    if (is_tree_name(name)) return LedgerFile::tree;
    const std::string_view stem = without_ending(name);
    if (is_segment_name(stem) || is_tree_name(stem) || is_checkpoint_name(stem) || is_rotation_name(stem) ||
        stem == offloaded_list({}).string())
        return LedgerFile::own;
    return name.ends_with(segment_end) ? LedgerFile::odd_segment : LedgerFile::other;
}

Result<std::vector<FoundFile>> list_files(const std::filesystem::path& directory) {
    std::vector<FoundFile> out;
    std::error_code error, ignored;
    for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        out.push_back({name, kind_of(name), it->is_regular_file(ignored)});
    }
    if (error) return fail(ErrorKind::io, "cannot list " + directory.string() + ": " + error.message());
    std::ranges::sort(out, {}, &FoundFile::name);
    return out;
}

} // namespace sallyport::ledger
