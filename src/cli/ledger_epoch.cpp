#include "cli/ledger_epoch.h"

#include "tlog/lines.h"

#include <fmt/format.h>

namespace sallyport::cli {

std::string epoch_text(const std::string& old_log, const std::string& new_log, std::uint64_t kept,
                       const tlog::Checkpoint* last, bool is_all) {
    std::string out = fmt::format("{} goes on as {} with {} entries", old_log, new_log, kept);
    if (last == nullptr) return out + "; it had no checkpoint that could be read";
    out += fmt::format("; its last checkpoint {}was of {} entries, root {}", is_all ? "" : "that is known ", last->size,
                       tlog::hash_text(last->root));
    if (last->size > kept) out += fmt::format("; entries {} to {} are lost", kept, last->size - 1);
    if (!is_all) out += "; what was recorded behind it, if anything was, is lost as well";
    return out;
}

} // namespace sallyport::cli
